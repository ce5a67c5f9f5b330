import django.db.models.deletion
from django.db import migrations, models

KINDS = [
    ("received", "Received"),
    ("missing", "Missing"),
    ("turned_away", "Turned Away"),
    ("refused", "Refused"),
    ("replayed", "Replayed"),
    ("same_reference", "Same Reference"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("api", "0004_scopes_of_figures"),
        ("scoring", "0020_score_jobs"),
    ]

    operations = [
        migrations.CreateModel(
            name="QualityCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("kind", models.CharField(choices=KINDS, max_length=20)),
                ("field", models.CharField(blank=True, max_length=60)),
                ("code", models.CharField(blank=True, max_length=60)),
                ("requests", models.BigIntegerField()),
                (
                    "client",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="api.gatewayclient",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["day"], name="quality_count_day")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("client", "day", "kind", "field", "code"), name="quality_count_once"
                    ),
                    models.CheckConstraint(condition=models.Q(("requests__gt", 0)), name="quality_count_positive"),
                ],
            },
        ),
        migrations.CreateModel(
            name="QualityFinding",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(choices=KINDS, max_length=20)),
                ("field", models.CharField(blank=True, max_length=60)),
                ("share", models.FloatField(help_text="When it was found.")),
                ("usual_share", models.FloatField()),
                ("opened_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="api.gatewayclient"
                    ),
                ),
            ],
            options={
                "ordering": ("-opened_at", "-id"),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("closed_at", None)),
                        fields=("client", "kind", "field"),
                        name="quality_finding_open_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RefusedRequest",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("refused_at", models.DateTimeField()),
                ("route", models.CharField(max_length=20)),
                ("status_code", models.SmallIntegerField()),
                ("code", models.CharField(max_length=60)),
                (
                    "faults",
                    models.JSONField(help_text="Field, code and what was sent, where that is harmless."),
                ),
                (
                    "client",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="api.gatewayclient",
                    ),
                ),
            ],
            options={
                "ordering": ("-id",),
                "indexes": [models.Index(fields=["client", "-id"], name="refused_request_of_client")],
            },
        ),
    ]
