"""Trained models by name. A row never changes but for its state; the files lie in MODEL_DIR/<version>/.

The database keeps one champion at most (model_one_champion). Decisions name their model by value, so a row may be
retired but history stays as it was.
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q


class ModelVersion(models.Model):
    class Kind(models.TextChoices):
        ISOLATION_FOREST = "isolation_forest"

    class State(models.TextChoices):
        CANDIDATE = "candidate"
        CHALLENGER = "challenger"
        CHAMPION = "champion"
        RETIRED = "retired"

    version = models.CharField(max_length=40, unique=True)
    kind = models.CharField(max_length=20, choices=Kind)
    catalogue_version = models.PositiveIntegerField()
    sha256 = models.CharField("SHA-256 of the model", max_length=64)
    metrics = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.CANDIDATE)
    created_at = models.DateTimeField()
    promoted_at = models.DateTimeField(null=True, blank=True)
    promoted_by = models.CharField(max_length=150, blank=True)  # a user's name, or the command that did it

    class Meta:
        ordering = ("-created_at", "-id")
        verbose_name = "model version"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("state",),
                condition=Q(state="champion"),
                name="model_one_champion",
                violation_error_code="state",
            ),
            models.CheckConstraint(name="model_sha256_shape", condition=Q(sha256__regex=r"^[0-9a-f]{64}$")),
            models.CheckConstraint(
                name="model_champion_was_promoted",
                condition=~Q(state="champion") | (Q(promoted_at__isnull=False) & ~Q(promoted_by="")),
            ),
        ]

    def __str__(self) -> str:
        return self.version
