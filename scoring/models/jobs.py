"""Files that are scored: work rows. What they were scored with and what came out stays until the results expire."""

from typing import ClassVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q

from sentinel.api.models import GatewayClient
from sentinel.core.ids import public_id


class ScoreJob(models.Model):
    """One file. `lease_token` and `lease_until` belong to whoever checks, splits or finishes it; the scoring of its
    parts has leases of its own. `attempts` counts those who began the present step.
    """

    class State(models.TextChoices):
        UPLOADED = "uploaded", "waiting to be checked"
        CHECKED = "checked", "checked"
        SPLITTING = "splitting", "being split"
        SCORING = "scoring", "being scored"
        FINISHING = "finishing", "being put together"
        DONE = "done", "done"
        PAUSED = "paused", "paused"
        CANCELLED = "cancelled", "cancelled"
        FAILED = "failed", "failed"
        EXPIRED = "expired", "expired"

    id = models.UUIDField(primary_key=True)  # UUIDv7: in the order of time
    state = models.CharField(max_length=20, choices=State, default=State.UPLOADED)
    # Whose accounts and mode it is scored with; without a client those of the bank itself.
    client = models.ForeignKey(GatewayClient, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    livemode = models.BooleanField()
    made_by = models.CharField("by", max_length=150)
    is_local = models.BooleanField(default=False)  # worked at by the command that made it, not by workers
    starts_by_itself = models.BooleanField(default=False)
    file_name = models.CharField("file", max_length=200)
    file_sha256 = models.CharField("SHA-256", max_length=64)
    size_bytes = models.BigIntegerField(help_text="As it was sent.")
    unpacked_bytes = models.BigIntegerField()
    header = models.JSONField(default=list)
    reading = models.JSONField(default=dict)
    checked = models.JSONField(default=dict, encoder=DjangoJSONEncoder)  # what the dry run found
    rows = models.BigIntegerField(null=True)  # known once it is split
    error = models.TextField(blank=True)
    # What it is scored with, fixed when it starts.
    ruleset_version = models.IntegerField(null=True)
    policy_version = models.IntegerField(null=True)
    model_version = models.CharField(max_length=60, null=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    # For the rate: since when it is being scored without a pause, and what was done before.
    resumed_at = models.DateTimeField(null=True)
    rows_at_resume = models.BigIntegerField(default=0)
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    summary = models.JSONField(default=dict)
    results_name = models.CharField(max_length=200, blank=True)  # in the storage

    class Meta:
        verbose_name = "scored file"
        ordering: ClassVar = ("-id",)
        indexes: ClassVar = [models.Index(F("client"), F("id").desc(), name="score_job_of_client")]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="score_job_done_has_results", condition=~Q(state="done") | (~Q(results_name="") & Q(rows__gt=0))
            ),
            models.CheckConstraint(
                name="score_job_started_is_fixed",
                condition=Q(state__in=["uploaded", "checked", "cancelled", "failed", "expired"])
                | Q(started_at__isnull=False, ruleset_version__isnull=False, policy_version__isnull=False),
            ),
            models.CheckConstraint(name="score_job_failed_says_why", condition=~Q(state="failed") | ~Q(error="")),
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def public_id(self) -> str:
        return public_id("job", self.id)


class JobPart(models.Model):
    """Rows of some accounts. Its results count once it is done, and a trigger keeps it as it is then."""

    job = models.ForeignKey(ScoreJob, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=200)  # in the storage
    rows = models.BigIntegerField()
    rows_done = models.BigIntegerField(default=0)
    is_done = models.BooleanField(default=False)
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)
    results_name = models.CharField(max_length=200, blank=True)
    summary = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ("number",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("job", "number"), name="job_part_once"),
            models.CheckConstraint(
                name="job_part_done_is_whole",
                condition=Q(is_done=False) | (Q(rows_done=F("rows")) & ~Q(results_name="")),
            ),
        ]

    def __str__(self) -> str:
        return f"part {self.number} of {self.job_id}"
