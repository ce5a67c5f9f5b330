from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

_SQL = Path(__file__).with_suffix(".sql")
_PARTITIONED = {"DecisionFact", "RuleFact"}


def _tables_of_partitioned_models_apart(operations):
    """Django keeps the state of partitioned models; their tables are made by the SQL beside this file."""
    return [
        migrations.SeparateDatabaseAndState(
            state_operations=[operation],
            database_operations=[
                migrations.RunSQL(migrations.RunSQL.noop, f"DROP TABLE dashboard_{operation.name.lower()}")
            ],
        )
        if operation.name in _PARTITIONED
        else operation
        for operation in operations
    ]


class Migration(migrations.Migration):
    initial = True

    dependencies = [("ledger", "0012_bank_events")]

    operations = [
        *_tables_of_partitioned_models_apart(
            [
                migrations.CreateModel(
                    name="AccountDimension",
                    fields=[
                        ("id", models.CharField(max_length=64, primary_key=True, serialize=False)),
                        ("home_country", models.CharField(max_length=2)),
                        ("currency", models.CharField(max_length=3)),
                        ("risk", models.CharField(max_length=10)),
                        (
                            "version",
                            models.PositiveIntegerField(
                                help_text="Of the ledger's account; another one has been edited since."
                            ),
                        ),
                    ],
                ),
                migrations.CreateModel(
                    name="DateDimension",
                    fields=[
                        ("day", models.DateField(primary_key=True, serialize=False)),
                        ("year", models.SmallIntegerField()),
                        ("quarter", models.SmallIntegerField()),
                        ("month", models.SmallIntegerField()),
                        ("iso_week", models.SmallIntegerField()),
                        ("weekday", models.SmallIntegerField(help_text="1 is Monday.")),
                        ("is_weekend", models.BooleanField()),
                    ],
                ),
                migrations.CreateModel(
                    name="FactMark",
                    fields=[
                        ("name", models.CharField(max_length=20, primary_key=True, serialize=False)),
                        ("next_id", models.UUIDField(help_text="What is read next begins here.")),
                        ("moved_at", models.DateTimeField(help_text="When the last run ended.")),
                    ],
                ),
                migrations.CreateModel(
                    name="HourDimension",
                    fields=[
                        ("hour", models.SmallIntegerField(primary_key=True, serialize=False)),
                        (
                            "part",
                            models.CharField(
                                help_text="Night, morning, afternoon or evening: six hours each.", max_length=10
                            ),
                        ),
                    ],
                ),
                migrations.CreateModel(
                    name="ModelDimension",
                    fields=[
                        ("version", models.CharField(max_length=60, primary_key=True, serialize=False)),
                        ("kind", models.CharField(blank=True, max_length=40)),
                    ],
                ),
                migrations.CreateModel(
                    name="OutcomeDimension",
                    fields=[
                        ("code", models.CharField(max_length=20, primary_key=True, serialize=False)),
                        ("outcome", models.CharField(max_length=10)),
                        ("status", models.CharField(max_length=10)),
                        (
                            "declined_for",
                            models.CharField(blank=True, help_text="Of a decline: risk or account.", max_length=10),
                        ),
                        ("words", models.CharField(max_length=60)),
                    ],
                    options={
                        "ordering": ("code",),
                    },
                ),
                migrations.CreateModel(
                    name="RollupDue",
                    fields=[
                        ("hour", models.DateTimeField(primary_key=True, serialize=False)),
                    ],
                ),
                migrations.CreateModel(
                    name="RuleDimension",
                    fields=[
                        (
                            "version",
                            models.IntegerField(
                                help_text="The id that decisions carry.", primary_key=True, serialize=False
                            ),
                        ),
                        ("rule", models.IntegerField()),
                        ("code", models.CharField(max_length=100)),
                        ("name", models.CharField(max_length=200)),
                        ("number", models.IntegerField()),
                        ("action", models.CharField(max_length=10)),
                    ],
                ),
                migrations.CreateModel(
                    name="RuleFact",
                    fields=[
                        ("transaction_id", models.UUIDField(primary_key=True, serialize=False)),
                        ("version", models.IntegerField()),
                        ("had_a_say", models.BooleanField()),
                    ],
                ),
                migrations.CreateModel(
                    name="MerchantDimension",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("merchant", models.CharField(blank=True, help_text="Its id.", max_length=100)),
                        ("name", models.CharField(blank=True, max_length=200)),
                        ("category", models.CharField(blank=True, max_length=4)),
                        ("country", models.CharField(blank=True, max_length=2)),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("merchant", "name", "category", "country"), name="merchant_told_once"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="DecisionFact",
                    fields=[
                        ("transaction_id", models.UUIDField(primary_key=True, serialize=False)),
                        ("day", models.DateField()),
                        ("hour", models.SmallIntegerField()),
                        ("outcome_code", models.CharField(max_length=20)),
                        ("model_version", models.CharField(max_length=60)),
                        ("transaction_type", models.CharField(max_length=20)),
                        ("channel", models.CharField(max_length=20)),
                        ("location_country", models.CharField(max_length=2)),
                        ("currency", models.CharField(max_length=3)),
                        ("amount_minor", models.BigIntegerField()),
                        (
                            "amount_reporting_minor",
                            models.BigIntegerField(help_text="In the reporting currency, where known.", null=True),
                        ),
                        ("reversed_minor", models.BigIntegerField()),
                        ("score_percentile", models.FloatField(null=True)),
                        ("fraud_probability", models.FloatField(null=True)),
                        ("is_degraded", models.BooleanField()),
                        (
                            "is_fraud",
                            models.BooleanField(help_text="The label that counts; empty without one.", null=True),
                        ),
                        ("occurred_at", models.DateTimeField()),
                        ("recorded_at", models.DateTimeField()),
                        ("resolved_at", models.DateTimeField(null=True)),
                        ("resolved_by", models.CharField(max_length=150)),
                        (
                            "account",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="dashboard.accountdimension",
                            ),
                        ),
                        (
                            "merchant",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="dashboard.merchantdimension",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "decision",
                        "ordering": ("-occurred_at",),
                        "permissions": [
                            ("view_dashboard", "Can see the dashboard"),
                            ("export_facts", "Can export decisions as a file"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Rollup",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("grain", models.CharField(choices=[("h", "Hour"), ("d", "Day")], max_length=1)),
                        (
                            "topic",
                            models.CharField(
                                choices=[
                                    ("all", "All"),
                                    ("channel", "Channel"),
                                    ("country", "Country"),
                                    ("category", "Category"),
                                    ("score", "Score"),
                                    ("model", "Model"),
                                    ("rule", "Rule"),
                                ],
                                max_length=10,
                            ),
                        ),
                        ("starts_at", models.DateTimeField()),
                        ("key", models.CharField(max_length=60)),
                        ("currency", models.CharField(max_length=3)),
                        ("outcome_code", models.CharField(max_length=20)),
                        (
                            "verdict",
                            models.CharField(help_text="fraud, legitimate, or empty without a label.", max_length=10),
                        ),
                        ("payments", models.BigIntegerField()),
                        ("amount_minor", models.DecimalField(decimal_places=0, max_digits=30)),
                        ("reversed_minor", models.DecimalField(decimal_places=0, max_digits=30)),
                        ("amount_reporting_minor", models.DecimalField(decimal_places=0, max_digits=30, null=True)),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("grain", "topic", "starts_at", "key", "currency", "outcome_code", "verdict"),
                                name="rollup_once",
                            )
                        ],
                    },
                ),
            ]
        ),
        migrations.RunSQL(_SQL.read_text(), migrations.RunSQL.noop),
    ]
