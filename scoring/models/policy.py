"""The policy: thresholds on scores. What each version says, who approved it, and which versions decide since when.

Versions and releases are insert-only. The newest release says which version is live, which is on trial, and which an
emergency let in. A trigger refuses a release of a version that nobody but its author approved.
"""

from datetime import timedelta
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q

from rules.domain.stages import SHARE_PERCENT_MAX, Stage
from scoring.domain.policy_releases import Release

EMERGENCY_HOURS_MAX = 24


class PolicyVersion(models.Model):
    """One policy as somebody wrote it. `thresholds` is in the shape of scoring.domain.policy_json."""

    insert_only = True

    number = models.PositiveIntegerField(primary_key=True)
    thresholds: Any = models.JSONField()
    note = models.CharField(max_length=500, blank=True)
    author = models.CharField(max_length=150)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("-number",)
        permissions: ClassVar = [
            ("publish_policy", "Can approve, publish and roll back policies"),
            ("break_glass_policy", "Can let a tighter policy decide at once, for some hours"),
        ]

    def __str__(self) -> str:
        return f"policy {self.number}"


class PolicyRequest(models.Model):
    """Asks that a version be published. Once decided it never changes."""

    class State(models.TextChoices):
        OPEN = "open"
        APPROVED = "approved"
        REFUSED = "refused"
        WITHDRAWN = "withdrawn"

    version = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="requests")
    note = models.CharField(max_length=500, blank=True)
    asked_by = models.CharField(max_length=150)
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    decided_by = models.CharField(max_length=150, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_note = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("version",), condition=Q(state="open"), name="policy_request_one_open_per_version"
            ),
            models.CheckConstraint(
                name="policy_request_open_or_decided",
                condition=Q(state="open", decided_by="", decided_at__isnull=True)
                | (~Q(state="open") & ~Q(decided_by="") & Q(decided_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="policy_request_decided_by_a_colleague",
                condition=Q(state__in=["open", "withdrawn"]) | ~Q(decided_by=F("asked_by")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version}, {self.state}"

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN


class PolicyRelease(models.Model):
    """Which versions decide from `published_at` until the next number."""

    insert_only = True

    number = models.PositiveIntegerField(primary_key=True)
    live = models.ForeignKey(PolicyVersion, null=True, on_delete=models.PROTECT, related_name="+")
    trial = models.ForeignKey(PolicyVersion, null=True, on_delete=models.PROTECT, related_name="+")
    trial_stage = models.CharField(max_length=10, blank=True, choices=[("shadow", "shadow"), ("canary", "canary")])
    share_percent = models.PositiveSmallIntegerField(null=True, help_text="Of the accounts, for a canary.")
    emergency = models.ForeignKey(PolicyVersion, null=True, on_delete=models.PROTECT, related_name="+")
    emergency_until = models.DateTimeField(null=True, help_text="Let in by break-glass, until then.")
    note = models.CharField(max_length=500, blank=True)
    published_by = models.CharField(max_length=150)
    published_at = models.DateTimeField()
    restores = models.PositiveIntegerField(null=True, help_text="The number it went back to.")

    class Meta:
        ordering = ("-number",)
        constraints: ClassVar = [
            models.CheckConstraint(name="policy_release_counts_from_1", condition=Q(number__gte=1)),
            models.CheckConstraint(
                name="policy_release_trial_has_stage",
                condition=Q(trial__isnull=True, trial_stage="")
                | Q(trial__isnull=False, trial_stage__in=[Stage.SHADOW.value, Stage.CANARY.value]),
            ),
            models.CheckConstraint(
                name="policy_release_canary_has_share",
                condition=Q(
                    trial_stage=Stage.CANARY.value,
                    share_percent__isnull=False,  # else the check would be neither true nor false, and pass
                    share_percent__range=(1, SHARE_PERCENT_MAX),
                )
                | (~Q(trial_stage=Stage.CANARY.value) & Q(share_percent__isnull=True)),
            ),
            models.CheckConstraint(
                name="policy_release_trial_is_not_live",
                condition=Q(live__isnull=True) | Q(trial__isnull=True) | ~Q(trial=F("live")),
            ),
            models.CheckConstraint(
                name="policy_release_emergency_within_a_day",
                condition=Q(emergency__isnull=True, emergency_until__isnull=True)
                | Q(
                    emergency__isnull=False,
                    emergency_until__isnull=False,
                    emergency_until__gt=F("published_at"),
                    emergency_until__lte=F("published_at") + timedelta(hours=EMERGENCY_HOURS_MAX),
                ),
            ),
            models.CheckConstraint(
                name="policy_release_emergency_has_reason", condition=Q(emergency__isnull=True) | ~Q(note="")
            ),
        ]

    def __str__(self) -> str:
        return f"policy release {self.number}"

    @property
    def release(self) -> Release:
        return Release(
            live=self.live_id,
            trial=self.trial_id,
            trial_stage=Stage(self.trial_stage) if self.trial_stage else None,
            share_percent=self.share_percent,
            emergency=self.emergency_id,
            emergency_until=self.emergency_until,
        )


class PolicySimulation(models.Model):
    """What a version would have done with the payments of some days, from their stored scores. Kept with it.

    `figures` is in the shape of scoring.domain.policy_figures. Finished, it never changes.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    version = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="simulations")
    compared_with = models.PositiveIntegerField(help_text="The version that was live; 0 for none.")
    first_at = models.DateTimeField(help_text="Payments from here on …")
    until = models.DateTimeField(help_text="… to before this moment.")
    is_of_trial = models.BooleanField(default=False, help_text="Of the days on trial so far, not of days before.")
    asked_by = models.CharField(max_length=150)
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    done_percent = models.PositiveSmallIntegerField(default=0)
    finished_at = models.DateTimeField(null=True, blank=True)
    figures: Any = models.JSONField(null=True, blank=True)
    failure = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints: ClassVar = [
            models.CheckConstraint(name="policy_simulation_ends_later", condition=Q(until__gt=F("first_at"))),
            models.CheckConstraint(
                name="policy_simulation_done_has_figures", condition=~Q(state="done") | Q(figures__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"simulation of {self.version}, {self.state}"

    @property
    def is_finished(self) -> bool:
        return self.state in (self.State.DONE, self.State.FAILED)
