"""What a model is and what was measured of it, as people read it. None is told as nothing measured, never as zero."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from ledger.admin.words import spaced
from scoring.models import ModelVersion
from scoring.serving.manifest import Manifest, Metrics, Window

NOT_MEASURED = "not measured"
# Figure -> its name, what it says, and how it is written.
FIGURES: Mapping[str, tuple[str, str, str]] = {
    "recall_at_half_percent": (
        "Fraud found at 0.5 %",
        "of all fraud, with one payment in 200 reviewed",
        "percent",
    ),
    "recall_at_one_percent": ("Fraud found at 1 %", "the same for one payment in 100", "percent"),
    "average_precision": ("Average precision", "1 ranks every fraud first; chance, the share of fraud", "share"),
    "card_precision_100": (
        "Card precision@100",
        "compromised among the 100 cards or accounts reviewed a day",
        "share",
    ),
    "auc": ("Area under the ROC curve", "the chance that a fraud scores above another payment", "share"),
    "calibration_error": ("Calibration error", "how far a probability is from what comes true; 0 is exact", "fine"),
    "brier": ("Brier score", "mean squared difference of probability and truth; 0 is exact", "fine"),
}
OF_PROBABILITY = frozenset({"calibration_error", "brier"})
LINE_WORDS = {
    "frauds": "Enough fraud",
    "window_later": "Later than all training",
    "window_matured": "The labels have arrived",
    "training_matured": "So had those it learned from",
    "training_frauds": "Enough fraud learned from",
    "average_precision": "Ranks fraud no worse",
    "card_precision": "Finds as many cards",
    "recall": "Finds as much fraud",
    "calibration": "Its probabilities come true",
    "alerts": "As much work for reviewers",
    "segment.new_accounts": "No worse on new accounts",
    "segment.night": "No worse at night",
    "segment.high_amounts": "No worse on high amounts",
    "parity": "Serves as it was trained",
    "latency": "Fast enough",
    "inputs": "Reads what is computed",
    "leak.model": "Not too good to be true",
    "leak.input": "Nor is any input",
}


def manifest_read(model: ModelVersion) -> Manifest | None:
    """None for one of an earlier form, of which nothing is known any more."""
    try:
        return Manifest.model_validate(model.manifest)
    except ValidationError:
        return None


def figure_words(value: float | int | None, how: str) -> str:
    if value is None:
        return NOT_MEASURED
    return {"percent": f"{value:.1%}".replace("%", " %"), "share": f"{value:.3f}", "fine": f"{value:.4f}"}[how]


def figure_rows(*columns: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row for each figure that any of the columns has."""
    return [
        {"name": name, "what": what, "values": [_told(column, key, how) for column in columns]}
        for key, (name, what, how) in FIGURES.items()
        if any(column.get(key) is not None for column in columns)
    ]


def _told(column: Mapping[str, Any], key: str, how: str) -> str:
    """What gives no probability has none of its figures, however much was measured."""
    is_measured = column.get("auc") is not None
    if key in OF_PROBABILITY and column.get(key) is None and is_measured:
        return "no probability"
    return figure_words(column.get(key), how)


def model_sentence(manifest: Manifest) -> str:
    return f"{_learned(manifest)} {_found(manifest)}"


def _learned(manifest: Manifest) -> str:
    part = manifest.classifier or manifest.forest
    span = f"{part.training.rows:,} payments from {window_words(part.training)}"
    if manifest.classifier is None:
        return f"An isolation forest that learned from {span} what is usual; nobody told it what was fraud."
    kind = spaced(manifest.kind)
    frauds = part.training.frauds or 0
    return f"{kind[0].upper()}{kind[1:]} that learned from {frauds:,} frauds among {span}, with a forest beside."


def _found(manifest: Manifest) -> str:
    metrics = (manifest.classifier or manifest.forest).metrics
    found, by_amount = metrics.get("recall_at_half_percent"), manifest.baseline.get("recall_at_half_percent")
    if found is None or by_amount is None:
        return "How much fraud it finds was not measured."
    return (
        f"When one later payment in 200 is reviewed, it finds {_percent(found)} of the fraud; sorting by amount "
        f"finds {_percent(by_amount)}."
    )


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def window_words(window: Window) -> str:
    start, end = (datetime.fromisoformat(each) for each in (window.start, window.end))
    return f"{start:%-d %b %Y} to {end:%-d %b %Y}"


def windows(manifest: Manifest) -> list[dict[str, str]]:
    """What each part learned from, and what was measured on."""
    parts = [("The forest learned from", manifest.forest.training)]
    if manifest.classifier:
        parts.append((f"The {spaced(manifest.kind)} learned from", manifest.classifier.training))
    return [
        {
            "name": name,
            "span": window_words(window),
            "payments": f"{window.rows:,}",
            "frauds": NOT_MEASURED if window.frauds is None else f"{window.frauds:,}",
        }
        for name, window in (*parts, ("Measured on", manifest.measured))
    ]


def metrics_columns(manifest: Manifest) -> list[tuple[str, Metrics]]:
    """The figures of the same payments: of what decides, of the forest beside it, of the amount alone."""
    columns = [("The forest", manifest.forest.metrics), ("Sorted by amount", manifest.baseline)]
    if manifest.classifier:
        columns.insert(0, ("This model", manifest.classifier.metrics))
    return columns


def line_words(code: str) -> str:
    return LINE_WORDS.get(code, code.rpartition(".")[2].replace("_", " "))
