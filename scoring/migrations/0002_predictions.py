import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("api", "0002_score_scope"),
        ("scoring", "0001_models_and_policies"),
    ]

    operations = [
        migrations.CreateModel(
            name="Prediction",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("livemode", models.BooleanField()),
                ("account_id", models.CharField(max_length=64)),
                ("reference", models.CharField(max_length=200, null=True)),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("outcome", models.CharField(max_length=10)),
                ("fraud_probability", models.FloatField(null=True)),
                ("score_percentile", models.FloatField(null=True)),
                ("ruleset_version", models.IntegerField()),
                ("policy_version", models.IntegerField()),
                ("model_version", models.CharField(max_length=60, null=True)),
                ("recorded_at", models.DateTimeField()),
                (
                    "client",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="api.gatewayclient",
                    ),
                ),
            ],
            options={
                "indexes": [
                    django.contrib.postgres.indexes.BrinIndex(fields=["recorded_at"], name="prediction_recorded")
                ],
            },
        ),
        migrations.RunSQL(
            "SELECT sentinel_make_insert_only('scoring_prediction')", reverse_sql=migrations.RunSQL.noop
        ),
    ]
