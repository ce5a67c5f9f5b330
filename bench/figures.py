"""The arithmetic of the report: percentiles, medians over rounds, ratios within a round. Pure."""

from collections.abc import Mapping, Sequence
from statistics import median

Rounds = Mapping[str, Sequence[Mapping[str, float]]]  # name -> the figures of each round, None where unavailable

# Name -> (scenario, figure, scenario, figure): the first over the second.
RATIOS = {
    "single_vs_stock_hello": ("single", "per_second", "stock-hello", "per_second"),
    "single_vs_lean_hello": ("single", "per_second", "lean-hello", "per_second"),
    "group_vs_one_commit": ("single", "per_second", "single-one-commit", "per_second"),
    "bulk_vs_single": ("bulk", "per_second", "single", "per_second"),
    "score_vs_bulk": ("score", "per_second", "bulk", "per_second"),
    "nginx_vs_direct_p50": ("nginx-8", "p50_ms", "direct-8", "p50_ms"),
    "nginx_vs_direct_speed": ("nginx", "per_second", "direct", "per_second"),
    "nginx_two_vs_one": ("nginx-two", "per_second", "nginx", "per_second"),
    "nginx_four_vs_one": ("nginx-four", "per_second", "nginx", "per_second"),
    "model_vs_sklearn": ("model", "sklearn_us", "model", "us_per_row"),
}
# Not ratios, but wanted beside them: name -> (scenario, figure).
PLAIN = {"rules_us_50": ("rules", "us_50"), "rules_us_200": ("rules", "us_200")}


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of all does not exceed; nan of nothing."""
    if not values:
        return float("nan")
    ranked = sorted(values)
    place = -(-len(ranked) * share // 1)  # rounded up
    return ranked[max(0, int(place) - 1)]


def medians(rounds: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: median(one[name] for one in rounds) for name in (rounds[0] if rounds else ())}


def spreads(rounds: Sequence[Mapping[str, float]]) -> dict[str, list[float]]:
    """Lowest and highest of each figure."""
    names = rounds[0] if rounds else ()
    return {name: [min(one[name] for one in rounds), max(one[name] for one in rounds)] for name in names}


def ratios(rounds: Rounds) -> dict[str, float | None]:
    """The median over the rounds of each ratio, taken within one round: what disturbs a round disturbs both sides.

    None where one side was not measured.
    """
    found = {name: ratio_rounds(name, rounds) for name in RATIOS}
    plain = {name: [one[figure] for one in rounds.get(of, ())] for name, (of, figure) in PLAIN.items()}
    return {name: median(values) if values else None for name, values in (found | plain).items()}


def ratio_rounds(name: str, rounds: Rounds) -> list[float]:
    above, figure_above, below, figure_below = RATIOS[name]
    pairs = zip(rounds.get(above, ()), rounds.get(below, ()), strict=False)
    return [one[figure_above] / other[figure_below] for one, other in pairs if other[figure_below]]
