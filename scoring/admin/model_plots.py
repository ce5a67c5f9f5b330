"""Stored curves as drawings without a script: points already placed, and the same numbers as a table beneath."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scoring.domain.policy import SCORE_WORDS

# The drawing is 380 wide and 270 high, its axes lie between these; plots.html writes the words beside them.
LEFT, RIGHT, TOP, BOTTOM = 64, 356, 30, 220
LOWEST = 1e-4  # probabilities below lie at the edge of the calibration plot
_MIDDLE, _HALF = (TOP + BOTTOM) / 2, (BOTTOM - TOP) / 2
_ONE = 0.4  # how high a single payment is drawn, in decades
_PERCENTS = ((LOWEST, "0.01 %"), (0.001, "0.1 %"), (0.01, "1 %"), (0.1, "10 %"), (1.0, "100 %"))
_STYLES = ("one", "two")

Curves = Mapping[str, Any]
Places = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Measured:
    """A model's curves, in the shape of scoring.domain.model_figures."""

    name: str
    curves: Curves
    is_supervised: bool

    @property
    def score(self) -> str:
        return SCORE_WORDS["probability" if self.is_supervised else "percentile"]


@dataclass(frozen=True, slots=True)
class Line:
    """`points` as SVG writes them; or `dots`, each to be seen by itself."""

    name: str
    style: str
    points: str
    dots: Sequence[tuple[float, float]] = ()


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Plot:
    """`words` say what the drawing shows to whoever cannot see it. A tick is its place and its words."""

    title: str
    what: str
    words: str
    across: str
    up: str
    ticks_across: Sequence[tuple[float, str]]
    ticks_up: Sequence[tuple[float, str]]
    tables: Sequence[Table]
    lines: Sequence[Line] = ()
    guide: tuple[float, float, float, float] | None = None
    bars: Sequence[tuple[str, float, float, float, float]] = ()
    legend: Sequence[tuple[str, str]] = ()


def plots_of(measured: Sequence[Measured]) -> list[Plot]:
    """Of one or two models on the same payments. None of those whose curves are empty: nothing was measured."""
    known = [each for each in measured if each.curves.get("precision_recall")]
    probable = [each for each in known if each.is_supervised]
    plots = [_precision_recall(known)] if known else []
    plots += [_calibration(probable)] if probable else []
    return plots + [_distribution(each, is_named=len(known) > 1) for each in known]


def _precision_recall(models: Sequence[Measured]) -> Plot:
    halves = "; ".join(f"{each.name}: {_at_half(each.curves)}" for each in models)
    return Plot(
        title="Fraud found, and what it costs",
        what="To the right more fraud is found, by reviewing more. The higher, the less is reviewed for nothing.",
        words=f"Precision over recall. {halves}. The table beneath has the numbers.",
        across="fraud found",
        up="fraud among reviewed",
        ticks_across=_halves(_across),
        ticks_up=_halves(_up),
        tables=[_precision_recall_table(each) for each in models],
        lines=_lines(models, _precision_recall_places),
        legend=_legend(models),
    )


def _precision_recall_places(curves: Curves) -> Places:
    return [(_across(point["recall"]), _up(point["precision"])) for point in curves["precision_recall"]]


def _precision_recall_table(model: Measured) -> Table:
    rows = [
        (f"{point['threshold']:.4f}", _percent(point["recall"]), _percent(point["precision"]))
        for point in model.curves["precision_recall"]
    ]
    return Table(model.name, ("Review from", "Fraud found", "Fraud among reviewed"), rows)


def _at_half(curves: Curves) -> str:
    point = min(curves["precision_recall"], key=lambda each: abs(each["recall"] - 0.5))
    found, right = _percent(point["recall"]), _percent(point["precision"])
    return f"where {found} of the fraud is found, {right} of what is reviewed is fraud"


def _calibration(models: Sequence[Measured]) -> Plot:
    highest = "; ".join(f"{each.name}: {_at_highest(each.curves)}" for each in models)
    return Plot(
        title="Do its probabilities come true?",
        what="A dot is a fifteenth of the payments. On the dashed line as much is fraud as it said. The scales go by "
        "tens; below 0.01 % lies at the edge.",
        words=f"Fraud that came true over the probability given. {highest}. The table beneath has the numbers.",
        across="it said",
        up="came true",
        ticks_across=[(_across(_log(share)), words) for share, words in _PERCENTS],
        ticks_up=[(_up(_log(share)), words) for share, words in _PERCENTS],
        tables=[_calibration_table(each) for each in models],
        lines=_lines(models, _calibration_places, has_dots=True),
        guide=(LEFT, BOTTOM, RIGHT, TOP),
        legend=_legend(models),
    )


