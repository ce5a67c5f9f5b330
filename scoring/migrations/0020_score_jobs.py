from pathlib import Path

import django.core.serializers.json
import django.db.models.deletion
from django.db import migrations, models

_SQL = Path(__file__).with_suffix(".sql")
_REVERSE = _SQL.with_suffix(".reverse.sql")


class Migration(migrations.Migration):
    dependencies = [
        ("api", "0004_scopes_of_figures"),
        ("scoring", "0011_external_predictions"),
    ]

    operations = [
        migrations.CreateModel(
            name="ScoreJob",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("uploaded", "waiting to be checked"),
                            ("checked", "checked"),
                            ("splitting", "being split"),
                            ("scoring", "being scored"),
                            ("finishing", "being put together"),
                            ("done", "done"),
                            ("paused", "paused"),
                            ("cancelled", "cancelled"),
                            ("failed", "failed"),
                            ("expired", "expired"),
                        ],
                        default="uploaded",
                        max_length=20,
                    ),
                ),
                ("livemode", models.BooleanField()),
                ("made_by", models.CharField(max_length=150, verbose_name="by")),
                ("is_local", models.BooleanField(default=False)),
                ("starts_by_itself", models.BooleanField(default=False)),
                ("file_name", models.CharField(max_length=200, verbose_name="file")),
                ("file_sha256", models.CharField(max_length=64, verbose_name="SHA-256")),
                ("size_bytes", models.BigIntegerField(help_text="As it was sent.")),
                ("unpacked_bytes", models.BigIntegerField()),
                ("header", models.JSONField(default=list)),
                ("reading", models.JSONField(default=dict)),
                ("checked", models.JSONField(default=dict, encoder=django.core.serializers.json.DjangoJSONEncoder)),
                ("rows", models.BigIntegerField(null=True)),
                ("error", models.TextField(blank=True)),
                ("ruleset_version", models.IntegerField(null=True)),
                ("policy_version", models.IntegerField(null=True)),
                ("model_version", models.CharField(max_length=60, null=True)),
                ("created_at", models.DateTimeField()),
                ("started_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField(null=True)),
                ("resumed_at", models.DateTimeField(null=True)),
                ("rows_at_resume", models.BigIntegerField(default=0)),
                ("lease_token", models.UUIDField(null=True)),
                ("lease_until", models.DateTimeField(null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("summary", models.JSONField(default=dict)),
                ("results_name", models.CharField(blank=True, max_length=200)),
                (
                    "client",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="api.gatewayclient",
                    ),
                ),
            ],
            options={
                "verbose_name": "scored file",
                "ordering": ("-id",),
            },
        ),
        migrations.CreateModel(
            name="JobPart",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("name", models.CharField(max_length=200)),
                ("rows", models.BigIntegerField()),
                ("rows_done", models.BigIntegerField(default=0)),
                ("is_done", models.BooleanField(default=False)),
                ("lease_token", models.UUIDField(null=True)),
                ("lease_until", models.DateTimeField(null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("error", models.CharField(blank=True, max_length=300)),
                ("results_name", models.CharField(blank=True, max_length=200)),
                ("summary", models.JSONField(default=dict)),
                (
                    "job",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="parts", to="scoring.scorejob"
                    ),
                ),
            ],
            options={
                "ordering": ("number",),
            },
        ),
        migrations.AddIndex(
            model_name="scorejob",
            index=models.Index(
                models.F("client"), models.OrderBy(models.F("id"), descending=True), name="score_job_of_client"
            ),
        ),
        migrations.AddConstraint(
            model_name="scorejob",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "done"), _negated=True),
                    models.Q(models.Q(("results_name", ""), _negated=True), ("rows__gt", 0)),
                    _connector="OR",
                ),
                name="score_job_done_has_results",
            ),
        ),
        migrations.AddConstraint(
            model_name="scorejob",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["uploaded", "checked", "cancelled", "failed", "expired"]),
                    models.Q(
                        ("policy_version__isnull", False),
                        ("ruleset_version__isnull", False),
                        ("started_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="score_job_started_is_fixed",
            ),
        ),
        migrations.AddConstraint(
            model_name="scorejob",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "failed"), _negated=True),
                    models.Q(("error", ""), _negated=True),
                    _connector="OR",
                ),
                name="score_job_failed_says_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="jobpart",
            constraint=models.UniqueConstraint(fields=("job", "number"), name="job_part_once"),
        ),
        migrations.AddConstraint(
            model_name="jobpart",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("is_done", False),
                    models.Q(("rows_done", models.F("rows")), models.Q(("results_name", ""), _negated=True)),
                    _connector="OR",
                ),
                name="job_part_done_is_whole",
            ),
        ),
        migrations.RunSQL(_SQL.read_text(), reverse_sql=_REVERSE.read_text()),
    ]
