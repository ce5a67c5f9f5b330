"""What the page of one model shows: what it is, its way, the next steps, what was measured, and who did what."""

from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone

from ledger.models import AuditEntry
from scoring.admin.evaluation_page import verdict_words
from scoring.admin.model_importances import importances_shown
from scoring.admin.model_plots import Measured, plots_of
from scoring.admin.model_steps import steps_possible
from scoring.admin.model_words import (
    figure_rows,
    manifest_read,
    metrics_columns,
    model_sentence,
    windows,
)
from scoring.models import ModelEvaluation, ModelPromotion, ModelVersion
from scoring.selectors.registry import Standing, model_standing
from scoring.serving.artefact import MANIFEST_FILE, PIPELINE_FILE
from scoring.serving.manifest import Manifest

SHOWN = 30


def model_page(model: ModelVersion, user: Any) -> dict[str, Any]:
    standing, manifest = model_standing(model, timezone.now()), manifest_read(model)
    return {
        "model": model,
        "way": [(state.value, state == model.state) for state in ModelVersion.State],
        "standing": standing,
        "verdict": verdict_words(standing.evaluation) if standing.evaluation else "",
        "steps": steps_possible(model, standing, user),
        "manifest": manifest,
        **(_described(manifest) if manifest else {}),
        "evaluations": _evaluations(model),
        "promotions": _promotions(model),
        "history": _history(model) if user.has_perm("ledger.view_auditentry") else None,
    }


def _described(manifest: Manifest) -> dict[str, Any]:
    columns = metrics_columns(manifest)
    return {
        "sentence": model_sentence(manifest),
        "windows": windows(manifest),
        "figure_heads": [name for name, _ in columns],
        "figures": figure_rows(*(metrics for _, metrics in columns)),
        "plots": plots_of([Measured("This model", manifest.curves, manifest.classifier is not None)]),
        "importances": importances_shown(manifest),
        "trained_at": datetime.fromisoformat(manifest.trained_at),
        "files": _files(manifest),
        "parameters": _parameters(manifest),
    }


def _files(manifest: Manifest) -> list[dict[str, str]]:
    """Name, what for, size and hash of all that lies in the model's folder."""
    served = [
        {"name": name, "what": "serves", "size": f"{part.bytes / 1000:,.0f} kB", "sha256": part.sha256}
        for name, part in manifest.parts.items()
    ]
    kept = {"name": PIPELINE_FILE, "what": "for data scientists; never loaded by the service", "size": ""}
    return [
        {"name": MANIFEST_FILE, "what": "what this page tells, signed", "size": "", "sha256": manifest.sha256},
        *served,
        {**kept, "sha256": manifest.pipeline_sha256},
    ]


def _parameters(manifest: Manifest) -> list[tuple[str, str]]:
    parts = [("forest", manifest.forest), ("classifier", manifest.classifier)]
    return [
        (f"{name}: {key.replace('_', ' ')}", f"{value:,}")
        for name, part in parts
        if part
        for key, value in part.parameters.items()
    ]


def _evaluations(model: ModelVersion) -> list[ModelEvaluation]:
    """Without what is long."""
    found = model.evaluations.select_related("champion").defer("lines", "figures", "champion__manifest")
    return list(found[:SHOWN])


def _promotions(model: ModelVersion) -> list[dict[str, Any]]:
    """When it became the champion and when it was replaced, the newest first."""
    found = ModelPromotion.objects.filter(Q(model=model) | Q(replaced=model))
    found = found.select_related("model", "replaced").defer("model__manifest", "replaced__manifest")
    return [{"row": each, "words": _promotion_words(each, model)} for each in found[:SHOWN]]


def _promotion_words(promotion: ModelPromotion, model: ModelVersion) -> str:
    is_back = promotion.is_roll_back
    if promotion.model_id != model.pk:
        return f"rolled back to {promotion.model}" if is_back else f"replaced by {promotion.model}"
    if promotion.replaced is None:
        return "promoted, the first champion"
    how = "brought back in the place of" if is_back else "promoted in the place of"
    return f"{how} {promotion.replaced}{', against the gate' if promotion.override_reason else ''}"


def _history(model: ModelVersion) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(subject=f"model {model.version}").order_by("-id")[:SHOWN])


def step_facts(name: str, model: ModelVersion, standing: Standing) -> dict[str, Any]:
    """What the confirm page of a step shows of what will change."""
    evaluation = standing.evaluation
    if name == "roll-back":
        return {"comes": standing.before, "goes": standing.champion}
    if name not in ("promote", "override"):
        return {}
    return {
        "comes": model,
        "goes": standing.champion,
        "evaluation": evaluation,
        "verdict": verdict_words(evaluation) if evaluation else "",
        "refused": [line["words"] for line in evaluation.lines if not line["passed"]] if evaluation else [],
        "threshold": evaluation.proposed_threshold if evaluation else None,
    }
