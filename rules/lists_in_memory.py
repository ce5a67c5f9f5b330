"""The lists that the live rules look into, kept in the memory of each process and brought up to date in place.

A process knows each list as of a revision, and asks PostgreSQL for what was added and ended since; a list it does not
know yet is the same question, asked since ever. So a change costs what it changed, however long the list is.

Nothing is lost to a change that is committed meanwhile. The revision is read first: what the later queries may see
beyond it is only seen once more the next time.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any

from django.db import connection

from rules.domain.listed_values import FOREVER, ListedValues, listed_values
from rules.domain.lists import ItemType
from rules.models import List

_NEVER = -1  # before every revision

# Values come many to a row, which PostgreSQL and Python each put together and take apart in C. Between rows other
# threads get their turn.
_VALUES_PER_ROW = 5_000
_ENDED = f"""
    SELECT NULL, string_agg(value, chr(10)) FROM rules_listitem
    WHERE list_id = %s AND ended_revision > %s GROUP BY id / {_VALUES_PER_ROW}
"""  # noqa: S608
# Written so that the index of revisions is the only one that fits: just after a large import PostgreSQL knows nothing
# of the table yet, and would as soon go through all items that are not removed.
_ADDED = f"""
    SELECT expires_at, string_agg(value, chr(10)) FROM rules_listitem
    WHERE list_id = %s AND added_revision > %s AND (removed_at IS NULL) IS TRUE
    GROUP BY expires_at, id / {_VALUES_PER_ROW}
"""  # noqa: S608


@dataclass(slots=True)
class _Known:
    values: ListedValues
    revision: int = _NEVER


_known: dict[int, _Known] = {}
_one_at_a_time = Lock()


def lists_current(names: Iterable[str]) -> Mapping[str, ListedValues]:
    """The values of these lists, as PostgreSQL has them now; other lists are forgotten.

    The objects are the same from call to call and are changed by the next one. Names without a list are left out.
    """
    with _one_at_a_time:
        rows = List.objects.filter(name__in=names).values_list("pk", "name", "item_type", "revision")
        found = {name: (pk, _current(pk, ItemType(item_type), revision)) for pk, name, item_type, revision in rows}
        for gone in _known.keys() - {pk for pk, _ in found.values()}:
            del _known[gone]
        return {name: values for name, (_, values) in found.items()}


def lists_forget() -> None:
    """Ask for every list anew. For tests, which take back what was committed."""
    with _one_at_a_time:
        _known.clear()


def _current(pk: int, item_type: ItemType, revision: int) -> ListedValues:
    known = _known.get(pk)
    if known is None or known.revision > revision:  # a database that was set back knows better
        known = _Known(listed_values(item_type, time.time))
    if known.revision < revision:
        _follow(known, pk)
        known.revision = revision
    _known[pk] = known
    return known.values


def _follow(known: _Known, pk: int) -> None:
    """Adds before it removes: a value that was put back meanwhile counts throughout."""
    ended: set[str] = set()
    if known.revision > _NEVER:
        for _, values in _groups(_ENDED, pk, known.revision):
            ended.update(values)
    for expires_at, values in _groups(_ADDED, pk, known.revision):
        known.values.put(values, expires_at.timestamp() if expires_at else FOREVER)
        ended.difference_update(values)
    known.values.remove(ended)


def _groups(query: str, *parameters: Any) -> Iterator[tuple[datetime | None, list[str]]]:
    """Values with the moment they share."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(query, parameters)
        while rows := cursor.fetchmany(20):
            for moment, values in rows:
                yield moment, values.split("\n")
