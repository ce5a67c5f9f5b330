"""Signatures by the Standard Webhooks specification 1.0.0: HMAC-SHA256 over `id.timestamp.body`."""

import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Sequence

PREFIX = "whsec_"
SECRET_BYTES = 32  # the specification asks for 24 to 64


def secret_make() -> str:
    return PREFIX + b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signature(secret: str, event_id: str, unix_seconds: int, body: str) -> str:
    """One signature, as `v1,` and base64."""
    key = b64decode(secret.removeprefix(PREFIX))
    digest = hmac.new(key, f"{event_id}.{unix_seconds}.{body}".encode(), hashlib.sha256).digest()
    return f"v1,{b64encode(digest).decode()}"


def signature_headers(event_id: str, unix_seconds: int, body: str, secrets: Sequence[str]) -> dict[str, str]:
    """The three headers of one try; `unix_seconds` is the moment of the try. Each secret signs, newest first."""
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(unix_seconds),
        "webhook-signature": " ".join(signature(secret, event_id, unix_seconds, body) for secret in secrets),
    }
