"""The key that signs the heads of blocks: made by the process that seals, readable by its owner alone.

Others need the public key only, which lies beside the heads: with a folder of its own for the signing key, whoever
reads proofs out cannot sign.
"""

import os
import threading
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings


class SealKeyBroken(Exception):
    """A file in the seal's folder is not the key it should be."""


def signed_bytes(block: int, head: bytes) -> bytes:
    """What a signature is made over."""
    return f"sentinelstream block {block} {head.hex()}".encode()


def signing_key() -> Ed25519PrivateKey:
    """Made at the first use. Errors: SealKeyBroken."""
    path = Path(settings.SEAL_KEY_DIR or settings.SEAL_DIR) / "signing_key.pem"
    if not path.exists():
        _make(path)
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise SealKeyBroken(f"{path.name} is not an Ed25519 key.")
    if not _public_path().exists():
        _publish(key.public_key())
    return key


def public_key() -> Ed25519PublicKey:
    """Errors: SealKeyBroken."""
    path = _public_path()
    if not path.exists():
        raise SealKeyBroken(f"{path.name} is missing: `manage.py seal_ledger` writes it.")
    key = serialization.load_pem_public_key(path.read_bytes())
    if not isinstance(key, Ed25519PublicKey):
        raise SealKeyBroken(f"{path.name} is not an Ed25519 key.")
    return key


def key_name(key: Ed25519PublicKey) -> str:
    """Short, to tell keys apart."""
    return sha256(key.public_bytes_raw()).hexdigest()[:16]


def _public_path() -> Path:
    return Path(settings.SEAL_DIR) / "public_key.pem"


def _make(path: Path) -> None:
    """Two processes may want to at once: whoever links its file first wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    private = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    draft = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(private)
    try:
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()


def _publish(key: Ed25519PublicKey) -> None:
    path = _public_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    draft = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
    draft.write_bytes(pem)
    draft.replace(path)
