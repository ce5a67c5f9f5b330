"""Counting what rules hit, out of the decisions: each payment once, a minute or two after it was recorded.

Counted is by the moment in the payments' ids, hour by hour, from where the last run ended. That a payment may become
visible later than another one with a higher id is what `settled_until` is for. Labels come late and are corrected:
the days they touch are judged anew as a whole. So a run may be repeated, and two at once wait for each other.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, QuerySet

from ledger.models import Decision, Label
from ledger.selectors.labels import labels_that_count
from ledger.selectors.settled import LONGEST_WRITE, settled_until
from rules.models import RecentHits, RuleDay, RulePairDay, RuleVersion, TallyMark
from sentinel.core.ids import first_uuid7_at

REACH_DAYS = 30  # how far the first run goes back
RECENT = timedelta(hours=2)
_CHUNK = timedelta(hours=1)
_DECISIONS, _LABELS, _MATURED = "decisions", "labels", "matured"

_HIT, _SILENT, _FAILED = "hit", "silent", "failed"
# The same bounds on both tables: the planner does not carry them over from one's partitions to the other's.
_DECIDED = """
SELECT d.outcome, t.currency, t.amount_minor, d.recorded_at, d.rule_hits, d.silent_hits, d.failed_rules
FROM ledger_decision d JOIN ledger_transaction t ON t.id = d.transaction_id AND t.account_id = d.account_id
WHERE d.transaction_id >= %(from)s AND d.transaction_id < %(until)s AND t.id >= %(from)s AND t.id < %(until)s
    AND t.livemode AND (d.rule_hits <> '{}' OR d.silent_hits <> '{}' OR d.failed_rules <> '{}')
"""
_COUNT = f"""
WITH decided AS ({_DECIDED})
SELECT v.id, kind, outcome, currency, count(*), sum(amount_minor), max(recorded_at)
FROM decided, LATERAL (
    SELECT unnest(rule_hits) AS version, '{_HIT}' AS kind
    UNION ALL SELECT unnest(silent_hits), '{_SILENT}'
    UNION ALL SELECT unnest(failed_rules), '{_FAILED}'
) spoke JOIN rules_ruleversion v ON v.id = spoke.version
GROUP BY 1, 2, 3, 4
"""  # noqa: S608
_COUNT_PAIRS = f"""
WITH decided AS ({_DECIDED})
SELECT a.version, b.version, count(*)
FROM decided, unnest(rule_hits || silent_hits) AS a(version), unnest(rule_hits || silent_hits) AS b(version)
WHERE a.version < b.version
    AND EXISTS (SELECT FROM rules_ruleversion WHERE id = a.version)
    AND EXISTS (SELECT FROM rules_ruleversion WHERE id = b.version)
GROUP BY 1, 2
"""  # noqa: S608
# Of the payments of a day that have a label, or whose review ended with an approval.
_JUDGE = f"""
WITH label AS ({labels_that_count("transaction_id >= %(from)s AND transaction_id < %(until)s")}
), released AS (
    SELECT hold_id AS id FROM ledger_holdresolution
    WHERE hold_id >= %(from)s AND hold_id < %(until)s AND resolution = 'approved'
), known AS (
    SELECT coalesce(transaction_id, id) AS id, label.is_fraud FROM label FULL JOIN released ON id = transaction_id
)
SELECT v.id, is_silent, count(*) FILTER (WHERE is_fraud), count(*) FILTER (WHERE NOT is_fraud),
    count(*) FILTER (WHERE is_fraud IS NULL) - count(*) FILTER (WHERE is_fraud IS NOT NULL AND outcome = 'approve')
FROM known
    JOIN ledger_decision d ON d.transaction_id = known.id
        AND d.transaction_id >= %(from)s AND d.transaction_id < %(until)s
    JOIN ledger_transaction t ON t.id = d.transaction_id AND t.account_id = d.account_id
        AND t.id >= %(from)s AND t.id < %(until)s AND t.livemode,
    LATERAL (
        SELECT unnest(rule_hits) AS version, false AS is_silent UNION ALL SELECT unnest(silent_hits), true
    ) hit JOIN rules_ruleversion v ON v.id = hit.version
