"""What a version of a rule would have done: asked for, worked off by a worker, and kept as it was found.

A row is a work table until it is done; from then on a trigger refuses every change.
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from rules.models.rules import RuleVersion

DAYS_MAX = 366


class Simulation(models.Model):
    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        STOPPED = "stopped"
        FAILED = "failed"

    version = models.ForeignKey(RuleVersion, on_delete=models.PROTECT, related_name="simulations")
    days = models.PositiveSmallIntegerField()
    span_start = models.DateTimeField(help_text="Payments that occurred from here …")
    span_end = models.DateTimeField(help_text="… until before here.")
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    rows_done = models.BigIntegerField(default=0)
    rows_estimated = models.BigIntegerField(default=0)
    result = models.JSONField(null=True)
    error = models.CharField(max_length=500, blank=True)
    stop_requested = models.BooleanField(default=False)
    requested_by = models.CharField(max_length=150)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    # Which start this is, and when its worker was last heard of: a worker that died is replaced by another start.
    attempt = models.PositiveSmallIntegerField(default=0)
    heartbeat_at = models.DateTimeField(null=True)

    UNFINISHED = (State.QUEUED, State.RUNNING)

    class Meta:
        ordering = ("-id",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("version",), condition=Q(state__in=("queued", "running")), name="simulation_one_at_a_time"
            ),
            models.CheckConstraint(
                name="simulation_state_known",
                condition=Q(state__in=("queued", "running", "done", "stopped", "failed")),
            ),
            models.CheckConstraint(name="simulation_days", condition=Q(days__gte=1, days__lte=DAYS_MAX)),
            models.CheckConstraint(
                name="simulation_has_result_when_done",
                condition=Q(state="done", result__isnull=False) | (~Q(state="done") & Q(result__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"simulation of {self.version} over {self.days} days"

    @property
    def is_finished(self) -> bool:
        return self.state not in self.UNFINISHED

    @property
    def share_done(self) -> float:
        """From 0 to 1, by the planner's guess of the rows there are."""
        return min(1.0, self.rows_done / self.rows_estimated) if self.rows_estimated else 0.0
