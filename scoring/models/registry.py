"""Trained models by name, what was measured of them, and which decided when. The files lie in MODEL_DIR/<version>/.

A row of the registry never changes but for its state, and the database keeps one champion of a family at most.
Nothing becomes the champion without a promotion; a trigger refuses one that neither the gate nor somebody with a
reason allowed.
Decisions name their model by value, so a row may be retired but history stays as it was.
"""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from scoring.domain.family_names import CARD_NAME, MOBILE_NAME

EVALUATION_SILENCE_MAX = timedelta(minutes=10)  # a run that was not heard of for so long has lost its worker


class ModelVersion(models.Model):
    class Family(models.TextChoices):
        CARD = CARD_NAME, "card payments"
        MOBILE = MOBILE_NAME, "mobile money"

    class Kind(models.TextChoices):
        ISOLATION_FOREST = "isolation_forest"
        LOGISTIC_REGRESSION = "logistic_regression"
        BOOSTED_TREES = "boosted_trees"

    class State(models.TextChoices):
        CANDIDATE = "candidate"
        CHALLENGER = "challenger"
        CHAMPION = "champion"
        RETIRED = "retired"

    version = models.CharField(max_length=40, unique=True)
    family = models.CharField(max_length=10, choices=Family, default=Family.CARD)
    kind = models.CharField(max_length=20, choices=Kind)
    catalogue_version = models.PositiveIntegerField()
    sha256 = models.CharField("SHA-256 of the manifest", max_length=64, help_text="It has those of the files.")
    manifest: Any = models.JSONField(help_text="As it was written beside the files.")
    state = models.CharField(max_length=10, choices=State, default=State.CANDIDATE)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("-created_at", "-id")
        verbose_name = "model version"
        permissions: ClassVar = [
            ("promote_modelversion", "Can promote, roll back and retire models"),
            ("override_gate", "Can promote a model that the gate refuses, with a reason"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("family",),
                condition=Q(state="champion"),
                name="model_one_champion",
                violation_error_code="state",
            ),
            models.CheckConstraint(
                name="model_version_names_family",
                condition=Q(family=MOBILE_NAME, version__startswith=f"{MOBILE_NAME}-")
                | Q(family=CARD_NAME) & ~Q(version__startswith=f"{MOBILE_NAME}-"),
            ),
            models.CheckConstraint(name="model_sha256_shape", condition=Q(sha256__regex=r"^[0-9a-f]{64}$")),
        ]

    def __str__(self) -> str:
        return self.version

    @property
    def is_supervised(self) -> bool:
        return self.kind != self.Kind.ISOLATION_FOREST

    @property
    def is_recorded(self) -> bool:
        """Whether the payments it reads are in the record: only those can be scored beside, watched and measured."""
        return self.family == self.Family.CARD

    @property
    def deciding_metrics(self) -> dict[str, Any]:
        """Measured in training, of what decides: the classifier where there is one. Empty without labels."""
        part = self.manifest.get("classifier") or self.manifest.get("forest") or {}
        metrics: dict[str, Any] = part.get("metrics", {})
        return metrics


class ModelEvaluation(models.Model):
    """What the gate said of a model beside the champion, on the same later payments.

    `lines` in the shape of scoring.domain.gate, `figures` by model; both as they were shown.
    """

    insert_only = True

    model = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="evaluations")
    champion = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    first_at = models.DateTimeField(help_text="Payments from here on …")
    until = models.DateTimeField(help_text="… to before this moment, all of them known by then or later.")
    payments = models.PositiveIntegerField()
    frauds = models.PositiveIntegerField()
    passed = models.BooleanField()
    needs_approval = models.BooleanField(
        default=False, help_text="The gate alone is not enough: a person must agree."
    )
    proposed_threshold = models.FloatField(
        null=True, help_text="Of the policy, so that as many payments are reviewed as now."
    )
    lines: Any = models.JSONField()
    figures: Any = models.JSONField()
    evaluated_by = models.CharField(max_length=150)
    evaluated_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.model} beside {self.champion}: {'passed' if self.passed else 'refused'}"


class EvaluationRun(models.Model):
    """That somebody asked for an evaluation, and how far its worker is. A message only wakes the worker: the row says
    who may run it. Finished, it never changes; what was measured is its `evaluation`.
    """

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    UNFINISHED = (State.QUEUED, State.RUNNING)

    model = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="evaluation_runs")
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    rows_done = models.PositiveIntegerField(default=0, help_text="Payments read so far.")
    evaluation = models.OneToOneField(ModelEvaluation, null=True, on_delete=models.PROTECT, related_name="run")
    failure = models.CharField(max_length=500, blank=True)
    asked_by = models.CharField(max_length=150)
    asked_at = models.DateTimeField()
    heard_at = models.DateTimeField(help_text="When it was asked for, or its worker was last heard of.")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("model",), condition=Q(state__in=("queued", "running")), name="evaluation_run_one_at_a_time"
            ),
            models.CheckConstraint(
                name="evaluation_run_says_what_came_of_it",
                condition=Q(state="done", evaluation__isnull=False, failure="", finished_at__isnull=False)
                | Q(state="failed", evaluation__isnull=True, finished_at__isnull=False) & ~Q(failure="")
                | Q(state__in=("queued", "running"), evaluation__isnull=True, failure="", finished_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"evaluation of {self.model}, {self.state}"

    @property
    def is_finished(self) -> bool:
        return self.state not in self.UNFINISHED

    def is_lost(self, now: datetime) -> bool:
        return not self.is_finished and self.heard_at < now - EVALUATION_SILENCE_MAX


class ModelPromotion(models.Model):
    """A model became the champion. The newest one says which."""

    insert_only = True

    model = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="promotions")
    replaced = models.ForeignKey(ModelVersion, null=True, on_delete=models.PROTECT, related_name="+")
    evaluation = models.ForeignKey(ModelEvaluation, null=True, on_delete=models.PROTECT, related_name="+")
    is_roll_back = models.BooleanField(default=False)
    override_reason = models.CharField(max_length=500, blank=True, help_text="Why the gate was overruled.")
    promoted_by = models.CharField(max_length=150)  # a user's name, or the command that did it
    promoted_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        constraints: ClassVar = [
            models.CheckConstraint(name="model_promotion_by_somebody", condition=~Q(promoted_by="")),
        ]

    def __str__(self) -> str:
        return f"{self.model} by {self.promoted_by}"


class ChallengerScore(models.Model):
    """What a challenger said of a payment that was decided without it."""

    insert_only = True

    # Of the payment, which lies in a partition: no constraint can point at it.
    transaction_id = models.UUIDField()
    model = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+", db_index=False)
    fraud_probability = models.FloatField(null=True)
    score_percentile = models.FloatField()

    class Meta:
        constraints: ClassVar = [
            # Also read by: what a challenger said of the payments of a time.
            models.UniqueConstraint(fields=("model", "transaction_id"), name="challenger_score_once"),
        ]

    def __str__(self) -> str:
        return f"{self.transaction_id} by {self.model_id}"
