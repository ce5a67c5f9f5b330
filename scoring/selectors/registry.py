"""The registry as people look at it: what is told of each model, and where one stands beside the champion."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import JSONField, OuterRef, QuerySet, Subquery
from django.db.models.fields.json import KT, KeyTransform
from django.db.models.functions import Coalesce

from scoring.models import EvaluationRun, ModelEvaluation, ModelPromotion, ModelVersion
from scoring.selectors.models import champion_row

_State = ModelVersion.State


def models_described() -> QuerySet[Any]:
    """Without their manifests, which are long, but with what lists tell: `metrics` and `training` of what decides,
    `learned_frauds`, what the gate said beside the present champion, and the last promotion.
    """
    beside_champion = ModelEvaluation.objects.filter(model=OuterRef("pk"), champion__state=_State.CHAMPION)
    promotion = ModelPromotion.objects.filter(model=OuterRef("pk"))
    return ModelVersion.objects.defer("manifest").annotate(
        metrics=_of_what_decides("metrics"),
        training=_of_what_decides("training"),
        learned_frauds=KT("manifest__classifier__training__frauds"),
        gate_passed=Subquery(beside_champion.values("passed")[:1]),
        gate_needs_approval=Subquery(beside_champion.values("needs_approval")[:1]),
        promoted_at=Subquery(promotion.values("promoted_at")[:1]),
        promoted_by=Subquery(promotion.values("promoted_by")[:1]),
    )


def _of_what_decides(key: str) -> Coalesce:
    """Of the classifier where there is one."""
    parts = (KeyTransform(key, KeyTransform(part, "manifest")) for part in ("classifier", "forest"))
    return Coalesce(*parts, output_field=JSONField())


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a model is: beside which champion of its family, what the gate said last of the two, and whether it is
    asked again.

    `before` is the model that the champion replaced: the one a roll-back leads to.
    """

    champion: ModelVersion | None
    before: ModelVersion | None
    evaluation: ModelEvaluation | None
    run: EvaluationRun | None
    is_run_lost: bool

    @property
    def is_under_way(self) -> bool:
        return self.run is not None and not self.run.is_finished and not self.is_run_lost

    @property
    def passed(self) -> bool:
        """Nothing at the gate stands in the way."""
        return self.champion is None or (self.evaluation is not None and self.evaluation.passed)


def model_standing(model: ModelVersion, now: datetime) -> Standing:
    champion = champion_row(model.family)
    newest = ModelPromotion.objects.select_related("replaced").filter(model__family=model.family).first()
    run = model.evaluation_runs.first()
    return Standing(
        champion=champion,
        before=newest.replaced if newest else None,
        evaluation=model.evaluations.filter(champion=champion).first() if champion else None,
        run=run,
        is_run_lost=run is not None and run.is_lost(now),
    )
