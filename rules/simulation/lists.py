"""Lists as they were: for each value the times at which it was on a list."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from rules.domain.columns import FOREVER, Histories, Interval, ListHistory
from rules.domain.lists import ItemType
from rules.models import List, ListItem

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def list_histories(names: Iterable[str]) -> Histories:
    """By name. An item was there from when it was added until it expired or was removed, whichever came first."""
    intervals: dict[str, dict[str, list[Interval]]] = {name: defaultdict(list) for name in names}
    items = ListItem.objects.filter(list__name__in=intervals).order_by("created_at")
    rows = items.values_list("list__name", "value", "created_at", "expires_at", "removed_at")
    for name, value, created_at, expires_at, removed_at in rows.iterator(chunk_size=10_000):
        ends = [microseconds(moment) for moment in (expires_at, removed_at) if moment]
        intervals[name][value].append((microseconds(created_at), min(ends, default=FOREVER)))
    types = dict(List.objects.filter(name__in=intervals).values_list("name", "item_type"))
    return {
        name: ListHistory(dict(of_list), of_addresses=types.get(name) == ItemType.IP_ADDRESS)
        for name, of_list in intervals.items()
    }


def microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
