"""What the gate said of a model beside a champion: every line in words, and both models' figures side by side."""

from typing import Any

from scoring.admin.model_plots import Measured, plots_of
from scoring.admin.model_words import figure_rows, line_words
from scoring.models import ModelEvaluation, ModelVersion


def evaluation_page(evaluation: ModelEvaluation) -> dict[str, Any]:
    both = (evaluation.model, evaluation.champion)
    figures = [evaluation.figures.get(each.version, {}) for each in both]
    return {
        "evaluation": evaluation,
        "verdict": verdict_words(evaluation),
        "lines": [{**line, "name": line_words(line["code"])} for line in evaluation.lines],
        "heads": [evaluation.model.version, f"{evaluation.champion.version}, the champion then"],
        "figures": figure_rows(*figures),
        "plots": plots_of(
            [
                Measured(each.version, told.get("curves", {}), each.is_supervised)
                for each, told in zip(both, figures, strict=True)
            ]
        ),
        "is_present": evaluation.champion.state == ModelVersion.State.CHAMPION,
    }


def verdict_words(evaluation: ModelEvaluation) -> str:
    """One sentence: how it came out, and what is left to a person."""
    refused = [line_words(line["code"]) for line in evaluation.lines if not line["passed"]]
    if not evaluation.passed:
        return f"Refused at {len(refused)} of {len(evaluation.lines)} lines: {'; '.join(refused).lower()}."
    if evaluation.needs_approval:
        return "Passed, if a person answers for it: there is too little fraud yet for the gate alone."
    return f"Passed at all {len(evaluation.lines)} lines."


def verdict_badge(passed: bool | None, needs_approval: bool | None) -> str:
    """One word or two for a list."""
    if passed is None:
        return ""
    if not passed:
        return "refused"
    return "needs a person" if needs_approval else "passed"
