"""A rule is a name that lasts; what it says is in its versions, and what was asked when is in the ruleset versions.

Versions are insert-only (a trigger refuses changes, the runtime role lacks the right): a decision names a ruleset
version, and years later it still says exactly which rules were asked. A ruleset holds of a rule at most one live
version and one on trial. A trigger lets in only versions that a colleague of their author approved (`approvals`).
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from rules.domain.stages import SHARE_PERCENT_MAX, Placement, Stage
from sentinel.core.outcomes import Action

CODE_SHAPE = r"^[a-z][a-z0-9_]*$"
REASON_CODE_SHAPE = r"^[a-z][a-z0-9_.]*$"
ACTIONS = [(action.value, action.value) for action in Action]


class Rule(models.Model):
    code = models.SlugField(max_length=60, unique=True, help_text="Lower case letters, digits and _; stays for ever.")
    name = models.CharField(max_length=120)
    description = models.TextField(max_length=2000, blank=True)
    created_by = models.CharField(max_length=150, editable=False)
    created_at = models.DateTimeField(editable=False)
    updated_by = models.CharField(max_length=150, editable=False)
    updated_at = models.DateTimeField(editable=False)

    class Meta:
        ordering = ("code",)
        permissions: ClassVar = [
            ("publish_rule", "Can approve, publish and roll back rules"),
            ("break_glass_rule", "Can let a tightening rule decide at once, for some hours"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="rule_code_shape",
                condition=Q(code__regex=CODE_SHAPE),
                violation_error_message="Begin with a letter; use lower case letters, digits and _ only.",
            ),
            models.CheckConstraint(name="rule_has_name", condition=~Q(name="")),
        ]

    def __str__(self) -> str:
        return self.code


class RuleVersion(models.Model):
    """What a rule said from one edit to the next. `expression` is in the language of rules.domain.expressions."""

    insert_only = True

    rule = models.ForeignKey(Rule, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    expression = models.JSONField()
    action = models.CharField(max_length=10, choices=ACTIONS)
    reason_code = models.CharField(max_length=60)
    reason_words = models.CharField(max_length=200)
    author = models.CharField(max_length=150)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("rule", "-number")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("rule", "number"), name="rule_version_once"),
            # Target of the foreign key that keeps a ruleset member's rule and version together.
            models.UniqueConstraint(fields=("id", "rule"), name="rule_version_of_rule"),
            models.CheckConstraint(name="rule_version_counts_from_1", condition=Q(number__gte=1)),
            models.CheckConstraint(
                name="rule_version_action_known", condition=Q(action__in=[action.value for action in Action])
            ),
            models.CheckConstraint(
                name="rule_version_reason_code_shape",
                condition=Q(reason_code__regex=REASON_CODE_SHAPE),
                violation_error_message="Begin with a letter; use lower case letters, digits, dots and _ only.",
            ),
            models.CheckConstraint(name="rule_version_has_reason", condition=~Q(reason_words="")),
        ]

    def __str__(self) -> str:
        return f"{self.rule} version {self.number}"


class RulesetVersion(models.Model):
    """The rules that were asked together from `published_at` until the next number."""

    insert_only = True

    number = models.PositiveIntegerField(unique=True)
    published_by = models.CharField(max_length=150)
    published_at = models.DateTimeField()
    note = models.CharField(max_length=500, blank=True)
    restores = models.PositiveIntegerField(null=True, help_text="The number it went back to.")

    class Meta:
        ordering = ("-number",)
        constraints: ClassVar = [
            models.CheckConstraint(name="ruleset_counts_from_1", condition=Q(number__gte=1)),
        ]

    def __str__(self) -> str:
        return f"ruleset {self.number}"


class RulesetMember(models.Model):
    insert_only = True

    ruleset = models.ForeignKey(RulesetVersion, on_delete=models.PROTECT, related_name="members")
    rule = models.ForeignKey(Rule, on_delete=models.PROTECT, related_name="memberships")
    version = models.ForeignKey(RuleVersion, on_delete=models.PROTECT, related_name="memberships")
    stage = models.CharField(
        max_length=10, choices=[(stage.value, stage.value) for stage in Stage], default=Stage.LIVE.value
    )
    share_percent = models.PositiveSmallIntegerField(null=True, help_text="Of the accounts, for a canary.")
    expires_at = models.DateTimeField(null=True, help_text="Let in by break-glass, until then.")

    class Meta:
        ordering = ("ruleset", "rule")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("ruleset", "rule"), condition=Q(stage=Stage.LIVE.value), name="ruleset_has_a_rule_live_once"
            ),
            models.UniqueConstraint(
                fields=("ruleset", "rule"),
                condition=~Q(stage=Stage.LIVE.value),
                name="ruleset_has_a_rule_on_trial_once",
            ),
            models.CheckConstraint(
                name="ruleset_member_stage_known", condition=Q(stage__in=[stage.value for stage in Stage])
            ),
            models.CheckConstraint(
                name="ruleset_member_canary_has_share",
                condition=Q(
                    stage=Stage.CANARY.value, share_percent__isnull=False, share_percent__range=(1, SHARE_PERCENT_MAX)
                )
                | (~Q(stage=Stage.CANARY.value) & Q(share_percent__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version} in {self.ruleset}"

    @property
    def placement(self) -> Placement:
        return Placement(self.rule_id, self.version_id, Stage(self.stage), self.share_percent, self.expires_at)
