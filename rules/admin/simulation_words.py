"""A simulation's result in words and figures for its page. No queries, and nothing that needs numpy."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.utils.dateparse import parse_datetime
from django.utils.html import format_html
from django.utils.safestring import SafeString

from rules.domain.expressions import Operator
from sentinel.core.catalogue import BY_NAME, FieldType
from sentinel.core.money import exponent, format_money
from sentinel.core.outcomes import Status

Json = Mapping[str, Any]

CURRENCIES_SHOWN_MAX = 2
BARS_MAX = 92
_CURVE_WIDTH, _CURVE_HEIGHT = 600, 160
_VERBS = {"review": "held", "decline": "declined", "allow": "let through"}
_OPERATORS = {
    Operator.GREATER_THAN: "over",
    Operator.AT_LEAST: "at least",
    Operator.LESS_THAN: "under",
    Operator.AT_MOST: "at most",
}
_KINDS = {"fraud": "fraud", "good": "legitimate", "other": "unknown"}


def simulation_words(result: Json) -> dict[str, Any]:
    """The template's context of a result that is done."""
    return {
        "headline": headline(result),
        "verdict": verdict(result),
        "tiles": tiles(result),
        "outcomes": outcomes(result),
        "overlap": overlap(result),
        "apart": [each["code"] for each in result["overlap"] if not each["both"]],
        "payments": f"{result['payments']:,}",
        "added": result["added"],
        "bars": bars(result["hits"]["daily"]) if any(result["hits"]["daily"]) else [],
        "slider": slider(result),
        "examples": examples(result),
        "coverage": coverage(result),
        "unreadable": result.get("unreadable", []),
        "ruleset": result.get("ruleset"),
        "short_past": result["span"]["days"] < _days_asked(result) - 1,
    }


def headline(result: Json) -> str:
    """ "Each day it would have held 14 more payments, worth 71,200 INR." """
    if not result["payments"]:
        return "There are no payments in this time."
    if not result["hits"]["payments"]:
        return f"It would not have hit any of {result['payments']:,} payments."
    if not result["changes"]["payments"]:
        return f"It would have hit {_payments(result['hits']['payments'])}, and changed the outcome of none."
    verb, rate = _VERBS[result["rule"]["action"]], _rate(result["changes"]["per_day"])
    money = per_day(result["changes"]["money"], result["span"]["days"])
    return f"Each day it would have {verb} {rate} more payment{'' if rate == '1' else 's'}, worth {money}."


def verdict(result: Json) -> str:
    """What is known of the payments it hits."""
    truth = result["truth"]
    if not truth["frauds"]:
        known = "No payment of this time is known to be fraud yet, so nothing can be said of what it catches."
    else:
        known = (
            f"It catches {truth['caught']:,} of {_count(truth['frauds'], 'confirmed fraud')}"
            f" ({percent(truth['recall'])}), {truth['caught_that_were_approved']:,} of which went through,"
            f" and misses {truth['missed']:,}."
        )
    good = _count(truth["good_stopped"], "good customer", "payments of good customers")
    return f"{known} It hits {good}." if result["hits"]["payments"] else known


def tiles(result: Json) -> list[dict[str, str]]:
    hits, truth = result["hits"], result["truth"]
    added, accounts = result["added"], _count(hits["accounts"], "account")
    caught = f"{truth['caught']:,} of {truth['frauds']:,}" if truth["frauds"] else "none known"
    return [
        _tile("Hits", f"{hits['payments']:,}", f"{_rate(hits['per_day'])} a day, {accounts}"),
        _tile("Reviews a day", _rate(result["reviews_per_day"]), "payments that nothing else stopped"),
        _tile("Frauds caught", caught, f"recall {percent(truth['recall'])}"),
        _tile("Good customers hit", f"{truth['good_stopped']:,}", f"precision {percent(truth['precision'])}"),
        _tile("Nobody else hits", f"{added['hits']:,}", f"{_count(added['frauds'], 'fraud')} among them"),
    ]


def _tile(name: str, figure: str, note: str) -> dict[str, str]:
    return {"name": name, "figure": figure, "note": note}


def outcomes(result: Json) -> list[dict[str, Any]]:
    return [
        {"status": status.value, "payments": f"{found['payments']:,}", "money": money(found["money"]) or "-"}
        for status in (Status.APPROVED, Status.HELD, Status.DECLINED)
        if (found := result["hits"]["by_status"][status.value])
    ]


def overlap(result: Json) -> list[dict[str, Any]]:
    """The live rules with hits in common, and the share of this rule's hits that they make too, for a bar."""
    hits = max(1, result["hits"]["payments"])
    return [
        {
            **each,
            **{key: f"{each[key]:,}" for key in ("both", "only_this", "only_that", "frauds_both")},
            "share": percent(each["both"] / hits),
            "width": round(100 * each["both"] / hits, 1),
        }
        for each in result["overlap"]
        if each["both"]
    ]


