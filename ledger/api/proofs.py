"""The proof that a payment is sealed, for whoever wants to check it without asking us."""

from typing import Any, Literal

from drf_spectacular.utils import extend_schema
from pydantic import BaseModel, Field
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.transactions import payment_of
from ledger.domain.receipts import rfc3339
from ledger.errors import NotSealed, NotSealedYet
from ledger.services.seal.proving import KIND, Proof, proof_of
from sentinel.api.documentation import problems
from sentinel.api.views import ApiView, client_of


class LeafOut(BaseModel):
    kind: str
    content: str = Field(description="What was sealed of the payment: a JSON array, as text.")


class NeighbourOut(BaseModel):
    side: Literal["left", "right"]
    hash: str


class BlockOut(BaseModel):
    number: int
    leaves: int
    root: str
    previous: str = Field(description="The head of the block before.")
    head: str
    sealed_at: str
    is_late: bool
    signature: str
    key: str = Field(description="Names the key that signed: the first 16 digits of its SHA-256.")


class ProofOut(BaseModel):
    """Hashes in hexadecimal digits, the signature in base64."""

    transaction_id: str
    leaf: LeafOut
    position: int
    path: list[NeighbourOut]
    block: BlockOut


class ProofView(ApiView):
    scopes = {"GET": "transactions:read"}

    @extend_schema(
        operation_id="transaction_proof",
        summary="Prove that a transaction is sealed",
        responses={200: ProofOut, **problems(404, 409)},
        tags=["transactions"],
    )
    def get(self, request: Request, transaction_id: str) -> Response:
        """All that recomputes the head of the block the payment lies in. `docs/verify_proof.py` does so offline."""
        payment = payment_of(client_of(request), transaction_id)
        if (proof := proof_of(payment.pk)) is None:
            raise NotSealedYet(retry_after_seconds=1) if payment.livemode else NotSealed()
        return Response({"transaction_id": payment.public_id, **_shown(proof)})


def _shown(proof: Proof) -> dict[str, Any]:
    block = proof.block
    return {
        "leaf": {"kind": KIND, "content": proof.content},
        "position": proof.position,
        "path": [{"side": side, "hash": neighbour.hex()} for side, neighbour in proof.path],
        "block": {
            "number": block.number,
            "leaves": block.leaves,
            "root": bytes(block.root).hex(),
            "previous": bytes(block.previous).hex(),
            "head": bytes(block.head).hex(),
            "sealed_at": rfc3339(block.sealed_at),
            "is_late": block.is_late,
            "signature": proof.signature,
            "key": proof.key,
        },
    }
