from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

_SQL = Path(__file__).with_suffix(".sql")
_REVERSE = _SQL.with_suffix(".reverse.sql")


class Migration(migrations.Migration):
    dependencies = [
        ("rules", "0004_lists"),
    ]

    operations = [
        migrations.CreateModel(
            name="Simulation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("days", models.PositiveSmallIntegerField()),
                ("span_start", models.DateTimeField(help_text="Payments that occurred from here …")),
                ("span_end", models.DateTimeField(help_text="… until before here.")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("stopped", "Stopped"),
                            ("failed", "Failed"),
                        ],
                        default="queued",
                        max_length=10,
                    ),
                ),
                ("rows_done", models.BigIntegerField(default=0)),
                ("rows_estimated", models.BigIntegerField(default=0)),
                ("result", models.JSONField(null=True)),
                ("error", models.CharField(blank=True, max_length=500)),
                ("stop_requested", models.BooleanField(default=False)),
                ("requested_by", models.CharField(max_length=150)),
                ("created_at", models.DateTimeField()),
                ("started_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("attempt", models.PositiveSmallIntegerField(default=0)),
                ("heartbeat_at", models.DateTimeField(null=True)),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="simulations",
                        to="rules.ruleversion",
                    ),
                ),
            ],
            options={
                "ordering": ("-id",),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ("queued", "running"))),
                        fields=("version",),
                        name="simulation_one_at_a_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ("queued", "running", "done", "stopped", "failed"))),
                        name="simulation_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("days__gte", 1), ("days__lte", 366)), name="simulation_days"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("result__isnull", False), ("state", "done")),
                            models.Q(models.Q(("state", "done"), _negated=True), ("result__isnull", True)),
                            _connector="OR",
                        ),
                        name="simulation_has_result_when_done",
                    ),
                ],
            },
        ),
        migrations.RunSQL(_SQL.read_text(), reverse_sql=_REVERSE.read_text()),
    ]
