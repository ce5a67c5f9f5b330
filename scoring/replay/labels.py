"""Labels of a replayed file, sent as the acquirer would have: a chargeback at the moment it became known."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import httpx

from scoring.replay.calling import ReplayStopped, ask, code_of, complaint, is_unknown
from scoring.replay.results import LOST, Result
from scoring.replay.schedule import DueLabel
from scoring.replay.translation import Translation

SENT, SENT_BEFORE, LEFT_OUT = "sent", "recorded before", "left out, since their payments were not recorded"
_REPEATED = "label_repeated"


@dataclass(slots=True)
class LabelSender:
    """The service tells Redis of a label before it answers, so payments sent afterwards know it."""

    translation: Translation
    labelled: Collection[str]  # the transactions of the file that labels will come for
    counts: Counter[str] = field(default_factory=Counter)
    _payment_ids: dict[str, str] = field(default_factory=dict)

    def note(self, result: Result) -> None:
        """Remember under which id the service recorded a payment."""
        if result.receipt and result.transaction_id in self.labelled:
            self._payment_ids[result.transaction_id] = result.receipt.id

    async def send(self, client: httpx.AsyncClient, labels: Iterable[DueLabel]) -> None:
        """One after the other, in their order. Errors: ReplayStopped when the client may not send labels."""
        for label in labels:
            self.counts[await self._send(client, label)] += 1

    async def _send(self, client: httpx.AsyncClient, label: DueLabel) -> str:
        payment_id = self._payment_ids.get(label.transaction_id)
        if payment_id is None:
            return LEFT_OUT
        body, key = self.translation.label(label, payment_id), self.translation.label_key(label)
        response, _ = await ask(client, "POST", "/api/v1/labels", body, key)
        if response is None or is_unknown(response):
            return LOST
        if response.status_code in {401, 403}:
            raise ReplayStopped(f"Labels are refused: {complaint(response)}")
        if response.is_success:
            return SENT_BEFORE if response.headers.get("Idempotent-Replayed") == "true" else SENT
        return SENT_BEFORE if code_of(response) == _REPEATED else f"refused: {code_of(response)}"