GROUP BY 1, 2
"""  # noqa: S608


def tallies_count(*, now: datetime) -> int:
    """Counts on, to where every payment is known; how many versions hit or failed since the last run."""
    until = settled_until(now)
    RecentHits.objects.filter(until__lt=now - RECENT).delete()
    counted = set[int]()
    while (found := _count_next(until)) is not None:
        counted |= found
    return len(counted)


def tallies_judge(*, now: datetime) -> None:
    """Judges the days anew that new labels touch, and those whose payments nobody complained about in time."""
    labelled_since = _mark(_LABELS, now - timedelta(days=REACH_DAYS)) - LONGEST_WRITE
    matured_from = _mark(_MATURED, now - timedelta(days=settings.LABEL_MATURITY_DAYS + REACH_DAYS)).date()
    last = _last_matured(now)
    matured = {matured_from + timedelta(days=each) for each in range((last - matured_from).days + 1)}
    for day in sorted(_days_labelled(labelled_since) | matured):
        _judge_day(day, now)
    _mark_move(_LABELS, now)
    _mark_move(_MATURED, _midnight(last + timedelta(days=1)))


@transaction.atomic
def costs_fold(*, costs: dict[int, tuple[int, int]], now: datetime) -> None:
    """Adds nanoseconds and samples by version to the day's tallies. Versions that are not stored are passed over."""
    known = RuleVersion.objects.filter(pk__in=costs).values_list("pk", flat=True)
    for version_id, day in _days_locked(known, now.date()).items():
        cost_ns, samples = costs[version_id]
        day.cost_ns += cost_ns
        day.cost_samples += samples
        day.save(update_fields=["cost_ns", "cost_samples"])


@transaction.atomic
def _count_next(until: datetime) -> set[int] | None:
    """Counts the next hour, or what there is of it; None when nothing is left.

    Locks: the mark, until the database transaction ends. Whoever counts at the same time goes on from there.
    """
    mark = _mark_locked(until)
    start = mark.counted_until
    end = min(until, start + _CHUNK, _midnight(start.date() + timedelta(days=1)))
    if end <= start:
        return None
    rows = _ask(_COUNT, start, end)
    _add_days(rows, start.date())
    _add_pairs(_ask(_COUNT_PAIRS, start, end), start.date())
    _add_recent(rows, end)
    mark.counted_until = end
    mark.save()
    return {row[0] for row in rows}


def _add_days(rows: Sequence[tuple[Any, ...]], day: date) -> None:
    days = _days_locked({row[0] for row in rows}, day)
    for version_id, kind, outcome, currency, count, amount_minor, last_at in rows:
        tally = days[version_id]
        if kind == _FAILED:
            tally.failures += count
            tally.last_failed_at = max(filter(None, [tally.last_failed_at, last_at]))
            continue
        tally.last_hit_at = max(filter(None, [tally.last_hit_at, last_at]))
        if kind == _SILENT:
            tally.silent_hits += count
            tally.silent_approved += count if outcome == "approve" else 0
            continue
        tally.hits += count
        counted = {"approve": "approved", "review": "reviewed", "decline": "declined"}[outcome]
        setattr(tally, counted, getattr(tally, counted) + count)
        tally.amounts_minor[currency] = tally.amounts_minor.get(currency, 0) + int(amount_minor)
    for tally in days.values():
        tally.save()


def _add_pairs(rows: Iterable[tuple[int, int, int]], day: date) -> None:
    for first, second, count in rows:
        pair, _ = RulePairDay.objects.get_or_create(first_id=first, second_id=second, day=day)
        RulePairDay.objects.filter(pk=pair.pk).update(hits=F("hits") + count)


