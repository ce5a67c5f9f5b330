"""One method for each operation. Each is tried again, under its own key, until it is known what became of it."""

import time
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from types import TracebackType
from typing import Any, Literal, Self, cast
from uuid import uuid4

import httpx

from sentinelstream_client.errors import OutcomeUnknown, Problem
from sentinelstream_client.retries import TRIES, chance, is_worth_another_try, wait_seconds
from sentinelstream_client.shapes import (
    Amount,
    Balance,
    Event,
    ExternalPrediction,
    MobilePayment,
    Payment,
    Receipt,
    ScoredPayment,
)

_AMOUNTS = frozenset({"amount", "oldbalanceOrg", "newbalanceOrig", "oldbalanceDest", "newbalanceDest"})


class SentinelStream:
    """Safe to share between threads. Close it, or use it in a `with` block.

    `timeout_seconds` is that of one try. Errors of all operations: Problem, OutcomeUnknown.
    """

    def __init__(self, base_url: str, *, api_key: str, timeout_seconds: float = 10.0, tries: int = TRIES) -> None:
        self._tries = tries
        self._http = httpx.Client(
            base_url=f"{base_url.rstrip('/')}/api/v1/", headers={"X-API-Key": api_key}, timeout=timeout_seconds
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def pay(self, payment: Payment, *, key: str | None = None) -> Receipt:
        """Decides and records it. A decline is an answer, not an error."""
        return cast(Receipt, self._post("transactions", _payment(payment), key))

    def pay_many(self, payments: Mapping[str, Payment]) -> dict[str, Receipt | Problem]:
        """Up to a thousand, each under its own key; what came of each by its key. A bad one fails alone."""
        items = [{"idempotency_key": key, **_payment(payment)} for key, payment in payments.items()]
        results = self._post("transactions/bulk", {"transactions": items}, None, has_key=False)["results"]
        return {
            key: one["receipt"] if one["status"] == 201 else Problem(one["status"], one["problem"])
            for key, one in zip(payments, results, strict=True)
        }

    def score(self, payments: Sequence[Payment | MobilePayment]) -> list[ScoredPayment]:
        """What would be decided of up to a thousand, of either shape; nothing is recorded in the ledger."""
        items = [_payment(payment) for payment in payments]
        answer = self._post("score", {"items": items}, None, has_key=False)
        return cast(list[ScoredPayment], answer["results"])

    def store_predictions(
        self, predictions: Sequence[ExternalPrediction], *, key: str | None = None
    ) -> list[dict[str, str]]:
        """Keeps up to a thousand scores made elsewhere, all or none, to be compared; they decide nothing."""
        items = [_payment(prediction) for prediction in predictions]
        return cast(list[dict[str, str]], self._post("predictions", {"items": items}, key)["results"])

    def transaction(self, transaction_id: str) -> Receipt:
        """The receipt, with what became of it since under `current`."""
        return cast(Receipt, self._send("GET", f"transactions/{transaction_id}"))

    def transactions(self, **filters: str) -> Iterator[Receipt]:
        """All that fit, newest first, page by page: account_id, idempotency_key, reference, outcome."""
        page = self._send("GET", "transactions", params=filters)
        yield from page["results"]
        while page["next"]:
            page = self._send("GET", page["next"])
            yield from page["results"]

    def reverse(
        self, transaction_id: str, *, amount: Amount | None = None, reason: str = "", key: str | None = None
    ) -> dict[str, Any]:
        """Gives money back: all that is left, or a part."""
        body = _given(reason=reason) | ({} if amount is None else {"amount": _amount(amount)})
        return self._post(f"transactions/{transaction_id}/reversals", body, key)

    def void(self, idempotency_key: str, *, reason: str = "", key: str | None = None) -> dict[str, Any]:
        """Makes sure that the payment of that key takes no money, whether it has arrived or not."""
        return self._post("transactions/void", _given(idempotency_key=idempotency_key, reason=reason), key)

    def label(
        self,
        transaction_id: str,
        label: Literal["fraud", "legitimate"],
        *,
        source: Literal["chargeback", "review", "customer", "other"],
        key: str | None = None,
    ) -> dict[str, Any]:
        return self._post("labels", {"transaction_id": transaction_id, "label": label, "source": source}, key)

    def balance(self, account_id: str) -> Balance:
        return cast(Balance, self._send("GET", f"accounts/{account_id}/balance"))

    def events(self, *, after: str | None = None) -> Iterator[Event]:
        """Those after the one with that id, oldest first, until there are no more for now."""
        while True:
            page = self._send("GET", "events", params={"after": after} if after else {})
            yield from page["results"]
            after = page["last"]
            if not page["has_more"]:
                return

    def _post(self, path: str, body: Mapping[str, Any], key: str | None, *, has_key: bool = True) -> dict[str, Any]:
        key = (key or str(uuid4())) if has_key else None
        return self._send("POST", path, key=key, json=body)

    def _send(self, method: str, path: str, *, key: str | None = None, **options: Any) -> dict[str, Any]:
        headers = {} if key is None else {"Idempotency-Key": key}
        last = ""
        for tried in range(1, self._tries + 1):
            retry_after = None
            try:
                answer = self._http.request(method, path, headers=headers, **options)
            except httpx.TransportError as error:
                last = type(error).__name__
            else:
                retry_after = answer.headers.get("Retry-After")
                if not is_worth_another_try(answer.status_code, has_retry_after=retry_after is not None):
                    return _body(answer)
                last = f"status {answer.status_code}"
            if tried < self._tries:
                time.sleep(wait_seconds(tried, retry_after, chance()))
        raise OutcomeUnknown(key, last)


def _body(answer: httpx.Response) -> dict[str, Any]:
    if answer.is_success:
        return cast(dict[str, Any], answer.json())
    is_problem = answer.headers.get("Content-Type", "").startswith("application/problem+json")
    raise Problem(answer.status_code, answer.json() if is_problem else {"detail": answer.text[:200]})


def _given(**fields: str) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value}


def _payment(payment: Payment | MobilePayment | ExternalPrediction) -> dict[str, Any]:
    """With its amounts as decimal text."""
    return {name: _amount(value) if name in _AMOUNTS else value for name, value in payment.items()}


def _amount(amount: object) -> str:
    """Errors: TypeError for a float, which is no amount of money."""
    if not isinstance(amount, Decimal | str):
        raise TypeError(f"An amount is a Decimal or decimal text, not {type(amount).__name__}.")
    return f"{amount:f}" if isinstance(amount, Decimal) else amount
