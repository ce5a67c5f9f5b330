from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

_SQL = Path(__file__).with_suffix(".sql")
_REVERSE = _SQL.with_suffix(".reverse.sql")
# Their files are of a form that is not read any more: `train_model` makes new ones.
_RETIRE = "UPDATE scoring_modelversion SET state = 'retired'"


class Migration(migrations.Migration):
    dependencies = [
        ("scoring", "0004_policy_only_tightens"),
    ]

    operations = [
        migrations.RunSQL(_RETIRE, reverse_sql=migrations.RunSQL.noop),
        migrations.CreateModel(
            name="ChallengerScore",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("transaction_id", models.UUIDField()),
                ("fraud_probability", models.FloatField(null=True)),
                ("score_percentile", models.FloatField()),
            ],
        ),
        migrations.CreateModel(
            name="ModelEvaluation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("first_at", models.DateTimeField(help_text="Payments from here on …")),
                (
                    "until",
                    models.DateTimeField(help_text="… to before this moment, all of them known by then or later."),
                ),
                ("payments", models.PositiveIntegerField()),
                ("frauds", models.PositiveIntegerField()),
                ("passed", models.BooleanField()),
                (
                    "needs_approval",
                    models.BooleanField(
                        default=False, help_text="The gate alone is not enough: a person must agree."
                    ),
                ),
                (
                    "proposed_threshold",
                    models.FloatField(
                        help_text="Of the policy, so that as many payments are reviewed as now.", null=True
                    ),
                ),
                ("lines", models.JSONField()),
                ("figures", models.JSONField()),
                ("evaluated_by", models.CharField(max_length=150)),
                ("evaluated_at", models.DateTimeField()),
            ],
            options={
                "ordering": ("-id",),
            },
        ),
        migrations.CreateModel(
            name="ModelPromotion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("is_roll_back", models.BooleanField(default=False)),
                (
                    "override_reason",
                    models.CharField(blank=True, help_text="Why the gate was overruled.", max_length=500),
                ),
                ("promoted_by", models.CharField(max_length=150)),
                ("promoted_at", models.DateTimeField()),
            ],
            options={
                "ordering": ("-id",),
            },
        ),
        migrations.AlterModelOptions(
            name="modelversion",
            options={
                "ordering": ("-created_at", "-id"),
                "permissions": [
                    ("promote_modelversion", "Can promote, roll back and retire models"),
                    ("override_gate", "Can promote a model that the gate refuses, with a reason"),
                ],
                "verbose_name": "model version",
            },
        ),
        migrations.RemoveConstraint(
            model_name="modelversion",
            name="model_champion_was_promoted",
        ),
        migrations.RemoveField(
            model_name="modelversion",
            name="metrics",
        ),
        migrations.RemoveField(
            model_name="modelversion",
            name="promoted_at",
        ),
        migrations.RemoveField(
            model_name="modelversion",
            name="promoted_by",
        ),
        migrations.AddField(
            model_name="modelversion",
            name="manifest",
            field=models.JSONField(default={}, help_text="As it was written beside the files."),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="modelversion",
            name="kind",
            field=models.CharField(
                choices=[
                    ("isolation_forest", "Isolation Forest"),
                    ("logistic_regression", "Logistic Regression"),
                    ("boosted_trees", "Boosted Trees"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="modelversion",
            name="sha256",
            field=models.CharField(
                help_text="It has those of the files.", max_length=64, verbose_name="SHA-256 of the manifest"
            ),
        ),
        migrations.AddField(
            model_name="challengerscore",
            name="model",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="scoring.modelversion",
            ),
        ),
        migrations.AddField(
            model_name="modelevaluation",
            name="champion",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="scoring.modelversion"
            ),
        ),
        migrations.AddField(
            model_name="modelevaluation",
            name="model",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="evaluations", to="scoring.modelversion"
            ),
        ),
        migrations.AddField(
            model_name="modelpromotion",
            name="evaluation",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="scoring.modelevaluation"
            ),
        ),
        migrations.AddField(
            model_name="modelpromotion",
            name="model",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="promotions", to="scoring.modelversion"
            ),
        ),
        migrations.AddField(
            model_name="modelpromotion",
            name="replaced",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="scoring.modelversion"
            ),
        ),
        migrations.AddConstraint(
            model_name="challengerscore",
            constraint=models.UniqueConstraint(fields=("model", "transaction_id"), name="challenger_score_once"),
        ),
        migrations.AddConstraint(
            model_name="modelpromotion",
            constraint=models.CheckConstraint(
                condition=models.Q(("promoted_by", ""), _negated=True), name="model_promotion_by_somebody"
            ),
        ),
        migrations.RunSQL(_SQL.read_text(), reverse_sql=_REVERSE.read_text()),
    ]
