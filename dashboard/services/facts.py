"""Facts are made from the ledger in its order, and changed when something becomes known of their payment.

Everything may be repeated: a fact is what the ledger says now, whenever it is asked. Whoever changes facts holds the
mark of the decisions, so that there is one at a time.
"""

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from dashboard.domain.ids import first_id, moment_of
from dashboard.models import FactMark
from dashboard.services import fact_sql
from dashboard.services.rollups import rollups_renew
from ledger.selectors.settled import settled_until

DECISIONS, CHANGES, REBUILD = "decisions", "changes", "rebuild"
RUN_SECONDS_MAX = 40.0
_ROWS_AT_ONCE = 20_000
_CHANGED_AT_ONCE = 5_000
_FIRST = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a rebuild has come, by the moment of the payments, and how far it goes."""

    reached: datetime
    end: datetime


def facts_fill(*, now: datetime, seconds_max: float = RUN_SECONDS_MAX) -> bool:
    """Reads on to where everything is known; False when the time was over before that."""
    give_up_at_seconds = time.monotonic() + seconds_max
    until = first_id(settled_until(now))
    _mark_make(DECISIONS, _FIRST, now)
    _mark_make(CHANGES, until, now)
    is_done = False
    while not is_done and time.monotonic() < give_up_at_seconds:
        is_done = _read_next(until)
    _read_changes(until)
    _dimensions_renew()
    rollups_renew()
    FactMark.objects.filter(name=DECISIONS).update(moved_at=now)
    return is_done


def facts_rebuild(*, since: datetime | None, now: datetime) -> Generator[Progress, None, None]:
    """Makes the facts anew, of payments recorded from `since` on; without it goes on where a rebuild was stopped.

    Payments that the ledger has no longer keep the facts they have.
    """
    _rebuild_begin(since, now)
    while (progress := _rebuild_next()) is not None:
        yield progress
    _dimensions_renew()
    rollups_renew()
    FactMark.objects.filter(name=REBUILD).delete()


@transaction.atomic
def _read_next(until: UUID) -> bool:
    """Reads the next piece; True when it was the last one. Locks: the mark."""
    mark = _locked()
    if mark.next_id >= until:
        return True
    first, following = _piece(mark.next_id, until)
    if first is not None:
        _put({"first": first, "until": following or until})
    mark.next_id = following or until
    mark.save(update_fields=["next_id"])
    return following is None


def _read_changes(until: UUID) -> None:
    mark = FactMark.objects.get(name=CHANGES)
    if mark.next_id >= until:
        return
    changed = [row[0] for row in _ask(fact_sql.CHANGED, {"first": mark.next_id, "until": until})]
    for start in range(0, len(changed), _CHANGED_AT_ONCE):
        _put_named(changed[start : start + _CHANGED_AT_ONCE])
    FactMark.objects.filter(name=CHANGES).update(next_id=until)


@transaction.atomic
def _dimensions_renew() -> None:
    for statement in fact_sql.DIMENSIONS_RENEW:
        _do(statement)


@transaction.atomic
def _put_named(ids: Sequence[UUID]) -> None:
    """Locks: the mark."""
    _locked()
    _put({"ids": list(ids), "first": ids[0], "until": UUID(int=ids[-1].int + 1)})


def _put(values: dict[str, Any]) -> None:
    if "ids" not in values:
        _do(fact_sql.RANGE_PLAN)
    for statement in (fact_sql.dimensions_add, fact_sql.facts_put, fact_sql.rule_facts_put, fact_sql.shared_put):
        _do(statement(is_named="ids" in values), values)


def _rebuild_begin(since: datetime | None, now: datetime) -> None:
    if since is not None:
        FactMark.objects.update_or_create(name=REBUILD, defaults={"next_id": first_id(since), "moved_at": now})
    _mark_make(DECISIONS, _FIRST, now)
    _mark_make(REBUILD, _FIRST, now)


@transaction.atomic
def _rebuild_next() -> Progress | None:
    """Makes the next piece anew; None when nothing is left. Locks: the mark."""
    end = _locked().next_id
    mark = FactMark.objects.get(name=REBUILD)
    first, following = _piece(mark.next_id, end)
    if first is None:
        return None
    piece = {"first": first, "until": following or end}
    _do(fact_sql.FACTS_FORGET, piece)
    _do(fact_sql.RULE_FACTS_FORGET, piece)
    _put(piece)
    mark.next_id = following or end
    mark.save(update_fields=["next_id"])
    return Progress(moment_of(mark.next_id), moment_of(end))


def _piece(first: UUID, until: UUID) -> tuple[UUID | None, UUID | None]:
    return tuple(_ask(fact_sql.PIECE, {"first": first, "until": until, "rows": _ROWS_AT_ONCE})[0])


def facts_hold(*, now: datetime) -> None:
    """Nobody makes facts until this database transaction ends. Locks: the mark."""
    _mark_make(DECISIONS, _FIRST, now)
    _locked()


def _locked() -> FactMark:
    return FactMark.objects.select_for_update().get(name=DECISIONS)


def _mark_make(name: str, next_id: UUID, now: datetime) -> None:
    FactMark.objects.bulk_create([FactMark(name=name, next_id=next_id, moved_at=now)], ignore_conflicts=True)


def _do(statement: str, values: dict[str, Any] | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def _ask(query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall())
