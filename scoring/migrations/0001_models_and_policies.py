from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [("ledger", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="PolicyVersion",
            fields=[
                ("number", models.PositiveIntegerField(primary_key=True, serialize=False)),
                ("thresholds", models.JSONField()),
                ("note", models.CharField(blank=True, max_length=500)),
                ("published_by", models.CharField(max_length=150)),
                ("published_at", models.DateTimeField()),
            ],
            options={
                "ordering": ("-number",),
            },
        ),
        migrations.CreateModel(
            name="ModelVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.CharField(max_length=40, unique=True)),
                ("kind", models.CharField(choices=[("isolation_forest", "Isolation Forest")], max_length=20)),
                ("catalogue_version", models.PositiveIntegerField()),
                ("sha256", models.CharField(max_length=64, verbose_name="SHA-256 of the model")),
                ("metrics", models.JSONField(blank=True, default=dict)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("candidate", "Candidate"),
                            ("challenger", "Challenger"),
                            ("champion", "Champion"),
                            ("retired", "Retired"),
                        ],
                        default="candidate",
                        max_length=10,
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("promoted_at", models.DateTimeField(blank=True, null=True)),
                ("promoted_by", models.CharField(blank=True, max_length=150)),
            ],
            options={
                "verbose_name": "model version",
                "ordering": ("-created_at", "-id"),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "champion")),
                        fields=("state",),
                        name="model_one_champion",
                        violation_error_code="state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("sha256__regex", "^[0-9a-f]{64}$")), name="model_sha256_shape"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "champion"), _negated=True),
                            models.Q(("promoted_at__isnull", False), models.Q(("promoted_by", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="model_champion_was_promoted",
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            "SELECT sentinel_make_insert_only('scoring_policyversion')", reverse_sql=migrations.RunSQL.noop
        ),
    ]
