"""Secrets of endpoints at rest. Signing needs them in clear; whoever has a copy of the database should not."""

from base64 import urlsafe_b64encode
from functools import lru_cache

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


def secret_encrypt(secret: str) -> bytes:
    return _box(settings.WEBHOOK_KEY).encrypt(secret.encode())


def secret_decrypt(encrypted: bytes) -> str:
    """Errors: cryptography.fernet.InvalidToken when the key of this installation has changed."""
    return _box(settings.WEBHOOK_KEY).decrypt(encrypted).decode()


@lru_cache(maxsize=4)
def _box(key: str) -> Fernet:
    derived = HKDF(SHA256(), length=32, salt=None, info=b"sentinelstream webhook secrets").derive(key.encode())
    return Fernet(urlsafe_b64encode(derived))
