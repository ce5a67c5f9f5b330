"""Cases: payments that wait for a person, and what was said of them. Work tables, except notes, terms and rates.

The row of a case is made by the database with its hold or sample, and decided with what ends them (triggers of
migration 0014). So the queue is a small table with an index for each of its pages, however many holds there were.
"""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from ledger.domain.cases import REASONS, Verdict
from sentinel.core.ids import public_id

_OPEN = Q(decided_at__isnull=True)
_AT_HAND = _OPEN & Q(escalated_at__isnull=True, snoozed_until__isnull=True)


class Case(models.Model):
    """A payment that a person looks at: it is held, was sampled, or somebody opened it.

    The lower its rank, the sooner. Snoozed until a moment, or until the account's payments have passed
    `wakes_after_seq`.
    """

    class Kind(models.TextChoices):
        HOLD = "hold"
        SAMPLE = "sample"
        OPENED = "opened"

    class Outcome(models.TextChoices):
        APPROVE = "approve", "approved"
        DECLINE = "decline", "declined"
        LEGITIMATE = "legitimate"
        FRAUD = "fraud"
        EXPIRED = "expired"
        VOIDED = "voided"

    transaction = models.OneToOneField(
        "ledger.Transaction", primary_key=True, on_delete=models.PROTECT, related_name="case", db_constraint=False
    )
    account = models.ForeignKey(
        "ledger.Account", on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    livemode = models.BooleanField()
    kind = models.CharField(max_length=10, choices=Kind)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    score_percentile = models.FloatField(null=True)
    rank = models.FloatField()
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    locked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    locked_until = models.DateTimeField(null=True)
    escalated_at = models.DateTimeField(null=True)
    escalated_by = models.CharField(max_length=150, blank=True, default="", db_default="")
    snoozed_until = models.DateTimeField(null=True)
    wakes_after_seq = models.BigIntegerField(null=True)
    overdue_told_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=150, blank=True, default="", db_default="")
    verdict = models.CharField(max_length=10, choices=Outcome, blank=True, default="", db_default="")
    reason = models.CharField(max_length=30, blank=True, default="", db_default="")

    class Meta:
        ordering = ("rank", "transaction_id")
        permissions: ClassVar = [
            ("work_case", "Can take, decide, snooze and escalate cases"),
            ("manage_case", "Can assign cases and set the terms of reviews"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(name="ledger_case_kind", condition=Q(kind__in=("hold", "sample", "opened"))),
            models.CheckConstraint(name="ledger_case_due", condition=Q(due_at__gt=F("opened_at"))),
            # A user who is removed leaves a lock of nobody's, which ends by its time.
            models.CheckConstraint(
                name="ledger_case_lock", condition=Q(locked_by__isnull=True) | Q(locked_until__isnull=False)
            ),
            models.CheckConstraint(
                name="ledger_case_escalated_whole",
                condition=Q(escalated_at__isnull=True, escalated_by="")
                | (Q(escalated_at__isnull=False) & ~Q(escalated_by="")),
            ),
            models.CheckConstraint(
                name="ledger_case_wakes",
                condition=Q(wakes_after_seq__isnull=True) | Q(snoozed_until__isnull=False),
            ),
            models.CheckConstraint(
                name="ledger_case_decided_whole",
                condition=Q(decided_at__isnull=True, decided_by="", verdict="", reason="")
                | (Q(decided_at__isnull=False, locked_until__isnull=True, snoozed_until__isnull=True))
                & ~Q(decided_by="")
                & ~Q(verdict=""),
            ),
            models.CheckConstraint(
                name="ledger_case_verdict_fits",
                condition=Q(verdict="")
                | Q(kind="hold", verdict__in=("approve", "decline", "expired", "voided"))
                | (~Q(kind="hold") & Q(verdict__in=("legitimate", "fraud"))),
            ),
        ]
        # Read by: each page of the queue, in its order; whose work it is; who is overdue; what wakes up.
        indexes: ClassVar = [
            models.Index("livemode", "rank", "transaction_id", condition=_AT_HAND, name="ledger_case_at_hand"),
            models.Index("assignee", "rank", "transaction_id", condition=_OPEN, name="ledger_case_of_person"),
            models.Index(
                "livemode",
                "rank",
                "transaction_id",
                condition=_OPEN & Q(escalated_at__isnull=False),
                name="ledger_case_escalated",
            ),
            models.Index(
                "snoozed_until", condition=_OPEN & Q(snoozed_until__isnull=False), name="ledger_case_snoozed"
            ),
            models.Index("due_at", condition=_OPEN & Q(overdue_told_at__isnull=True), name="ledger_case_untold"),
            models.Index(
                "livemode",
                F("decided_at").desc(),
                F("transaction_id").desc(),
                condition=Q(decided_at__isnull=False),
                name="ledger_case_decided",
            ),
            models.Index("account", F("transaction_id").desc(), name="ledger_case_account"),
        ]

    def __str__(self) -> str:
        return f"case {self.transaction_id}"

    @property
    def transaction_public_id(self) -> str:
        return public_id("txn", self.transaction_id)


class CaseNote(models.Model):
    """What somebody wrote on a case. A correction is another note."""

    insert_only = True

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="notes")
    author = models.CharField(max_length=150)
    text = models.CharField(max_length=2000)
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"note of {self.author}"


