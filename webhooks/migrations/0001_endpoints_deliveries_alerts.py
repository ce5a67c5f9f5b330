import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import sentinel.core.ids


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("api", "0002_score_scope"),
        ("rules", "0009_import_undo"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AlertSubscription",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "about",
                    models.CharField(
                        choices=[
                            ("payments", "payments as they are decided"),
                            ("reports", "fraud that clients report"),
                            ("models", "alarms of models"),
                            ("system", "alarms of rules and of the system"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "outcomes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=10), blank=True, default=list, size=None
                    ),
                ),
                (
                    "probability_min",
                    models.FloatField(blank=True, help_text="Fraud probability, from 0 to 1.", null=True),
                ),
                (
                    "percentile_min",
                    models.FloatField(blank=True, help_text="Score percentile, from 0 to 1.", null=True),
                ),
                ("amount_min_minor", models.BigIntegerField(blank=True, null=True)),
                ("currency", models.CharField(blank=True, max_length=3)),
                (
                    "window_minutes",
                    models.PositiveIntegerField(default=60, help_text="At most one mail per subject in this time."),
                ),
                ("is_active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField()),
                (
                    "rule",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="rules.rule",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="alert_subscriptions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("id",),
            },
        ),
        migrations.CreateModel(
            name="Endpoint",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=sentinel.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("url", models.CharField(max_length=500, verbose_name="URL")),
                ("description", models.CharField(blank=True, max_length=200)),
                (
                    "event_types",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=50), blank=True, default=list, size=None
                    ),
                ),
                ("merchant_id", models.CharField(blank=True, max_length=100)),
                ("headers", models.JSONField(blank=True, default=dict, help_text="Sent with each delivery.")),
                (
                    "concurrency_max",
                    models.PositiveSmallIntegerField(default=8, help_text="Deliveries under way at once."),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("active", "active"),
                            ("paused", "paused"),
                            ("disabled", "disabled"),
                            ("deleted", "deleted"),
                        ],
                        default="active",
                        max_length=10,
                    ),
                ),
                ("state_reason", models.CharField(blank=True, max_length=200)),
                (
                    "failing_since",
                    models.DateTimeField(editable=False, help_text="No delivery has arrived since.", null=True),
                ),
                (
                    "wait_until",
                    models.DateTimeField(editable=False, help_text="The receiver asked for patience.", null=True),
                ),
                ("created_at", models.DateTimeField()),
                ("created_by", models.CharField(max_length=150)),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="endpoints", to="api.gatewayclient"
                    ),
                ),
            ],
            options={
                "ordering": ("-id",),
            },
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=sentinel.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("event_id", models.UUIDField()),
                ("event_type", models.CharField(max_length=50)),
                ("transaction_id", models.UUIDField(null=True)),
                ("body", models.TextField()),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "waiting"), ("delivered", "delivered"), ("dead", "dead")],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                (
                    "attempts_made",
                    models.PositiveSmallIntegerField(default=0, help_text="Since it was last put in the queue."),
                ),
                ("next_attempt_at", models.DateTimeField()),
                ("woken_until", models.DateTimeField(null=True)),
                ("lease_until", models.DateTimeField(null=True)),
                ("claims", models.PositiveSmallIntegerField(default=0)),
                ("created_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "endpoint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="deliveries", to="webhooks.endpoint"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "deliveries",
                "ordering": ("-id",),
            },
        ),
        migrations.CreateModel(
            name="Attempt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("started_at", models.DateTimeField()),
                ("duration_ms", models.PositiveIntegerField()),
                ("result", models.CharField(max_length=30)),
                ("status_code", models.PositiveSmallIntegerField(null=True)),
                ("words", models.CharField(blank=True, max_length=300)),
                (
                    "response_head",
                    models.TextField(blank=True, help_text="Headers and the first characters of the answer."),
                ),
                (
                    "delivery",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="attempts", to="webhooks.delivery"
                    ),
                ),
                (
                    "endpoint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="webhooks.endpoint"
                    ),
                ),
            ],
            options={
                "ordering": ("id",),
            },
        ),
        migrations.CreateModel(
            name="EndpointSecret",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("encrypted", models.BinaryField()),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(null=True)),
                (
                    "endpoint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="secrets", to="webhooks.endpoint"
                    ),
                ),
            ],
            options={
                "ordering": ("-id",),
            },
        ),
        migrations.CreateModel(
            name="Notification",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=sentinel.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("event_id", models.UUIDField()),
                ("event_type", models.CharField(max_length=50)),
                ("subject", models.CharField(max_length=200)),
                ("title", models.CharField(max_length=200)),
                ("facts", models.JSONField(default=dict)),
                ("occurrences", models.PositiveIntegerField(default=1)),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "waiting"), ("sent", "sent"), ("failed", "failed")],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("attempts_made", models.PositiveSmallIntegerField(default=0)),
                ("next_attempt_at", models.DateTimeField()),
                ("lease_until", models.DateTimeField(null=True)),
                ("last_error", models.CharField(blank=True, max_length=200)),
                ("created_at", models.DateTimeField()),
                ("window_ends_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(null=True)),
                (
                    "subscription",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notifications",
                        to="webhooks.alertsubscription",
                    ),
                ),
            ],
            options={
                "ordering": ("-id",),
            },
        ),
        migrations.AddConstraint(
            model_name="alertsubscription",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("probability_min__isnull", True),
                        models.Q(("probability_min__gte", 0), ("probability_min__lte", 1)),
                        _connector="OR",
                    ),
                    models.Q(
                        ("percentile_min__isnull", True),
                        models.Q(("percentile_min__gte", 0), ("percentile_min__lte", 1)),
                        _connector="OR",
                    ),
                ),
                name="webhooks_alert_shares",
            ),
        ),
        migrations.AddConstraint(
            model_name="alertsubscription",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("amount_min_minor__isnull", True), ("currency", "")),
                    models.Q(("amount_min_minor__gte", 0), models.Q(("currency", ""), _negated=True)),
                    _connector="OR",
                ),
                name="webhooks_alert_money",
            ),
        ),
        migrations.AddConstraint(
            model_name="alertsubscription",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("about", "payments"),
                    models.Q(
                        ("amount_min_minor__isnull", True),
                        ("outcomes", []),
                        ("percentile_min__isnull", True),
                        ("probability_min__isnull", True),
                        ("rule__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="webhooks_alert_payments",
            ),
        ),
        migrations.AddConstraint(
            model_name="alertsubscription",
            constraint=models.CheckConstraint(
                condition=models.Q(("window_minutes__gte", 1), ("window_minutes__lte", 10080)),
                name="webhooks_alert_window",
            ),
        ),
        migrations.AddConstraint(
            model_name="endpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(("concurrency_max__gte", 1), ("concurrency_max__lte", 32)),
                name="webhooks_endpoint_concurrency",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                models.F("endpoint"),
                models.F("next_attempt_at"),
                condition=models.Q(("state", "waiting")),
                name="webhooks_delivery_due",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                models.F("endpoint"), models.OrderBy(models.F("id"), descending=True), name="webhooks_delivery_log"
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                models.OrderBy(models.F("id"), descending=True),
                condition=models.Q(("state", "dead")),
                name="webhooks_delivery_dead",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(models.F("transaction_id"), name="webhooks_delivery_payment"),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(fields=("endpoint", "event_id"), name="webhooks_delivery_once"),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", True), ("state", "waiting")),
                    models.Q(models.Q(("state", "waiting"), _negated=True), ("ended_at__isnull", False)),
                    _connector="OR",
                ),
                name="webhooks_delivery_ends",
            ),
        ),
        migrations.AddIndex(
            model_name="attempt",
            index=models.Index(fields=["endpoint", "started_at"], name="webhooks_attempt_recent"),
        ),
        migrations.AddConstraint(
            model_name="endpointsecret",
            constraint=models.UniqueConstraint(
                condition=models.Q(("expires_at__isnull", True)),
                fields=("endpoint",),
                name="webhooks_secret_one_current",
            ),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(
                condition=models.Q(("state", "waiting")), fields=["next_attempt_at"], name="webhooks_notification_due"
            ),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(
                models.F("subscription"),
                models.F("subject"),
                models.OrderBy(models.F("window_ends_at"), descending=True),
                name="webhooks_notification_window",
            ),
        ),
    ]
