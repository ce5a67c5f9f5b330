from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

_SQL = Path(__file__).with_suffix(".sql")
_REVERSE = _SQL.with_suffix(".reverse.sql")


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0006_decision_hits"),
        ("rules", "0002_insert_only"),
    ]

    operations = [
        migrations.CreateModel(
            name="Alarm",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=40)),
                ("subject", models.CharField(max_length=100)),
                ("words", models.CharField(max_length=500)),
                ("raised_at", models.DateTimeField()),
                ("seen_at", models.DateTimeField(blank=True, null=True)),
                ("seen_by", models.CharField(blank=True, max_length=150)),
            ],
            options={
                "ordering": ("-id",),
            },
        ),
        migrations.CreateModel(
            name="ApprovalRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(choices=[("publish", "Publish"), ("retire", "Retire")], max_length=10)),
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
            ],
            options={
                "ordering": ("-id",),
            },
        ),
        migrations.CreateModel(
            name="BreakGlass",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.CharField(max_length=500)),
                ("author", models.CharField(max_length=150)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
            ],
            options={
                "ordering": ("-id",),
            },
        ),
        migrations.CreateModel(
            name="RuleSnooze",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("until", models.DateTimeField()),
                ("reason", models.CharField(max_length=500)),
                ("author", models.CharField(max_length=150)),
                ("created_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("ended_by", models.CharField(blank=True, max_length=150)),
            ],
            options={
                "ordering": ("-id",),
            },
        ),
        migrations.AlterModelOptions(
            name="rule",
            options={
                "ordering": ("code",),
                "permissions": [
                    ("publish_rule", "Can approve, publish and roll back rules"),
                    ("break_glass_rule", "Can let a tightening rule decide at once, for some hours"),
                ],
            },
        ),
        migrations.RemoveConstraint(
            model_name="rulesetmember",
            name="ruleset_has_a_rule_once",
        ),
        migrations.RemoveField(
            model_name="rule",
            name="is_enabled",
        ),
        migrations.AddField(
            model_name="rulesetmember",
            name="expires_at",
            field=models.DateTimeField(help_text="Let in by break-glass, until then.", null=True),
        ),
        migrations.AddField(
            model_name="rulesetmember",
            name="share_percent",
            field=models.PositiveSmallIntegerField(help_text="Of the accounts, for a canary.", null=True),
        ),
        migrations.AddField(
            model_name="rulesetmember",
            name="stage",
            field=models.CharField(
                choices=[("shadow", "shadow"), ("canary", "canary"), ("live", "live")], default="live", max_length=10
            ),
        ),
        migrations.AddField(
            model_name="rulesetversion",
            name="restores",
            field=models.PositiveIntegerField(help_text="The number it went back to.", null=True),
        ),
        migrations.AlterField(
            model_name="rulesetversion",
            name="note",
            field=models.CharField(blank=True, max_length=500),
        ),
        migrations.AddConstraint(
            model_name="rulesetmember",
            constraint=models.UniqueConstraint(
                condition=models.Q(("stage", "live")), fields=("ruleset", "rule"), name="ruleset_has_a_rule_live_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="rulesetmember",
            constraint=models.UniqueConstraint(
                condition=models.Q(("stage", "live"), _negated=True),
                fields=("ruleset", "rule"),
                name="ruleset_has_a_rule_on_trial_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="rulesetmember",
            constraint=models.CheckConstraint(
                condition=models.Q(("stage__in", ["shadow", "canary", "live"])), name="ruleset_member_stage_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="rulesetmember",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("share_percent__isnull", False), ("share_percent__range", (1, 99)), ("stage", "canary")
                    ),
                    models.Q(models.Q(("stage", "canary"), _negated=True), ("share_percent__isnull", True)),
                    _connector="OR",
                ),
                name="ruleset_member_canary_has_share",
            ),
        ),
        migrations.AddField(
            model_name="approvalrequest",
            name="rule",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="requests", to="rules.rule"
            ),
        ),
        migrations.AddField(
            model_name="approvalrequest",
            name="version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="requests", to="rules.ruleversion"
            ),
        ),
        migrations.AddField(
            model_name="breakglass",
            name="version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="break_glasses", to="rules.ruleversion"
            ),
        ),
        migrations.AddField(
            model_name="rulesnooze",
            name="account",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.account"
            ),
        ),
        migrations.AddField(
            model_name="rulesnooze",
            name="rule",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="snoozes", to="rules.rule"
            ),
        ),
        migrations.AddConstraint(
            model_name="approvalrequest",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "open")), fields=("rule",), name="request_one_open_per_rule"
            ),
        ),
        migrations.AddConstraint(
            model_name="approvalrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_at__isnull", True), ("decided_by", ""), ("state", "open")),
                    models.Q(
                        models.Q(("state", "open"), _negated=True),
                        models.Q(("decided_by", ""), _negated=True),
                        ("decided_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="request_open_or_decided",
            ),
        ),
        migrations.AddConstraint(
            model_name="approvalrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["open", "withdrawn"]),
                    models.Q(("decided_by", models.F("asked_by")), _negated=True),
                    _connector="OR",
                ),
                name="request_decided_by_a_colleague",
            ),
        ),
        migrations.AddConstraint(
            model_name="breakglass",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="break_glass_has_reason"
            ),
        ),
        migrations.AddConstraint(
            model_name="breakglass",
            constraint=models.CheckConstraint(
                condition=models.Q(("expires_at__gt", models.F("created_at"))), name="break_glass_expires_later"
            ),
        ),
        migrations.AddConstraint(
            model_name="rulesnooze",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at__isnull", True)),
                fields=("rule", "account"),
                name="snooze_once_per_account",
            ),
        ),
        migrations.AddConstraint(
            model_name="rulesnooze",
            constraint=models.CheckConstraint(
                condition=models.Q(("until__gt", models.F("created_at"))), name="snooze_ends_later"
            ),
        ),
        migrations.AddConstraint(
            model_name="rulesnooze",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="snooze_has_reason"
            ),
        ),
        migrations.RunSQL(_SQL.read_text(), reverse_sql=_REVERSE.read_text()),
    ]
