"""A simulation's figures as a page shows them: rows in words, and the curve as points of a drawing."""

from typing import Any

from scoring.domain.policy import SCORE_WORDS, Policy
from scoring.domain.policy_words import CHANNEL_WORDS, band_words
from scoring.models import PolicySimulation
from sentinel.core.money import format_money

WIDTH, HEIGHT, MARGIN = 640, 220, 36
_STANDINGS = (
    ("fraud_caught", "Confirmed fraud caught"),
    ("fraud_missed", "Confirmed fraud missed"),
    ("good_stopped", "Good customers stopped"),
    ("unlabelled_stopped", "Stopped, not labelled yet"),
)


def figures_shown(simulation: PolicySimulation | None, policy: Policy) -> dict[str, Any] | None:
    if simulation is None or simulation.state != PolicySimulation.State.DONE:
        return None
    figures = simulation.figures
    before, after, days = figures["before"], figures["after"], figures["days"]
    daily = [
        (f"{words} a day", _a_day(before[name], days), _a_day(after[name], days))
        for name, words in (("reviews", "Reviews"), ("declines", "Declines"))
    ]
    counted = [(words, f"{before[name]:,}", f"{after[name]:,}") for name, words in _STANDINGS]
    bands = [("all other payments" if not policy.bands else "no band"), *map(band_words, policy.bands)]
    return {
        "payments": f"{figures['payments']:,}" if figures["payments"] else "",
        "stricter": f"{figures['stricter']:,}",
        "milder": f"{figures['milder']:,}",
        "rows": [*daily, *counted],
        "money": [_money_row(row) for row in figures["money"]],
        "groups": [
            ("Channel", [_group_row(row, _channel_words(row["name"])) for row in figures["channels"]]),
            ("Band", [_group_row(row, bands[row["name"]]) for row in figures["bands"]] if policy.bands else []),
        ],
    }


def curve_shown(simulation: PolicySimulation | None) -> dict[str, Any] | None:
    """Reviews a day over thresholds, as far as a fifth of the payments; None where there is nothing to draw."""
    if simulation is None or simulation.state != PolicySimulation.State.DONE:
        return None
    figures, curve = simulation.figures, simulation.figures["curve"]
    points = [point for point in curve["points"] if point["reviews"] <= figures["payments"] / 5] or curve["points"][
        :2
    ]
    if len(points) < 2:
        return None
    fraud = figures["after"]["fraud_caught"] + figures["after"]["fraud_missed"]
    lowest, highest = float(points[-1]["threshold"]), float(points[0]["threshold"])
    most = max(point["reviews_a_day"] for point in points) or 1

    def place(threshold: float) -> float:
        return MARGIN + (threshold - lowest) / ((highest - lowest) or 1) * (WIDTH - 2 * MARGIN)

    def line(value: Any) -> str:
        return " ".join(
            f"{place(point['threshold']):.1f},{HEIGHT - MARGIN - value(point) * (HEIGHT - 2 * MARGIN):.1f}"
            for point in points
        )

    threshold = curve["threshold"]
    return {
        "score": SCORE_WORDS[curve["score"]],
        "threshold": threshold,
        "points": list(reversed(points)),
        "fraud": fraud,
        "most": most,
        "lowest": lowest,
        "highest": highest,
        "reviews_line": line(lambda point: point["reviews_a_day"] / most),
        "fraud_line": line(lambda point: point["fraud_caught"] / fraud) if fraud else "",
        "mark": place(threshold) if threshold is not None and lowest <= threshold <= highest else None,
        "chosen": _nearest(list(reversed(points)), threshold),
        "width": WIDTH,
        "height": HEIGHT,
        "bottom": HEIGHT - MARGIN,
        "left": MARGIN,
        "right": WIDTH - MARGIN,
    }


def _nearest(points: list[dict[str, Any]], threshold: float | None) -> int:
    if threshold is None:
        return len(points) - 1
    return min(range(len(points)), key=lambda place: abs(points[place]["threshold"] - threshold))


def _a_day(count: int, days: float) -> str:
    a_day = count / days
    return f"{a_day:,.0f}" if a_day >= 10 else f"{a_day:.1f}"


def _channel_words(channel: str) -> str:
    return CHANNEL_WORDS.get(channel, channel) or "not told"


def _group_row(row: dict[str, Any], name: str) -> dict[str, str]:
    return {"name": name, **{key: f"{count:,}" for key, count in row.items() if key != "name"}}


def _money_row(row: dict[str, Any]) -> dict[str, str]:
    words = {"name": row["name"]}
    for name in ("reviews_before", "reviews_after", "declines_before", "declines_after"):
        words[name] = format_money(row[f"{name}_minor"], row["name"])
    return words