def _add_recent(rows: Iterable[tuple[Any, ...]], end: datetime) -> None:
    hits: dict[int, int] = {}
    for version_id, kind, _, _, count, *_ in rows:
        if kind == _HIT:
            hits[version_id] = hits.get(version_id, 0) + count
    RecentHits.objects.bulk_create(
        RecentHits(version_id=version_id, until=end, hits=count) for version_id, count in hits.items()
    )


def _days_labelled(since: datetime) -> set[date]:
    labelled = Label.objects.filter(pk__gte=_first_id(since)).order_by().values_list("transaction_id", flat=True)
    return {_moment_of(each).date() for each in labelled.iterator(chunk_size=10_000)}


def _last_matured(now: datetime) -> date:
    return now.date() - timedelta(days=settings.LABEL_MATURITY_DAYS + 1)


@transaction.atomic
def _judge_day(day: date, now: datetime) -> None:
    """Locks: the day's tallies, until the database transaction ends."""
    rows = _ask(_JUDGE, _midnight(day), _midnight(day + timedelta(days=1)))
    found = {(version_id, is_silent): judged for version_id, is_silent, *judged in rows}
    asked = set(RuleDay.objects.filter(day=day).values_list("version_id", flat=True))
    is_matured = day <= _last_matured(now)
    for version_id, tally in _days_locked(asked | {each for each, _ in found}, day).items():
        fraud, legitimate, rest = found.get((version_id, False), (0, 0, 0))
        silent_fraud, silent_legitimate, silent_rest = found.get((version_id, True), (0, 0, 0))
        tally.fraud, tally.legitimate = fraud, legitimate
        tally.silent_fraud, tally.silent_legitimate = silent_fraud, silent_legitimate
        # A hit may be judged before it is counted.
        tally.presumed = max(0, tally.approved + rest) if is_matured else 0
        tally.silent_presumed = max(0, tally.silent_approved + silent_rest) if is_matured else 0
        tally.save()


def _days_locked(versions: Iterable[int], day: date) -> dict[int, RuleDay]:
    """The tallies of a day by version, made where there were none. In the order of the versions, as everywhere."""
    wanted = sorted(set(versions))
    RuleDay.objects.bulk_create(
        [RuleDay(version_id=version_id, day=day) for version_id in wanted], ignore_conflicts=True
    )
    days: QuerySet[RuleDay] = RuleDay.objects.filter(version_id__in=wanted, day=day)
    return {each.version_id: each for each in days.order_by("version_id").select_for_update()}


def _mark_locked(until: datetime) -> TallyMark:
    marks = TallyMark.objects.filter(name=_DECISIONS)
    if not marks.exists():
        first = TallyMark(name=_DECISIONS, counted_until=_first_payment_at(until))
        TallyMark.objects.bulk_create([first], ignore_conflicts=True)
    return marks.select_for_update().get()


def _mark(name: str, default: datetime) -> datetime:
    return TallyMark.objects.filter(name=name).values_list("counted_until", flat=True).first() or default


def _mark_move(name: str, moment: datetime) -> None:
    TallyMark.objects.update_or_create(name=name, defaults={"counted_until": moment})


def _first_payment_at(until: datetime) -> datetime:
    """Where the first run begins."""
    reach = until - timedelta(days=REACH_DAYS)
    first = Decision.objects.filter(pk__gte=_first_id(reach)).order_by("pk").values_list("pk", flat=True).first()
    return min(_moment_of(first), until) if first else until


def _ask(query: str, start: datetime, end: datetime) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, {"from": _first_id(start), "until": _first_id(end)})
        return list(cursor.fetchall())


def _first_id(moment: datetime) -> Any:
    return first_uuid7_at(int(moment.timestamp() * 1000))


def _moment_of(transaction_id: Any) -> datetime:
    return datetime.fromtimestamp((transaction_id.int >> 80) / 1000, UTC)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