class PendingVerdict(models.Model):
    """A verdict that can still be taken back. The loop applies it from `apply_at` on; one that failed says why, and
    waits for a person.
    """

    case = models.OneToOneField(Case, primary_key=True, on_delete=models.PROTECT, related_name="pending_verdict")
    verdict = models.CharField(max_length=10, choices=[(each.value, each.value) for each in Verdict])
    reason = models.CharField(max_length=30, blank=True)
    note = models.CharField(max_length=500, blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    actor_name = models.CharField(max_length=150)
    given_at = models.DateTimeField()
    apply_at = models.DateTimeField()
    extras = models.JSONField(default=list)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(name="ledger_verdict_known", condition=Q(verdict__in=list(Verdict))),
            models.CheckConstraint(
                name="ledger_verdict_reason",
                condition=Q(reason__in=["", *REASONS]) & (~Q(verdict=Verdict.DECLINE) | ~Q(reason="")),
            ),
        ]
        # Read by: the loop.
        indexes: ClassVar = [
            models.Index(fields=("apply_at",), condition=Q(error=""), name="ledger_verdict_due"),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} by {self.actor_name}"


class ReviewTerms(models.Model):
    """How reviews are worked, from when it was recorded on. The newest row counts; the first comes with the table."""

    insert_only = True

    due_minutes = models.PositiveIntegerField()
    urgent_percentile = models.FloatField(help_text="Of this score or more, a case is urgent.")
    urgent_due_minutes = models.PositiveIntegerField()
    lock_minutes = models.PositiveSmallIntegerField(help_text="How long a case is a reviewer's own after a look.")
    open_cap_per_reviewer = models.PositiveSmallIntegerField(help_text="Cases assigned by themselves, at most.")
    undo_seconds = models.PositiveSmallIntegerField(help_text="How long a verdict can be taken back.")
    author = models.CharField(max_length=150)
    recorded_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "review terms"
        constraints: ClassVar = [
            models.CheckConstraint(
                name="ledger_terms_fit",
                condition=Q(urgent_percentile__gte=0, urgent_percentile__lte=1)
                & Q(urgent_due_minutes__gte=1, due_minutes__gte=F("urgent_due_minutes"))
                & Q(lock_minutes__gte=1, open_cap_per_reviewer__gte=1)
                & Q(undo_seconds__lte=600),
            ),
        ]

    def __str__(self) -> str:
        return f"terms {self.pk}"


class ReportingRate(models.Model):
    """What one unit of a currency is worth in the reporting currency, from a day on. A correction is a newer row."""

    insert_only = True

    reporting_currency = models.CharField(max_length=3)
    currency = models.CharField(max_length=3)
    from_day = models.DateField()
    rate_micro = models.BigIntegerField(help_text="Millionths of the reporting currency.")
    author = models.CharField(max_length=150)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(name="ledger_rate_positive", condition=Q(rate_micro__gt=0)),
            models.CheckConstraint(name="ledger_rate_of_another", condition=~Q(currency=F("reporting_currency"))),
        ]
        indexes: ClassVar = [
            models.Index(
                "reporting_currency", "currency", F("from_day").desc(), F("id").desc(), name="ledger_rate_newest"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.currency} from {self.from_day}"
