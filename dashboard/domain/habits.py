"""What is usual for a customer against one payment: a row for each habit, with what differs marked in words."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from statistics import median

from dashboard.domain.past import History, Past
from scoring.domain.policy_words import CHANNEL_WORDS
from sentinel.core.countries import COUNTRIES
from sentinel.core.merchant_categories import merchant_category_name
from sentinel.core.money import format_money

# With fewer payments nobody knows what is usual.
PAYMENTS_LEAST = 3
_NAMED = 3
_MOST_OF_THEM = 0.9
_HOURS = 24


@dataclass(frozen=True, slots=True)
class Habit:
    """One row. `differs` says how this payment is unlike the others; empty when it is like them."""

    name: str
    usual: str
    this: str
    differs: str = ""


def habits_of(history: History, zone: tzinfo, *, shows_personal: bool) -> list[Habit]:
    """Empty with too few payments. Cards and devices are counted, never named, for those who may know of them."""
    before = [past for past in history.before if past.is_ordinary]
    if len(before) < PAYMENTS_LEAST:
        return []
    this = history.this
    rows = [
        _amount(before, this),
        _named("Country", before, this, lambda past: past.location_country, _country),
        _named("With", before, this, lambda past: past.merchant_id or past.with_whom or None, _with_whom(history)),
        _named("Category", before, this, lambda past: past.merchant_category, _category),
        _named("Channel", before, this, lambda past: past.channel, lambda code: CHANNEL_WORDS.get(code, code)),
        _hour(before, this, zone),
        _per_day(before, history, zone),
    ]
    if shows_personal:
        rows += [
            _counted("Device", "device", before, this, lambda past: past.device_id),
            _counted("Card", "card", before, this, lambda past: past.card_token),
        ]
    return rows


def _amount(before: Sequence[Past], this: Past) -> Habit:
    amounts = sorted(past.amount_minor for past in before)
    middle, nine_of_ten, largest = round(median(amounts)), nine_tenths(amounts), amounts[-1]

    def words(minor: int) -> str:
        return format_money(minor, this.currency)

    differs = ""
    if this.amount_minor > largest:
        differs = f"the largest, {_times(this.amount_minor / max(middle, 1))} the median"
    elif this.amount_minor > nine_of_ten:
        differs = "larger than nine of ten"
    usual = f"median {words(middle)}; nine of ten up to {words(nine_of_ten)}; largest {words(largest)}"
    return Habit("Amount", usual, words(this.amount_minor), differs)


def nine_tenths(ordered: Sequence[int]) -> int:
    """The smallest of the values that at least nine of ten do not exceed."""
    return ordered[-(-len(ordered) * 9 // 10) - 1]


def _named(
    name: str,
    before: Sequence[Past],
    this: Past,
    key: Callable[[Past], str | None],
    words: Callable[[str], str],
) -> Habit:
    """The most frequent values with their share, and whether this one has been there."""
    seen = Counter(value for past in before if (value := key(past)) is not None)
    total, own = sum(seen.values()), key(this)
    usual = ", ".join(f"{words(value)} {count / total:.0%}" for value, count in seen.most_common(_NAMED))
    if len(seen) > _NAMED:
        usual += f", and {len(seen) - _NAMED} more"
    differs = "new" if own is not None and own not in seen and seen else ""
    return Habit(name, usual or "never told", words(own) if own is not None else "not told", differs)


def _counted(name: str, what: str, before: Sequence[Past], this: Past, key: Callable[[Past], str | None]) -> Habit:
    """How many there were, and whether this one is among them: the values themselves are somebody's."""
    seen = Counter(value for past in before if (value := key(past)) is not None)
    own = key(this)
    usual = f"{len(seen)} {what}{'' if len(seen) == 1 else 's'}" if seen else "never told"
    if own is None:
        return Habit(name, usual, "not told")
    if own not in seen:
        return Habit(name, usual, f"another {what}" if seen else f"a {what}", "new" if seen else "")
    return Habit(name, usual, f"used {seen[own]:,} {'time' if seen[own] == 1 else 'times'} before")


def _hour(before: Sequence[Past], this: Past, zone: tzinfo) -> Habit:
    hours = Counter(past.occurred_at.astimezone(zone).hour for past in before)
    start, length = shortest_span(hours)
    clock = this.occurred_at.astimezone(zone)
    inside = (clock.hour - start) % _HOURS < length
    usual = "at any hour" if length == _HOURS else f"{start:02}:00 to {(start + length - 1) % _HOURS:02}:59"
    return Habit("Time at home", usual, f"{clock:%H:%M}", "" if inside else "at an unusual hour")


def shortest_span(hours: Counter[int]) -> tuple[int, int]:
    """The first hour and the length of the shortest span, across midnight too, with nine of ten payments."""
    wanted = _MOST_OF_THEM * sum(hours.values())
    spans = ((length, start) for length in range(1, _HOURS + 1) for start in range(_HOURS))
    length, start = next(
        (length, start)
        for length, start in spans
        if sum(hours[(start + step) % _HOURS] for step in range(length)) >= wanted
    )
    return start, length


def _per_day(before: Sequence[Past], history: History, zone: tzinfo) -> Habit:
    """Of all payments, also those that were declined, on the day at home."""
    days = Counter(_days(history.before, zone))
    today = history.this.occurred_at.astimezone(zone).date()
    on_this_day = days.pop(today, 0) + 1
    first = before[0].occurred_at.astimezone(zone).date()
    mean = sum(days.values()) / max((today - first).days, 1)
    most = max(days.values(), default=0)
    usual = f"{mean:.1f} on average; {most} at most"
    differs = "more than on any day" if on_this_day > max(most, 2) else ""
    return Habit("Payments a day", usual, f"the {_ordinal(on_this_day)} of its day", differs)


def _days(payments: Iterable[Past], zone: tzinfo) -> Iterable[date]:
    return (past.occurred_at.astimezone(zone).date() for past in payments)


def _country(code: str) -> str:
    return COUNTRIES.get(code, code)


def _category(code: str) -> str:
    return merchant_category_name(code) or code


def _with_whom(history: History) -> Callable[[str], str]:
    names = {past.merchant_id or past.with_whom: past.with_whom for past in [*history.before, history.this]}
    return lambda key: names[key]


def _times(times: float) -> str:
    return f"{times:,.0f} times" if times >= 10 else f"{times:.1f} times"


def _ordinal(number: int) -> str:
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
