import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models

import sentinel.core.ids


class Migration(migrations.Migration):
    dependencies = [
        ("api", "0001_initial"),
        ("dashboard", "0070_shared_values"),
        ("rules", "0009_import_undo"),
    ]

    operations = [
        migrations.CreateModel(
            name="KeptWarning",
            fields=[
                ("id", models.UUIDField(default=sentinel.core.ids.uuid7, primary_key=True, serialize=False)),
                ("level", models.CharField(max_length=10)),
                ("logger", models.CharField(max_length=100)),
                ("message", models.CharField(max_length=1000)),
                ("process", models.CharField(help_text="Machine and number of the process.", max_length=80)),
                ("request_id", models.CharField(blank=True, max_length=64)),
                ("occurrences", models.PositiveIntegerField(default=1)),
            ],
            options={
                "verbose_name": "warning",
                "ordering": ("-id",),
            },
        ),
        migrations.CreateModel(
            name="FigureLimit",
            fields=[
                ("figure", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("limit", models.FloatField(blank=True, null=True)),
                (
                    "minutes",
                    models.PositiveSmallIntegerField(
                        help_text="For so long it is past the limit before an alarm opens."
                    ),
                ),
                ("changed_by", models.CharField(max_length=150)),
                ("changed_at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "limit",
                "ordering": ("figure",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("minutes__gte", 1), ("minutes__lte", 60)), name="figure_limit_minutes"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Reading",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("minute", models.DateTimeField()),
                ("figure", models.CharField(max_length=40)),
                ("subject", models.CharField(blank=True, max_length=60)),
                ("value", models.FloatField()),
            ],
            options={
                "indexes": [django.contrib.postgres.indexes.BrinIndex(fields=["minute"], name="reading_minute")],
                "constraints": [models.UniqueConstraint(fields=("figure", "subject", "minute"), name="reading_once")],
            },
        ),
        migrations.CreateModel(
            name="RequestMinute",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("minute", models.DateTimeField()),
                ("process", models.CharField(max_length=80)),
                ("route", models.CharField(max_length=120)),
                ("method", models.CharField(max_length=8)),
                ("status_class", models.SmallIntegerField()),
                ("requests", models.IntegerField()),
                ("bands", models.JSONField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("minute", "process", "route", "method", "status_class"), name="request_minute_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ApiCall",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("route", models.CharField(max_length=120)),
                ("method", models.CharField(max_length=8)),
                ("status", models.SmallIntegerField()),
                ("code", models.CharField(blank=True, max_length=60)),
                ("latency_ms", models.FloatField()),
                (
                    "request_id",
                    models.CharField(blank=True, help_text="The caller's own, when it sent one.", max_length=64),
                ),
                (
                    "client",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="api.gatewayclient",
                    ),
                ),
            ],
            options={
                "verbose_name": "API call",
                "indexes": [
                    models.Index(
                        models.F("client"), models.OrderBy(models.F("id"), descending=True), name="call_of_client"
                    ),
                    models.Index(
                        models.OrderBy(models.F("id"), descending=True),
                        condition=models.Q(("status__gte", 400)),
                        name="call_refused",
                    ),
                    models.Index(
                        condition=models.Q(("request_id", ""), _negated=True),
                        fields=["request_id"],
                        name="call_request_id",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SystemAlarm",
            fields=[
                ("id", models.UUIDField(default=sentinel.core.ids.uuid7, primary_key=True, serialize=False)),
                ("figure", models.CharField(max_length=40)),
                ("subject", models.CharField(blank=True, max_length=60)),
                ("limit", models.FloatField()),
                ("worst", models.FloatField()),
                ("last", models.FloatField()),
                ("words", models.CharField(max_length=300)),
                ("opened_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "alarm",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="rules.alarm"
                    ),
                ),
            ],
            options={
                "ordering": ("-id",),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("closed_at__isnull", True)),
                        fields=("figure", "subject"),
                        name="system_alarm_open_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("closed_at__isnull", True), ("closed_at__gte", models.F("opened_at")), _connector="OR"
                        ),
                        name="system_alarm_in_order",
                    ),
                ],
            },
        ),
    ]
