"""What was measured, as one JSON object and as a table for people."""

import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from bench.figures import RATIOS, medians, ratio_rounds, ratios, spreads
from bench.run import Results
from bench.scenarios import FDATASYNC

_LIBRARIES = ("django", "djangorestframework", "adrf", "uvicorn", "uvloop", "gunicorn", "psycopg", "redis",
              "orjson", "onnxruntime", "scikit-learn", "numpy")  # fmt: skip
_CPU = "cpu_us."


def as_json(results: Results, *, service_versions: Mapping[str, str], options: Mapping[str, Any]) -> dict[str, Any]:
    """The whole result. See bench/README.md for what each part means."""
    measured = {name: rounds for name, rounds in results.rounds.items() if rounds}
    return {
        "scenarios": _scenarios(results),
        "ratios": {name: value and _rounded(value) for name, value in ratios(measured).items()},
        FDATASYNC: {name: _rounded(value) for name, value in medians(measured.get(FDATASYNC, [])).items()},
        "correctness": {"loads_checked": results.checked, "violations": results.violations},
        **results.extra,
        "errors": results.error_words,
        "noise": {name: _rounded_pairs(spreads(rounds)) for name, rounds in measured.items()}
        | {"ratios": _ratio_noise(measured)},
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in _LIBRARIES},
            **service_versions,
        },
        "machine": {"cores": os.cpu_count(), "system": platform.platform(), "foreign_share": _foreign(measured)},
        "options": dict(options),
    }


def _scenarios(results: Results) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, rounds in results.rounds.items():
        if rounds and name != FDATASYNC:
            found[name] = _scenario(medians(rounds), len(rounds))
            if "per_second" in rounds[0]:
                found[name] |= {"errors": results.errors[name], "outcomes": _shares(results.outcomes[name])}
    return found | {name: {"unavailable": words} for name, words in results.unavailable.items()}


def _scenario(figures: Mapping[str, float], rounds: int) -> dict[str, Any]:
    plain = {name: _rounded(value) for name, value in figures.items() if not name.startswith(_CPU)}
    cpu = {name.removeprefix(_CPU): round(value, 1) for name, value in figures.items() if name.startswith(_CPU)}
    return plain | ({"cpu_us": cpu} if cpu else {}) | {"rounds": rounds}


def _rounded(value: float) -> float:
    return round(value, 1) if value >= 100 else round(value, 4)


def _shares(counted: Mapping[str, int]) -> dict[str, float]:
    total = sum(counted.values())
    return {name: round(number / total, 4) for name, number in sorted(counted.items())}


def _ratio_noise(rounds: Mapping[str, Any]) -> dict[str, list[float]]:
    found = {name: ratio_rounds(name, rounds) for name in RATIOS}
    return _rounded_pairs({name: [min(values), max(values)] for name, values in found.items() if values})


def _rounded_pairs(pairs: Mapping[str, list[float]]) -> dict[str, list[float]]:
    return {name: [_rounded(value) for value in pair] for name, pair in pairs.items()}


def _foreign(rounds: Mapping[str, Any]) -> dict[str, float] | None:
    """The share of all cores that neither the bench nor what it measures used."""
    figures = [one for of_scenario in rounds.values() for one in of_scenario]
    shares = [one["foreign_share"] for one in figures if "foreign_share" in one]
    return {"mean": sum(shares) / len(shares), "max": max(shares)} if shares else None


# -- for people


def as_table(result: Mapping[str, Any]) -> str:
    parts = [_load_table(result), _in_process_lines(result), _ratio_lines(result), _closing_lines(result)]
    return "\n\n".join(part for part in parts if part)


def _load_table(result: Mapping[str, Any]) -> str:
    rows = [("scenario", "per second", "p50 ms", "p99 ms", "CPU µs: web", "postgres", "redis", "load", "errors")]
    for name, figures in result["scenarios"].items():
        if "per_second" in figures:
            cpu = figures.get("cpu_us", {})
            costs = (_number(cpu.get(of)) for of in ("web", "postgres", "redis", "load"))
            speed = (_number(figures[of]) for of in ("per_second", "p50_ms", "p99_ms"))
            rows.append((name, *speed, *costs, str(figures["errors"])))
        elif "unavailable" in figures:
            rows.append((name, figures["unavailable"], *[""] * 7))
    return table(rows) if len(rows) > 1 else ""


def table(rows: Sequence[tuple[str, ...]]) -> str:
    """The first column to the left, the others to the right; a long cell may run on into empty ones."""
    widths = [max((len(row[place]) for row in rows if any(row[2:])), default=0) for place in range(len(rows[0]))]
    widths[0] = max(len(row[0]) for row in rows)
    lines = []
    for row in rows:
        cells = [f"{row[0]:<{widths[0]}}"]
        cells += [f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _in_process_lines(result: Mapping[str, Any]) -> str:
    scenarios, lines = result["scenarios"], []
    if "us_50" in scenarios.get("rules", {}):
        rules = scenarios["rules"]
        lines.append(f"rules: {rules['us_50']:.2f} µs a payment with 50, {rules['us_200']:.2f} µs with 200")
    if "us_per_row" in scenarios.get("model", {}):
        model = scenarios["model"]
        pair = f"{model['us_per_row']:.2f} µs a row of 64; scikit-learn one row {model['sklearn_us']:,.0f} µs"
        lines.append(f"model: {pair}")
    for name, figures in scenarios.items():
        if wal := figures.get("wal_bytes"):
            stored = figures["stored_bytes"]
            lines.append(f"{name}: {wal:,.0f} bytes of write-ahead log and {stored:,.0f} stored bytes an item")
    if disk := result.get(FDATASYNC):
        lines.append(f"fdatasync of 4 KiB: p50 {disk['p50_ms']:.2f} ms, p99 {disk['p99_ms']:.2f} ms")
    return "\n".join(lines)


def _ratio_lines(result: Mapping[str, Any]) -> str:
    noise = result["noise"]["ratios"]
    rows = [("ratio", "median", "lowest", "highest")]
    for name, value in result["ratios"].items():
        if value is not None and name in noise:
            rows.append((name, _number(value), *map(_number, noise[name])))
    return table(rows) if len(rows) > 1 else ""


def _closing_lines(result: Mapping[str, Any]) -> str:
    found = result["correctness"]
    lines = [f"correctness: {found['loads_checked']} loads checked, {len(found['violations'])} violations"]
    lines += [f"  {words}" for words in found["violations"][:20]]
    lines += [f"error: {words}" for words in result["errors"][:20]]
    if foreign := result["machine"]["foreign_share"]:
        lines.append(
            f"machine: {result['machine']['cores']} cores, of which others used "
            f"{foreign['mean']:.0%} on average and {foreign['max']:.0%} at most"
        )
    return "\n".join(lines)


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