def bars(daily: Sequence[int]) -> list[dict[str, float]]:
    """Hits per day as bars of a picture that is 100 high. Beyond BARS_MAX days they are added up."""
    step = -(-len(daily) // BARS_MAX)
    sums = [sum(daily[place : place + step]) for place in range(0, len(daily), step)]
    tallest = max([*sums, 1])
    heights = [round(100 * each / tallest, 1) for each in sums]
    return [{"x": place * 10, "y": 100 - height, "height": height} for place, height in enumerate(heights)]


def slider(result: Json) -> dict[str, Any] | None:
    found = result["slider"]
    if found is None:
        return None
    field = BY_NAME[found["field"]]
    points = [
        {
            **point,
            "words": _threshold(found, point["at"]),
            "precision_words": percent(point["precision"]),
            "recall_words": percent(point["recall"]),
        }
        for point in found["points"]
    ]
    own = next(place for place, point in enumerate(points) if point["at"] == found["own"])
    return {
        "words": f"{field.words} {_OPERATORS[Operator(found['operator'])]}",
        "points": points,
        "own": own,
        "last": len(points) - 1,
        "own_x": _x(own, len(points)),
        "recall_line": _line([point["recall"] for point in points]),
        "precision_line": _line([point["precision"] for point in points]),
        "width": _CURVE_WIDTH,
        "height": _CURVE_HEIGHT,
    }


def _x(place: int, count: int) -> float:
    return round(_CURVE_WIDTH * place / max(1, count - 1), 1)


def _line(shares: Sequence[float | None]) -> str:
    """Points of an SVG line; where nothing is known there is none."""
    known = [(place, share) for place, share in enumerate(shares) if share is not None]
    return " ".join(f"{_x(place, len(shares))},{round(_CURVE_HEIGHT * (1 - share), 1)}" for place, share in known)


def _threshold(found: Json, at: float) -> str:
    field = BY_NAME[found["field"]]
    if field.type is FieldType.MONEY:
        return format_money(int(at), found["currency"])
    number = f"{int(at):,}" if float(at).is_integer() else f"{at:,}"
    unit = "" if field.unit[:1].isdigit() else field.unit
    return f"{number} {unit}".rstrip()


def examples(result: Json) -> list[dict[str, Any]]:
    return [
        {
            **each,
            "id": UUID(each["id"]),
            "kind": _KINDS[each["kind"]],
            "occurred_at": parse_datetime(each["occurred_at"]),
        }
        for each in result["examples"]
    ]


def coverage(result: Json) -> list[dict[str, str]]:
    payments = result["payments"]
    return [
        {
            "words": BY_NAME[each["field"]].words if each["field"] in BY_NAME else each["field"],
            "covered": percent(each["covered"] / payments if payments else None),
            "known": percent(each["known"] / payments if payments else None),
        }
        for each in result["coverage"]
    ]


def money(sums: Sequence[Json]) -> SafeString:
    """Each currency by itself."""
    shown = "; ".join(format_money(each["minor"], each["currency"]) for each in sums[:CURRENCIES_SHOWN_MAX])
    rest = len(sums) - CURRENCIES_SHOWN_MAX
    return format_html("{}{}", shown, f"; and {_currencies(rest)}" if rest > 0 else "")


def per_day(sums: Sequence[Json], days: float) -> str:
    shown = [_rounded(each["minor"] / days, each["currency"]) for each in sums[:CURRENCIES_SHOWN_MAX]]
    rest = len(sums) - CURRENCIES_SHOWN_MAX
    return " and ".join([*shown, *([_currencies(rest)] if rest > 0 else [])])


def _rounded(minor: float, currency: str) -> str:
    """Without the decimals of the currency, unless it is less than ten units."""
    unit = 10 ** exponent(currency)
    return format_money(round(minor / unit) * unit if minor >= 10 * unit else round(minor), currency)


def percent(share: float | None) -> str:
    if share is None:
        return "not known"
    return f"{share:.1%}" if 0 < share < 0.1 or 0.9 < share < 1 else f"{share:.0%}"


def _rate(number: float) -> str:
    """Of payments a day."""
    return f"{number:,.0f}" if number >= 10 or not number else f"{number:.2g}"


def _payments(count: int) -> str:
    return _count(count, "payment")


def _count(count: int, word: str, words: str = "") -> str:
    return f"{count:,} {word if count == 1 else words or f'{word}s'}"


def _currencies(count: int) -> str:
    return f"{count} other currenc{'y' if count == 1 else 'ies'}"


def _days_asked(result: Json) -> float:
    start, end = (parse_datetime(result["span"][edge]) for edge in ("start", "end"))
    return (end - start).days if start and end else 0.0
