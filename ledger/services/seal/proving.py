"""The proof that a payment lies in a block of the seal: all that is needed to recompute the block's head."""

from base64 import b64encode
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction

from ledger.domain.seal import inclusion_path
from ledger.models import SealBlock, SealLeaf
from ledger.services.seal.keys import key_name, public_key
from ledger.services.seal.kinds import sealed_kind

KIND = "transaction"


@dataclass(frozen=True, slots=True)
class Proof:
    """`content` is what was sealed of the row, `path` leads from its hash to the root of `block`."""

    content: str
    position: int
    path: list[tuple[str, bytes]]
    block: SealBlock
    signature: str
    key: str


def proof_of(transaction_id: UUID) -> Proof | None:
    """None while the payment is in no block."""
    leaf = SealLeaf.objects.filter(row_id=transaction_id, kind=KIND).first()
    if leaf is None:
        return None
    block = SealBlock.objects.get(pk=leaf.block_id)
    digests = SealLeaf.objects.filter(block_id=block.pk).order_by("position").values_list("digest", flat=True)
    return Proof(
        content=_content(transaction_id),
        position=leaf.position,
        path=inclusion_path([bytes(digest) for digest in digests], leaf.position),
        block=block,
        signature=b64encode(block.signature).decode(),
        key=key_name(public_key()),
    )


@transaction.atomic
def _content(transaction_id: UUID) -> str:
    kind = sealed_kind(KIND)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL TimeZone = 'UTC'")
        cursor.execute(f"SELECT {kind.content} FROM {kind.source} WHERE r.id = %s", [transaction_id])  # noqa: S608
        return str(cursor.fetchone()[0])
