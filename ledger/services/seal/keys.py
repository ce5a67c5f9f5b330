"""The key that signs the heads of blocks: made at the first use, readable by its owner alone."""

import os
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
    """Errors: SealKeyBroken."""
    path = Path(settings.SEAL_DIR) / "signing_key.pem"
    if not path.exists():
        _make(path)
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise SealKeyBroken(f"{path.name} is not an Ed25519 key.")
    return key


def public_key() -> Ed25519PublicKey:
    """Errors: SealKeyBroken."""
    path = Path(settings.SEAL_DIR) / "public_key.pem"
    if not path.exists():
        return signing_key().public_key()
    key = serialization.load_pem_public_key(path.read_bytes())
    if not isinstance(key, Ed25519PublicKey):
        raise SealKeyBroken(f"{path.name} is not an Ed25519 key.")
    return key


def key_name(key: Ed25519PublicKey) -> str:
    """Short, to tell keys apart."""
    return sha256(key.public_bytes_raw()).hexdigest()[:16]


def _make(path: Path) -> None:
    """Two processes may want to at once: whoever links its file first wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    key = Ed25519PrivateKey.generate()
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    draft = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(private)
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()
    public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    path.with_name("public_key.pem").write_bytes(public)
