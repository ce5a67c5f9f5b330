"""How a model fares: its days, inputs and alerts as plots with their tables, and the figures beside their bands."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString

from scoring.admin.plots import Plot, nice_above
from scoring.domain.drift import AlertDay, Reading, alert_rate
from scoring.domain.watch import SPREAD_DAYS, Bin, Day, calibration_sums
from scoring.models import ModelReading, ModelVersion
from scoring.selectors.model_days import days_of_model

DAYS_SHOWN = 56
INPUTS_SHOWN = 12
_FIGURES = {
    "alert_rate": "Alerts of the last day",
    "calibration": "Alerts that proved to be fraud",
    "review_precision": "Fraud among reviewed alerts",
    "forest_share": "Fraud that the forest alone gave",
    "matured_share": "Payments whose truth is known",
}


def panel(model: ModelVersion) -> SafeString:
    """For a page that loads sentinel/watch.css. Reads what was counted; nothing is counted here."""
    days = days_of_model(model)
    shown = days[-DAYS_SHOWN:]
    readings = list(model.readings.all())
    inputs = _inputs(readings)
    context = {
        "model": model,
        "is_supervised": model.is_supervised,
        "days": _day_rows(days)[-DAYS_SHOWN:][::-1],
        "alerts_plot": _alerts_plot(days) if len(shown) > 1 else "",
        "forest_plot": _forest_plot(shown) if len(shown) > 1 and model.is_supervised else "",
        "calibration": _calibration(days),
        "figures": [_figure(each) for each in readings if each.code in _FIGURES],
        "inputs": inputs[:INPUTS_SHOWN],
        "more_inputs": inputs[INPUTS_SHOWN:],
        "spread_days": SPREAD_DAYS,
        "out": [each for each in readings if each.out_since],
    }
    return render_to_string("admin/scoring/modelversion/how_it_fares.html", context)


def watch_view(model_admin: Any, request: HttpRequest, model_id: int) -> HttpResponse:
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    model = get_object_or_404(ModelVersion, pk=model_id)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": f"How {model.version} fares",
        "model": model,
        "panel": panel(model),
    }
    return TemplateResponse(request, "admin/scoring/modelversion/watch.html", context)


def _readings_by_day(days: Sequence[Day]) -> list[Reading]:
    """The alert rate of each day as it was read then."""
    told = [AlertDay(day.counts.payments, day.counts.alerts) for day in days]
    return [alert_rate(told[:place], each) for place, each in enumerate(told)]


def _has_band(reading: Reading) -> bool:
    return reading.value is not None


def _day_rows(days: Sequence[Day]) -> list[dict[str, Any]]:
    rows = []
    for day, reading in zip(days, _readings_by_day(days), strict=True):
        counts = day.counts
        rows.append(
            {
                "day": day.day,
                "counts": counts,
                "rate": _percent(_rate(day), 2),
                "band": f"{reading.low:.2%} to {reading.high:.2%}" if _has_band(reading) else "",
                "is_out": reading.has_left,
                "forest": _percent(_share(counts.forest_alerts, counts.alerts)),
                "known": _percent(_share(counts.matured, counts.due)),
            }
        )
    return rows


def _alerts_plot(days: Sequence[Day]) -> SafeString:
    """The band is that of each day, by the days before it, also by those that are not shown."""
    pairs = list(zip(days, _readings_by_day(days), strict=True))[-DAYS_SHOWN:]
    start = pairs[0][0].day
    places = [(day.day - start) / timedelta(days=1) for day, _ in pairs]
    rates = [_rate(day) for day, _ in pairs]
    banded = [(place, each) for place, (_, each) in zip(places, pairs, strict=True) if _has_band(each)]
    top = nice_above(max([*rates, *(each.high for _, each in banded)]))
    plot = Plot(places[-1], top)
    lower = [(place, each.low) for place, each in banded]
    upper = [(place, each.high) for place, each in banded]
    dots = [
        (place, rate, "out" if each.has_left else "in", f"{day.day:%-d %b}: {rate:.2%}")
        for place, rate, (day, each) in zip(places, rates, pairs, strict=True)
    ]
    parts = [plot.line(list(zip(places, rates, strict=True)), "rate"), plot.dots(dots)]
    if len(banded) > 1:
        parts.insert(0, plot.area(lower, upper, "band"))
    out = sum(each.has_left for _, each in banded)
    label = f"Alerts of {len(pairs)} days: {rates[-1]:.2%} on the last; {out} out of their band."
    return plot.drawn(label, parts, x_ends=_ends(pairs[0][0], pairs[-1][0]), y_words=f"{top * 100:g}%")


def _forest_plot(days: Sequence[Day]) -> SafeString:
    start = days[0].day
    points = [
        ((day.day - start) / timedelta(days=1), share)
        for day in days
        if (share := _share(day.counts.forest_alerts, day.counts.alerts)) is not None
    ]
    plot = Plot((days[-1].day - start) / timedelta(days=1), 1.0)
    last = f"{points[-1][1]:.0%} on the last day with any" if points else "there were none"
    label = f"The forest's share of the alerts, day by day: {last}."
    return plot.drawn(label, [plot.line(points, "forest")], x_ends=_ends(days[0], days[-1]), y_words="100%")


def _calibration(days: Sequence[Day]) -> dict[str, Any]:
    """Of all matured alerts that are kept, by tenth of the probability."""
    bins = [(place, each) for place, each in enumerate(calibration_sums(days)) if each[0]]
    rows = [_calibration_row(place, each) for place, each in bins]
    if not rows:
        return {}
    plot = Plot(1.0, 1.0)
    dots = [(row["promised"], row["kept"], "in", f"{row['alerts']:,} alerts") for row in rows]
    kept = [(row["promised"], row["kept"]) for row in rows]
    parts = [plot.line([(0, 0), (1, 1)], "ideal"), plot.line(kept, "rate"), plot.dots(dots)]
    label = "Share of fraud among matured alerts over their probability; the dashed line is what was promised."
    drawn = plot.drawn(label, parts, x_ends=("probability 0", "1"), y_words="100%")
    return {"plot": drawn, "rows": rows}


def _calibration_row(place: int, each: Bin) -> dict[str, Any]:
    alerts, probability_sum, _, frauds = each
    promised, kept = probability_sum / alerts, frauds / alerts
    return {
        "span": f"{place / 10:.1f} to {(place + 1) / 10:.1f}",
        "alerts": int(alerts),
        "promised": promised,
        "kept": kept,
        "promised_words": _percent(promised),
        "kept_words": _percent(kept),
    }


def _figure(reading: ModelReading) -> dict[str, Any]:
    return {"name": _FIGURES[reading.code], "words": reading.words, "is_out": bool(reading.out_since)}


def _inputs(readings: Sequence[ModelReading]) -> list[dict[str, Any]]:
    """Those whose stability index is highest first; those that are not measured last."""
    by_code = {each.code: each for each in readings}
    rows = []
    for code, reading in by_code.items():
        figure, _, name = code.partition(".")
        if figure == "stability":
            missing = by_code.get(f"missing.{name}")
            out = [each for each in (reading, missing) if each and each.out_since]
            rows.append(
                {
                    "name": name,
                    "index": reading.value,
                    "bar": round(min(reading.value or 0.0, 0.25) / 0.25 * 100, 1),
                    "missing": _percent(missing.value) if missing else "",
                    "is_out": bool(out),
                    "since": min((each.out_since for each in out if each.out_since), default=None),
                }
            )
    return sorted(rows, key=lambda row: (not row["is_out"], -1 * (row["index"] or -1.0), row["name"]))


def _ends(first: Day, last: Day) -> tuple[str, str]:
    return f"{first.day:%-d %b %Y}", f"{last.day:%-d %b %Y}"


def _rate(day: Day) -> float:
    return day.counts.alerts / day.counts.payments if day.counts.payments else 0.0


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _percent(share: float | None, decimals: int = 1) -> str:
    return "" if share is None else f"{share:.{decimals}%}"
