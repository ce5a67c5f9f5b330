"""How the system has been: calls of clients, warnings, requests and figures by the minute, and alarms.

Work tables, kept for a published number of days.
"""

from typing import ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q

from dashboard.domain.ids import moment_of
from sentinel.api.models import GatewayClient
from sentinel.core.ids import uuid7
from sentinel.ops.request_ids import PREFIX


class ApiCall(models.Model):
    """One request of a client and how it was answered, without bodies. Its id is X-Request-ID's where that is ours.

    `client` is unknown when the credentials were refused. `code` is that of a refusal.
    """

    id = models.UUIDField(primary_key=True)  # UUIDv7: in the order of time
    client = models.ForeignKey(
        GatewayClient, null=True, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    route = models.CharField(max_length=120)
    method = models.CharField(max_length=8)
    status = models.SmallIntegerField()
    code = models.CharField(max_length=60, blank=True)
    latency_ms = models.FloatField()
    request_id = models.CharField(max_length=64, blank=True, help_text="The caller's own, when it sent one.")

    class Meta:
        verbose_name = "API call"
        indexes: ClassVar = [
            # Read by: what a client has called, newest first; what went wrong; a request by its caller's id.
            models.Index(F("client"), F("id").desc(), name="call_of_client"),
            models.Index(F("id").desc(), name="call_refused", condition=Q(status__gte=400)),
            models.Index(fields=("request_id",), name="call_request_id", condition=~Q(request_id="")),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.route} at {moment_of(self.id):%H:%M:%S}"

    @property
    def request_name(self) -> str:
        return self.request_id or f"{PREFIX}_{self.id.hex}"


class KeptWarning(models.Model):
    """What a process logged as a warning or worse; the same of one moment is one row. Nothing secret stands in it."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    level = models.CharField(max_length=10)
    logger = models.CharField(max_length=100)
    message = models.CharField(max_length=1000)
    process = models.CharField(max_length=80, help_text="Machine and number of the process.")
    request_id = models.CharField(max_length=64, blank=True)
    occurrences = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = "warning"
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.message[:80]


class RequestMinute(models.Model):
    """Requests that one process answered in one minute, by how. `bands`: how many took so long, by band of time
    (ledger/domain/decision_times.py). The process writes the whole minute again each time, so nothing is added twice.
    """

    minute = models.DateTimeField()
    process = models.CharField(max_length=80)
    route = models.CharField(max_length=120)
    method = models.CharField(max_length=8)
    status_class = models.SmallIntegerField()
    requests = models.IntegerField()
    bands = models.JSONField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("minute", "process", "route", "method", "status_class"), name="request_minute_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.requests} of {self.route} at {self.minute}"


class Reading(models.Model):
    """A figure of the system at one minute. `subject`: of which machine, queue or service; empty of the whole."""

    minute = models.DateTimeField()
    figure = models.CharField(max_length=40)
    subject = models.CharField(max_length=60, blank=True)
    value = models.FloatField()

    class Meta:
        constraints: ClassVar = [
            # In the order in which a chart reads it.
            models.UniqueConstraint(fields=("figure", "subject", "minute"), name="reading_once"),
        ]
        indexes: ClassVar = [BrinIndex(fields=("minute",), name="reading_minute")]

    def __str__(self) -> str:
        return f"{self.figure} {self.subject} {self.value:g} at {self.minute}"


class FigureLimit(models.Model):
    """The limit that somebody set for a figure, in the place of that of the settings. None: no alarm."""

    figure = models.CharField(max_length=40, primary_key=True)
    limit = models.FloatField(null=True, blank=True)
    minutes = models.PositiveSmallIntegerField(help_text="For so long it is past the limit before an alarm opens.")
    changed_by = models.CharField(max_length=150)
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name = "limit"
        ordering = ("figure",)
        constraints: ClassVar = [
            models.CheckConstraint(name="figure_limit_minutes", condition=Q(minutes__gte=1, minutes__lte=60)),
        ]

    def __str__(self) -> str:
        return self.figure


class SystemAlarm(models.Model):
    """A figure past its limit, from when it opened to when it closed by itself. `alarm` is what people were told."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    figure = models.CharField(max_length=40)
    subject = models.CharField(max_length=60, blank=True)
    limit = models.FloatField()
    worst = models.FloatField()
    last = models.FloatField()
    words = models.CharField(max_length=300)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    alarm = models.ForeignKey("rules.Alarm", on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("-id",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("figure", "subject"), condition=Q(closed_at__isnull=True), name="system_alarm_open_once"
            ),
            models.CheckConstraint(
                name="system_alarm_in_order", condition=Q(closed_at__isnull=True) | Q(closed_at__gte=F("opened_at"))
            ),
        ]

    def __str__(self) -> str:
        return self.words
