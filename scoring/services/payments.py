"""Payments on their way to a decision, and the answers that earlier requests with the same key have left."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import orjson

from ledger.domain.payments import PaymentRequest
from ledger.domain.receipts import without_explanation
from ledger.errors import KeyReused
from ledger.selectors.hot import StoredKey
from sentinel.core.clients import ClientIdentity
from sentinel.core.errors import SentinelError
from sentinel.core.values import value

OPERATION = "payment"
_REUSED = "Send the first request again unchanged, or use a new key for a new request."

Identity = tuple[UUID, str]


@value
class Payment:
    """A valid request with who sent it and under which key. `fingerprint` tells one request from another."""

    client: ClientIdentity
    key: str
    fingerprint: bytes
    request: PaymentRequest

    @property
    def identity(self) -> Identity:
        return self.client.client_id, self.key


@value
class Answer:
    """The receipt as stored. `replayed` when it was written by an earlier request with the same key."""

    receipt: bytes
    replayed: bool = False


Result = Answer | SentinelError
Results = list[Result | None]


def replay(payment: Payment, stored: StoredKey) -> Result:
    """The stored receipt, or a refusal when the key was used for something else."""
    if stored.operation != OPERATION or stored.fingerprint != payment.fingerprint or stored.receipt is None:
        return KeyReused(_REUSED)
    return Answer(_visible(payment.client, stored.receipt), replayed=True)


def _visible(client: ClientIdentity, receipt: bytes) -> bytes:
    """The stored bytes; without the explanation when the client has lost the scope for it since."""
    if client.may("decisions:explain") or b'"reasons":' not in receipt:
        return receipt
    return orjson.dumps(without_explanation(orjson.loads(receipt)))


def answer_twins(payments: Sequence[Payment], results: Results) -> None:
    """The same key twice in one group: the second request gets the first one's answer."""
    first_places: dict[Identity, int] = {}
    for place, payment in enumerate(payments):
        first = first_places.setdefault(payment.identity, place)
        if results[place] is None:
            same = payments[first].fingerprint == payment.fingerprint
            results[place] = _as_replay(results[first]) if same else KeyReused(_REUSED)


def _as_replay(result: Result | None) -> Result | None:
    return replace(result, replayed=True) if isinstance(result, Answer) else result
