"""Secrets at rest. Whoever uses them needs them in clear; whoever has a copy of the database should not.

The first of the keys encrypts, and all of them decrypt, so a key is changed without a stop: put the new one first,
run `reencrypt_secrets`, take the old one away.
"""

from base64 import urlsafe_b64encode
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

# What is kept. Each has keys of its own, derived from those of the settings, so that none opens the other's.
WEBHOOK_SECRETS = "webhook secrets"
SECOND_FACTORS = "second factors"


def secret_encrypt(secret: str, *, purpose: str) -> bytes:
    return _boxes(tuple(settings.ENCRYPTION_KEYS), purpose).encrypt(secret.encode())


def secret_decrypt(encrypted: bytes, *, purpose: str) -> str:
    """Errors: cryptography.fernet.InvalidToken when none of the keys of this installation opens it."""
    return _boxes(tuple(settings.ENCRYPTION_KEYS), purpose).decrypt(encrypted).decode()


def secret_is_current(encrypted: bytes, *, purpose: str) -> bool:
    """Whether the first key opens it, so that the others are not needed for it."""
    try:
        _boxes(tuple(settings.ENCRYPTION_KEYS[:1]), purpose).decrypt(encrypted)
    except InvalidToken:
        return False
    return True


@lru_cache(maxsize=16)
def _boxes(keys: tuple[str, ...], purpose: str) -> MultiFernet:
    return MultiFernet([_box(key, purpose) for key in keys])


def _box(key: str, purpose: str) -> Fernet:
    info = f"sentinelstream {purpose}".encode()
    return Fernet(urlsafe_b64encode(HKDF(SHA256(), length=32, salt=None, info=info).derive(key.encode())))
