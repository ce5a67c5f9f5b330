"""The second person: what was asked for, by whom, and what a colleague said. Kept for ever.

That nobody approves their own work is kept by the database: a check between the two names of a request, and triggers
between the approver and the author of the version, and between a ruleset's members and their approvals.
"""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from rules.models.rules import Rule, RuleVersion


class ApprovalRequest(models.Model):
    """Asks that a version of a rule be published, or that a rule be retired. Once decided it never changes."""

    class Kind(models.TextChoices):
        PUBLISH = "publish"
        RETIRE = "retire"

    class State(models.TextChoices):
        OPEN = "open"
        APPROVED = "approved"
        REFUSED = "refused"
        WITHDRAWN = "withdrawn"

    rule = models.ForeignKey(Rule, on_delete=models.PROTECT, related_name="requests")
    version = models.ForeignKey(RuleVersion, on_delete=models.PROTECT, related_name="requests")
    kind = models.CharField(max_length=10, choices=Kind)
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
            models.UniqueConstraint(fields=("rule",), condition=Q(state="open"), name="request_one_open_per_rule"),
            models.CheckConstraint(
                name="request_open_or_decided",
                condition=Q(state="open", decided_by="", decided_at__isnull=True)
                | (~Q(state="open") & ~Q(decided_by="") & Q(decided_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="request_decided_by_a_colleague",
                condition=Q(state__in=["open", "withdrawn"]) | ~Q(decided_by=F("asked_by")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.version}, {self.state}"

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN


class BreakGlass(models.Model):
    """One version that was let in without a second person, for some hours. Only what tightens: a trigger refuses
    rules that allow.
    """

    insert_only = True

    version = models.ForeignKey(RuleVersion, on_delete=models.PROTECT, related_name="break_glasses")
    reason = models.CharField(max_length=500)
    author = models.CharField(max_length=150)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        constraints: ClassVar = [
            models.CheckConstraint(name="break_glass_has_reason", condition=~Q(reason="")),
            models.CheckConstraint(name="break_glass_expires_later", condition=Q(expires_at__gt=F("created_at"))),
        ]

    def __str__(self) -> str:
        return f"{self.version} until {self.expires_at}"


class RuleSnooze(models.Model):
    """A rule leaves one account alone until a moment. Ended early, never deleted."""

    rule = models.ForeignKey(Rule, on_delete=models.PROTECT, related_name="snoozes")
    account = models.ForeignKey("ledger.Account", on_delete=models.PROTECT, related_name="+")
    until = models.DateTimeField()
    reason = models.CharField(max_length=500)
    author = models.CharField(max_length=150)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("rule", "account"), condition=Q(ended_at__isnull=True), name="snooze_once_per_account"
            ),
            models.CheckConstraint(name="snooze_ends_later", condition=Q(until__gt=F("created_at"))),
            models.CheckConstraint(name="snooze_has_reason", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.rule} for {self.account_id} until {self.until}"


class Alarm(models.Model):
    """Something a person has to know of soon. Shown until somebody has seen it; kept afterwards."""

    kind = models.CharField(max_length=40)
    subject = models.CharField(max_length=100)
    words = models.CharField(max_length=500)
    raised_at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True, blank=True)
    seen_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.words