def _calibration_places(curves: Curves) -> Places:
    return [
        (_across(_log(each["mean_probability"])), _up(_log(each["fraud_rate"]))) for each in curves["calibration"]
    ]


def _calibration_table(model: Measured) -> Table:
    rows = [
        (_fine(each["mean_probability"]), _fine(each["fraud_rate"]), f"{each['rows']:,}")
        for each in model.curves["calibration"]
    ]
    return Table(model.name, ("It said", "Came true", "Payments"), rows)


def _at_highest(curves: Curves) -> str:
    last = curves["calibration"][-1]
    return f"of the payments it gave {_fine(last['mean_probability'])}, {_fine(last['fraud_rate'])} were fraud"


def _distribution(model: Measured, *, is_named: bool) -> Plot:
    """Other payments upwards, fraud downwards, both by tens: else the few frauds would not be seen."""
    bins, score = model.curves["distribution"], model.score
    decades = _decades(bins)
    high = [each for each in bins if each["start"] >= 0.5]
    frauds, others = sum(each["frauds"] for each in high), sum(each["legitimate"] for each in high)
    return Plot(
        title=f"Its scores: {model.name}" if is_named else "How its scores spread",
        what="Upwards payments that were no fraud, downwards fraud. The counts go by tens.",
        words=f"Payments by {score}. From 0.5 on: {frauds:,} frauds and {others:,} others. The table beneath has the "
        "numbers.",
        across=score,
        up="payments",
        ticks_across=[(_across(share), words) for share, words in ((0, "0"), (0.5, "0.5"), (1, "1"))],
        ticks_up=_count_ticks(decades),
        tables=[_distribution_table(model)],
        bars=[bar for each in bins for bar in _bars(each, decades)],
        legend=(("one", "no fraud"), ("two", "fraud")),
    )


def _decades(bins: Sequence[Curves]) -> int:
    return max(1, math.ceil(math.log10(max(max(each["legitimate"], each["frauds"]) for each in bins) + 1)))


def _bars(score_bin: Curves, decades: int) -> list[tuple[str, float, float, float, float]]:
    x = _across(score_bin["start"])
    width = round(_across(score_bin["end"]) - x - 0.8, 1)
    up, down = (_height(score_bin[whose], decades) for whose in ("legitimate", "frauds"))
    bars = [("one", x, round(_MIDDLE - up, 1), width, up), ("two", x, _MIDDLE, width, down)]
    return [bar for bar in bars if bar[-1]]


def _count_ticks(decades: int) -> list[tuple[float, str]]:
    counts = [10**power for power in range(0, decades + 1, 2 if decades > 3 else 1)]
    ups = [(_MIDDLE - _height(count, decades), f"{count:,}") for count in counts[1:]]
    downs = [(_MIDDLE + _height(count, decades), f"{count:,}") for count in counts[1:]]
    return [*ups, (_MIDDLE, "0"), *downs]


def _height(count: int, decades: int) -> float:
    """On a scale by tens on which a single payment is seen too."""
    return round(_HALF * (math.log10(count) + _ONE) / (decades + _ONE), 1) if count else 0.0


def _distribution_table(model: Measured) -> Table:
    rows = [
        (f"{each['start']:.2f} to {each['end']:.2f}", f"{each['legitimate']:,}", f"{each['frauds']:,}")
        for each in model.curves["distribution"]
        if each["legitimate"] or each["frauds"]
    ]
    return Table(model.name, (model.score.capitalize(), "No fraud", "Fraud"), rows)


def _lines(
    models: Sequence[Measured], places_of: Callable[[Curves], Places], *, has_dots: bool = False
) -> list[Line]:
    lines = []
    for style, model in zip(_STYLES, models, strict=False):
        places = places_of(model.curves)
        points = "" if has_dots else " ".join(f"{x},{y}" for x, y in places)
        lines.append(Line(model.name, style, points, places if has_dots else ()))
    return lines


def _legend(models: Sequence[Measured]) -> list[tuple[str, str]]:
    return [(style, model.name) for style, model in zip(_STYLES, models, strict=False)] if len(models) > 1 else []


def _halves(place: Callable[[float], float]) -> list[tuple[float, str]]:
    return [(place(share), words) for share, words in ((0, "0"), (0.5, "50 %"), (1, "100 %"))]


def _across(share: float) -> float:
    return round(LEFT + share * (RIGHT - LEFT), 1)


def _up(share: float) -> float:
    return round(BOTTOM - share * (BOTTOM - TOP), 1)


def _log(share: float) -> float:
    """Where a probability lies from 0 to 1 on a scale by tens."""
    return 1 - math.log10(max(share, LOWEST)) / math.log10(LOWEST)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _fine(share: float) -> str:
    """With as many decimals as a small probability needs."""
    return f"{100 * share:.{1 if share >= 0.1 else 2 if share >= 0.01 else 3}f} %"
