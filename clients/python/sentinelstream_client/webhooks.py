"""Is it really from the bank? Signatures by the Standard Webhooks specification 1.0.0."""

import hashlib
import hmac
import json
import time
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping
from typing import cast

from sentinelstream_client.errors import BadSignature
from sentinelstream_client.shapes import Event

TOLERANCE_SECONDS = 300


def webhook_event(body: bytes, headers: Mapping[str, str], *secrets: str, now: float | None = None) -> Event:
    """The event in a delivery, verified byte for byte. Give both secrets while one is rotated.

    Errors: BadSignature when none fits, a header is missing, or it was signed more than five minutes from `now`.
    """
    given = {name.lower(): value for name, value in headers.items()}
    try:
        event_id, seconds = given["webhook-id"], int(given["webhook-timestamp"])
        signatures = given["webhook-signature"].split()
    except (KeyError, ValueError):
        raise BadSignature("The headers webhook-id, webhook-timestamp and webhook-signature are needed.") from None
    if abs((time.time() if now is None else now) - seconds) > TOLERANCE_SECONDS:
        raise BadSignature("It was signed more than five minutes ago, or this clock is wrong.")
    signed = f"{event_id}.{seconds}.".encode() + body
    if not any(_fits(secret, signed, signatures) for secret in secrets):
        raise BadSignature("No signature fits this body.")
    return cast(Event, json.loads(body))


def _fits(secret: str, signed: bytes, signatures: list[str]) -> bool:
    try:
        key = b64decode(secret.removeprefix("whsec_"), validate=True)
    except NotBase64:
        raise ValueError("A secret looks like whsec_ and base64.") from None
    expected = b"v1," + b64encode(hmac.new(key, signed, hashlib.sha256).digest())
    return any(hmac.compare_digest(expected, one.encode()) for one in signatures)
