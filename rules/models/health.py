"""How rules fare: tallies of what they hit, and what is made of them for people. Work tables, counted by a task.

Decisions stay the truth. Only live traffic is counted: test payments leave no trace here.
"""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from rules.models.rules import Rule, RuleVersion


class RuleDay(models.Model):
    """One version of a rule on one day, UTC, by the moment in the payments' ids.

    `hits` had a say and are parted by outcome; `silent_hits` had none. Labels are those known by now: `fraud` and
    `legitimate` are confirmed, `presumed` were let through and nobody complained in time.
    """

    version = models.ForeignKey(RuleVersion, on_delete=models.PROTECT, related_name="days")
    day = models.DateField()
    hits = models.BigIntegerField(default=0)
    approved = models.BigIntegerField(default=0)
    reviewed = models.BigIntegerField(default=0)
    declined = models.BigIntegerField(default=0)
    amounts_minor = models.JSONField(default=dict, help_text="Of the hits, by currency.")
    silent_hits = models.BigIntegerField(default=0)
    silent_approved = models.BigIntegerField(default=0)
    failures = models.BigIntegerField(default=0)
    fraud = models.BigIntegerField(default=0)
    legitimate = models.BigIntegerField(default=0)
    presumed = models.BigIntegerField(default=0)
    silent_fraud = models.BigIntegerField(default=0)
    silent_legitimate = models.BigIntegerField(default=0)
    silent_presumed = models.BigIntegerField(default=0)
    last_hit_at = models.DateTimeField(null=True)
    last_failed_at = models.DateTimeField(null=True)
    cost_ns = models.BigIntegerField(default=0)
    cost_samples = models.BigIntegerField(default=0)

    class Meta:
        ordering = ("-day",)
        constraints: ClassVar = [models.UniqueConstraint(fields=("version", "day"), name="rule_day_once")]
        # The list page reads a fortnight of all rules.
        indexes: ClassVar = [models.Index(fields=("day",), name="rule_day_by_day")]

    def __str__(self) -> str:
        return f"{self.version} on {self.day}"


class RulePairDay(models.Model):
    """How many payments two versions hit together on one day, with or without a say. `first` is the lower id."""

    first = models.ForeignKey(RuleVersion, on_delete=models.PROTECT, related_name="+")
    second = models.ForeignKey(RuleVersion, on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    hits = models.BigIntegerField(default=0)

    class Meta:
        ordering = ("-day",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("first", "second", "day"), name="rule_pair_day_once"),
        ]

    def __str__(self) -> str:
        return f"{self.first} with {self.second} on {self.day}"


class RecentHits(models.Model):
    """What one run of the task counted for a version: for the brake, which looks at the last hour. Soon forgotten."""

    version = models.ForeignKey(RuleVersion, on_delete=models.PROTECT, related_name="+")
    until = models.DateTimeField(db_index=True)
    hits = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.hits} of {self.version} until {self.until}"


class TallyMark(models.Model):
    """How far something has been counted. Its row is the lock of whoever counts on."""

    name = models.CharField(max_length=20, primary_key=True)
    counted_until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} until {self.counted_until}"


class RuleHealth(models.Model):
    """What the list of rules shows: of the version that decides, else the one on trial. Made anew by each run."""

    rule = models.OneToOneField(Rule, primary_key=True, on_delete=models.PROTECT, related_name="health")
    version = models.ForeignKey(RuleVersion, on_delete=models.PROTECT, related_name="+")
    stage = models.CharField(max_length=10)
    stage_since = models.DateTimeField(help_text="Since when the version is at its stage without a break.")
    marks = ArrayField(models.CharField(max_length=20), default=list)
    duplicate_of = models.ForeignKey(Rule, null=True, on_delete=models.PROTECT, related_name="+")
    hits_per_day = models.FloatField(default=0)
    precision = models.FloatField(null=True)
    judged = models.BigIntegerField(default=0, help_text="Hits that count for the precision.")
    cost_us = models.FloatField(null=True)
    cost_samples = models.BigIntegerField(default=0)
    last_hit_at = models.DateTimeField(null=True)
    last_failed_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=200, blank=True)
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ("rule",)
        verbose_name_plural = "rule health"

    def __str__(self) -> str:
        return f"health of {self.rule}"
