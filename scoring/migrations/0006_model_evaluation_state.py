from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

_SQL = Path(__file__).with_suffix(".sql")
_REVERSE = _SQL.with_suffix(".reverse.sql")


class Migration(migrations.Migration):
    dependencies = [
        ("scoring", "0005_model_registry"),
    ]

    operations = [
        migrations.CreateModel(
            name="EvaluationRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                        ],
                        default="queued",
                        max_length=10,
                    ),
                ),
                ("rows_done", models.PositiveIntegerField(default=0, help_text="Payments read so far.")),
                ("failure", models.CharField(blank=True, max_length=500)),
                ("asked_by", models.CharField(max_length=150)),
                ("asked_at", models.DateTimeField()),
                (
                    "heard_at",
                    models.DateTimeField(help_text="When it was asked for, or its worker was last heard of."),
                ),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "evaluation",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="run",
                        to="scoring.modelevaluation",
                    ),
                ),
                (
                    "model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="evaluation_runs",
                        to="scoring.modelversion",
                    ),
                ),
            ],
            options={
                "ordering": ("-id",),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ("queued", "running"))),
                        fields=("model",),
                        name="evaluation_run_one_at_a_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("evaluation__isnull", False),
                                ("failure", ""),
                                ("finished_at__isnull", False),
                                ("state", "done"),
                            ),
                            models.Q(
                                ("evaluation__isnull", True),
                                ("finished_at__isnull", False),
                                ("state", "failed"),
                                models.Q(("failure", ""), _negated=True),
                            ),
                            models.Q(
                                ("evaluation__isnull", True),
                                ("failure", ""),
                                ("finished_at__isnull", True),
                                ("state__in", ("queued", "running")),
                            ),
                            _connector="OR",
                        ),
                        name="evaluation_run_says_what_came_of_it",
                    ),
                ],
            },
        ),
        migrations.RunSQL(_SQL.read_text(), reverse_sql=_REVERSE.read_text()),
    ]
