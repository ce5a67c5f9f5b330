"""Which approved payments are looked at although nobody suspects them. By a keyed hash, so that nobody can tell which
before, and anybody with the key which were after; a larger share holds all payments of a smaller one.
"""

from hashlib import blake2b
from uuid import UUID

_HASH_BYTES = 8


def is_sampled(transaction_id: UUID, *, key: bytes, per_mille: int) -> bool:
    digest = blake2b(transaction_id.bytes, key=key, digest_size=_HASH_BYTES).digest()
    return int.from_bytes(digest) * 1000 < per_mille << (8 * _HASH_BYTES)
