"""Past decisions made again by the same code, from what was frozen with them. Nothing is written.

A change that was made within seconds of a payment may have reached its process a little earlier or later than the
database says. When the payment's own moment gives another decision, the states around it are tried, and whoever reads
the result is told (`Found.NEARBY`).
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import groupby
from uuid import UUID

from django.db import connection, transaction

from ledger.domain.decisions import Verdict
from ledger.selectors.decisions import DecidedPayment, decisions_load, payment_ids, payment_ids_evenly
from rules.services.explaining import PERSONAL_FIELDS
from rules.simulation.rulesets import PastRuleset
from scoring.domain.redecision import Found, NotPossible, Row, degraded_before, side_by_side, values_again
from scoring.services.assessing import Described, assess_group
from scoring.services.past_configuration import Past, PastConfiguration
from sentinel.core.ids import first_uuid7_at
from sentinel.core.values import value

PAYMENTS_AT_ONCE = 500
FIRST_ID = UUID(int=0)


@value
class Redecided:
    """`rows` are recorded and made again side by side, as the payment's moment gives them; `obstacle` is one of
    OBSTACLES when it was not possible.
    """

    transaction_id: UUID
    found: Found
    rows: tuple[Row, ...] = ()
    obstacle: str = ""

    @property
    def differing(self) -> list[Row]:
        return [row for row in self.rows if not row.is_equal]


@value
class Window:
    """Payments by id: after one of them, until a moment, so many of them; `evenly` takes them from all of it."""

    until: datetime
    after: UUID = FIRST_ID
    limit: int | None = None
    evenly: bool = False

    @property
    def until_id(self) -> UUID:
        return first_uuid7_at(int(self.until.timestamp() * 1000))


def decisions_redecide(window: Window) -> Iterator[Redecided]:
    """In the order of their ids, a bounded number at a time."""
    past: Past | None = None
    for ids in _ids(window):
        with _reading_only():
            past = past or Past()
            found = list(_redecide(decisions_load(ids), past))
        yield from found


def decision_redecide(transaction_id: UUID) -> Redecided | None:
    """One of them; None when there is no such payment."""
    with _reading_only():
        return next(_redecide(decisions_load([transaction_id]), Past()), None)


@contextmanager
def _reading_only() -> Iterator[None]:
    """The database itself refuses whatever would write."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
        yield


def _ids(window: Window) -> Iterator[Sequence[UUID]]:
    if window.evenly:
        ids = payment_ids_evenly(after=window.after, until=window.until_id, limit=window.limit or 0)
        for start in range(0, len(ids), PAYMENTS_AT_ONCE):
            yield ids[start : start + PAYMENTS_AT_ONCE]
        return
    after, left = window.after, window.limit
    while left is None or left > 0:
        limit = PAYMENTS_AT_ONCE if left is None else min(left, PAYMENTS_AT_ONCE)
        ids = payment_ids(after=after, until=window.until_id, limit=limit)
        if not ids:
            return
        yield ids
        after, left = ids[-1], None if left is None else left - len(ids)


def _redecide(payments: Iterable[DecidedPayment], past: Past) -> Iterator[Redecided]:
    """Those that were decided together, together."""
    for _, group in groupby(payments, key=_of_one_moment):
        yield from _redecide_group(list(group), past)


def _of_one_moment(each: DecidedPayment) -> tuple[object, ...]:
    decision = each.decision
    return each.payment.recorded_at, decision.ruleset_version, decision.model_version, degraded_before(decision)


def _redecide_group(group: Sequence[DecidedPayment], past: Past) -> Iterator[Redecided]:
    first = group[0]
    try:
        then = past.at(first.decision, first.payment.recorded_at)
    except NotPossible as why:
        yield from [Redecided(each.payment.id, Found.NOT_POSSIBLE, obstacle=why.code) for each in group]
        return
    described = [_described_or_why(each, then.ruleset) for each in group]
    readable = [each for each in described if isinstance(each, Described)]
    verdicts = iter(_verdicts(first, readable, then))
    for each, known in zip(group, described, strict=True):
        if isinstance(known, NotPossible):
            yield Redecided(each.payment.id, Found.NOT_POSSIBLE, obstacle=known.code)
        else:
            yield _compared(each, known, next(verdicts), then, past)


def _described_or_why(each: DecidedPayment, ruleset: PastRuleset) -> Described | NotPossible:
    if not each.has_details and ruleset.fields & PERSONAL_FIELDS:
        return NotPossible("details_erased")
    try:
        values = values_again(each.decision, each.payment.request)
        return Described(each.payment.request, values, each.payment.livemode)
    except NotPossible as why:
        return why


def _verdicts(of: DecidedPayment, described: Sequence[Described], then: PastConfiguration) -> list[Verdict]:
    if not described:
        return []
    return assess_group(described, then.configuration, degraded=degraded_before(of.decision))


def _compared(
    each: DecidedPayment, described: Described, verdict: Verdict, then: PastConfiguration, past: Past
) -> Redecided:
    rows = _rows(each, described, verdict)
    if all(row.is_equal for row in rows):
        return Redecided(each.payment.id, Found.EQUAL, rows)
    failed = frozenset(each.decision.failed_rules)
    moment = each.payment.recorded_at
    if failed:  # what made a rule fail may be mended by now
        rows = _rows_at(each, described, past, moment, failed)
        if all(row.is_equal for row in rows):
            return Redecided(each.payment.id, Found.EQUAL, rows)
    for other in past.moments_around(moment, then.ruleset.lists):
        if all(row.is_equal for row in _rows_at(each, described, past, other, failed)):
            return Redecided(each.payment.id, Found.NEARBY, rows)
    return Redecided(each.payment.id, Found.DIFFERENT, rows)


def _rows_at(
    each: DecidedPayment, described: Described, past: Past, moment: datetime, failed: frozenset[int]
) -> tuple[Row, ...]:
    (verdict,) = _verdicts(each, [described], past.at(each.decision, moment, failed))
    return _rows(each, described, verdict)


def _rows(each: DecidedPayment, described: Described, verdict: Verdict) -> tuple[Row, ...]:
    return tuple(side_by_side(each.decision, each.payment.request, described.values, verdict))
