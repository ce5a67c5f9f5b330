import datetime
from pathlib import Path

import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

_SQL = Path(__file__).with_suffix(".sql")
_REVERSE = _SQL.with_suffix(".reverse.sql")


class Migration(migrations.Migration):
    dependencies = [
        ("scoring", "0002_predictions"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="policyversion",
            options={
                "ordering": ("-number",),
                "permissions": [
                    ("publish_policy", "Can approve, publish and roll back policies"),
                    ("break_glass_policy", "Can let a tighter policy decide at once, for some hours"),
                ],
            },
        ),
        migrations.RenameField(
            model_name="policyversion",
            old_name="published_by",
            new_name="author",
        ),
        migrations.RenameField(
            model_name="policyversion",
            old_name="published_at",
            new_name="created_at",
        ),
        migrations.CreateModel(
            name="PolicyRelease",
            fields=[
                ("number", models.PositiveIntegerField(primary_key=True, serialize=False)),
                (
                    "trial_stage",
                    models.CharField(blank=True, choices=[("shadow", "shadow"), ("canary", "canary")], max_length=10),
                ),
                (
                    "share_percent",
                    models.PositiveSmallIntegerField(help_text="Of the accounts, for a canary.", null=True),
                ),
                ("emergency_until", models.DateTimeField(help_text="Let in by break-glass, until then.", null=True)),
                ("note", models.CharField(blank=True, max_length=500)),
                ("published_by", models.CharField(max_length=150)),
                ("published_at", models.DateTimeField()),
                ("restores", models.PositiveIntegerField(help_text="The number it went back to.", null=True)),
                (
                    "emergency",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="scoring.policyversion",
                    ),
                ),
                (
                    "live",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="scoring.policyversion",
                    ),
                ),
                (
                    "trial",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="scoring.policyversion",
                    ),
                ),
            ],
            options={
                "ordering": ("-number",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("number__gte", 1)), name="policy_release_counts_from_1"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("trial__isnull", True), ("trial_stage", "")),
                            models.Q(("trial__isnull", False), ("trial_stage__in", ["shadow", "canary"])),
                            _connector="OR",
                        ),
                        name="policy_release_trial_has_stage",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("share_percent__isnull", False),
                                ("share_percent__range", (1, 99)),
                                ("trial_stage", "canary"),
                            ),
                            models.Q(
                                models.Q(("trial_stage", "canary"), _negated=True), ("share_percent__isnull", True)
                            ),
                            _connector="OR",
                        ),
                        name="policy_release_canary_has_share",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("live__isnull", True),
                            ("trial__isnull", True),
                            models.Q(("trial", models.F("live")), _negated=True),
                            _connector="OR",
                        ),
                        name="policy_release_trial_is_not_live",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("emergency__isnull", True), ("emergency_until__isnull", True)),
                            models.Q(
                                ("emergency__isnull", False),
                                ("emergency_until__gt", models.F("published_at")),
                                ("emergency_until__isnull", False),
                                (
                                    "emergency_until__lte",
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("published_at"), "+", models.Value(datetime.timedelta(days=1))
                                    ),
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="policy_release_emergency_within_a_day",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("emergency__isnull", True), models.Q(("note", ""), _negated=True), _connector="OR"
                        ),
                        name="policy_release_emergency_has_reason",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PolicyRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("note", models.CharField(blank=True, max_length=500)),
                ("asked_by", models.CharField(max_length=150)),
                ("asked_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("approved", "Approved"),
                            ("refused", "Refused"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("decided_by", models.CharField(blank=True, max_length=150)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("decision_note", models.CharField(blank=True, max_length=500)),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="requests",
                        to="scoring.policyversion",
                    ),
                ),
            ],
            options={
                "ordering": ("-id",),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "open")),
                        fields=("version",),
                        name="policy_request_one_open_per_version",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at__isnull", True), ("decided_by", ""), ("state", "open")),
                            models.Q(
                                models.Q(("state", "open"), _negated=True),
                                models.Q(("decided_by", ""), _negated=True),
                                ("decided_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="policy_request_open_or_decided",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["open", "withdrawn"]),
                            models.Q(("decided_by", models.F("asked_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="policy_request_decided_by_a_colleague",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PolicySimulation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("compared_with", models.PositiveIntegerField(help_text="The version that was live; 0 for none.")),
                ("first_at", models.DateTimeField(help_text="Payments from here on …")),
                ("until", models.DateTimeField(help_text="… to before this moment.")),
                (
                    "is_of_trial",
                    models.BooleanField(default=False, help_text="Of the days on trial so far, not of days before."),
                ),
                ("asked_by", models.CharField(max_length=150)),
                ("asked_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("done_percent", models.PositiveSmallIntegerField(default=0)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("figures", models.JSONField(blank=True, null=True)),
                ("failure", models.CharField(blank=True, max_length=500)),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="simulations",
                        to="scoring.policyversion",
                    ),
                ),
            ],
            options={
                "ordering": ("-id",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("until__gt", models.F("first_at"))), name="policy_simulation_ends_later"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "done"), _negated=True), ("figures__isnull", False), _connector="OR"
                        ),
                        name="policy_simulation_done_has_figures",
                    ),
                ],
            },
        ),
        migrations.RunSQL(_SQL.read_text(), reverse_sql=_REVERSE.read_text()),
    ]
