from pathlib import Path

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

_SQL = Path(__file__).with_suffix(".sql")
_PARTITIONED = {"transaction", "decision", "personaldetail", "entry", "posting", "event", "idempotencykey"}


def _tables_of_partitioned_models_apart(operations):
    """Django keeps the state of partitioned models; their tables are made by the SQL beside this file."""
    return [
        migrations.SeparateDatabaseAndState(state_operations=[operation])
        if getattr(operation, "model_name", getattr(operation, "name", "")).lower() in _PARTITIONED
        else operation
        for operation in operations
    ]


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("api", "0001_initial"),
    ]

    operations = [
        *_tables_of_partitioned_models_apart(
            [
                migrations.CreateModel(
                    name="Account",
                    fields=[
                        ("id", models.CharField(max_length=64, primary_key=True, serialize=False)),
                        (
                            "kind",
                            models.CharField(
                                choices=[("customer", "Customer"), ("system", "System")],
                                default="customer",
                                editable=False,
                                max_length=10,
                            ),
                        ),
                        ("currency", models.CharField(max_length=3)),
                        ("livemode", models.BooleanField(default=True)),
                        ("name", models.CharField(blank=True, max_length=100)),
                        ("home_country", models.CharField(help_text="ISO 3166-1, two letters.", max_length=2)),
                        (
                            "home_zone",
                            models.CharField(
                                default="UTC", help_text="A time zone such as Asia/Kolkata.", max_length=50
                            ),
                        ),
                        (
                            "status",
                            models.CharField(
                                choices=[("active", "active"), ("frozen", "frozen"), ("closed", "closed")],
                                default="active",
                                max_length=10,
                            ),
                        ),
                        (
                            "risk",
                            models.CharField(
                                choices=[("low", "low"), ("normal", "normal"), ("high", "high")],
                                default="normal",
                                max_length=10,
                            ),
                        ),
                        (
                            "daily_limit_minor",
                            models.BigIntegerField(
                                blank=True,
                                help_text="Largest sum paid out in one day at home, in minor units. Empty: no limit.",
                                null=True,
                            ),
                        ),
                        ("opened_at", models.DateTimeField()),
                        ("version", models.PositiveIntegerField(default=1, editable=False)),
                    ],
                    options={
                        "ordering": ("id",),
                    },
                ),
                migrations.CreateModel(
                    name="AccountGrant",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                    ],
                ),
                migrations.CreateModel(
                    name="AuditEntry",
                    fields=[
                        ("id", models.UUIDField(primary_key=True, serialize=False)),
                        ("actor", models.CharField(max_length=150)),
                        ("action", models.CharField(max_length=50)),
                        ("subject", models.CharField(max_length=200)),
                        ("details", models.JSONField(default=dict)),
                        ("recorded_at", models.DateTimeField()),
                    ],
                    options={
                        "verbose_name_plural": "audit entries",
                        "ordering": ("-id",),
                    },
                ),
                migrations.CreateModel(
                    name="Transaction",
                    fields=[
                        ("id", models.UUIDField(primary_key=True, serialize=False)),
                        ("seq", models.BigIntegerField()),
                        ("livemode", models.BooleanField()),
                        ("transaction_type", models.CharField(max_length=20)),
                        ("amount_minor", models.BigIntegerField()),
                        ("currency", models.CharField(max_length=3)),
                        ("reference", models.CharField(max_length=200, null=True)),
                        ("channel", models.CharField(max_length=20, null=True)),
                        ("merchant_id", models.CharField(max_length=100, null=True)),
                        ("merchant_name", models.CharField(max_length=200, null=True)),
                        ("merchant_category", models.CharField(max_length=4, null=True)),
                        ("merchant_country", models.CharField(max_length=2, null=True)),
                        ("location_country", models.CharField(max_length=2, null=True)),
                        ("occurred_at", models.DateTimeField(help_text="The gateway's word.")),
                        ("recorded_at", models.DateTimeField(help_text="Ours.")),
                        (
                            "detail_commitment",
                            models.BinaryField(help_text="SHA-256 over the salted personal details."),
                        ),
                    ],
                    options={
                        "ordering": ("-id",),
                    },
                ),
                migrations.CreateModel(
                    name="Entry",
                    fields=[
                        ("id", models.UUIDField(primary_key=True, serialize=False)),
                        ("transaction_id", models.UUIDField(null=True)),
                        (
                            "kind",
                            models.CharField(
                                choices=[("opening", "Opening"), ("payment", "Payment"), ("reversal", "Reversal")],
                                max_length=10,
                            ),
                        ),
                        ("legs", models.SmallIntegerField()),
                        ("recorded_at", models.DateTimeField()),
                    ],
                    options={
                        "verbose_name_plural": "entries",
                    },
                ),
                migrations.CreateModel(
                    name="Event",
                    fields=[
                        ("id", models.UUIDField(primary_key=True, serialize=False)),
                        ("transaction_id", models.UUIDField()),
                        ("type", models.CharField(max_length=50)),
                        ("sequence", models.SmallIntegerField()),
                        ("payload", models.JSONField()),
                        ("recorded_at", models.DateTimeField()),
                    ],
                    options={
                        "ordering": ("-id",),
                    },
                ),
                migrations.CreateModel(
                    name="IdempotencyKey",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "client_id", "key", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("key", models.CharField(max_length=255)),
                        ("operation", models.CharField(max_length=20)),
                        ("fingerprint", models.BinaryField(null=True)),
                        ("subject_id", models.UUIDField(null=True)),
                        ("voided_at", models.DateTimeField(null=True)),
                        ("created_at", models.DateTimeField()),
                    ],
                ),
                migrations.CreateModel(
                    name="Label",
                    fields=[
                        ("id", models.UUIDField(primary_key=True, serialize=False)),
                        ("is_fraud", models.BooleanField()),
                        (
                            "source",
                            models.CharField(
                                choices=[
                                    ("chargeback", "Chargeback"),
                                    ("review", "Review"),
                                    ("customer", "customer report"),
                                    ("other", "Other"),
                                ],
                                max_length=20,
                            ),
                        ),
                        ("actor", models.CharField(max_length=150)),
                        ("note", models.CharField(blank=True, max_length=500)),
                        ("observed_at", models.DateTimeField()),
                        ("recorded_at", models.DateTimeField()),
                    ],
                    options={
                        "ordering": ("-id",),
                    },
                ),
                migrations.CreateModel(
                    name="OperationReceipt",
                    fields=[
                        ("id", models.UUIDField(primary_key=True, serialize=False)),
                        ("status_code", models.SmallIntegerField()),
                        ("body", models.BinaryField()),
                        ("recorded_at", models.DateTimeField()),
                    ],
                ),
                migrations.CreateModel(
                    name="OutboxPending",
                    fields=[
                        ("event_id", models.UUIDField(primary_key=True, serialize=False)),
                        ("created_at", models.DateTimeField()),
                    ],
                ),
                migrations.CreateModel(
                    name="Posting",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "entry_id",
                                "account_id",
                                "leg",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("leg", models.SmallIntegerField()),
                        ("debit_minor", models.BigIntegerField(default=0)),
                        ("credit_minor", models.BigIntegerField(default=0)),
                        ("currency", models.CharField(max_length=3)),
                    ],
                ),
                migrations.CreateModel(
                    name="Reversal",
                    fields=[
                        ("id", models.UUIDField(primary_key=True, serialize=False)),
                        ("amount_minor", models.BigIntegerField()),
                        ("currency", models.CharField(max_length=3)),
                        ("reason", models.CharField(blank=True, max_length=200)),
                        ("actor", models.CharField(max_length=150)),
                        ("entry_id", models.UUIDField()),
                        ("recorded_at", models.DateTimeField()),
                    ],
                ),
                migrations.CreateModel(
                    name="AccountBalance",
                    fields=[
                        (
                            "account",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                primary_key=True,
                                related_name="balance",
                                serialize=False,
                                to="ledger.account",
                            ),
                        ),
                        ("posted_minor", models.BigIntegerField(default=0)),
                        ("held_minor", models.BigIntegerField(default=0)),
                        ("floor_minor", models.BigIntegerField(default=0)),
                        ("seq", models.BigIntegerField(default=0)),
                        ("day", models.DateField(null=True)),
                        ("day_spent_minor", models.BigIntegerField(default=0)),
                    ],
                ),
                migrations.AddConstraint(
                    model_name="account",
                    constraint=models.UniqueConstraint(
                        fields=("id", "currency", "livemode"), name="account_id_currency_livemode"
                    ),
                ),
                migrations.AddConstraint(
                    model_name="account",
                    constraint=models.UniqueConstraint(fields=("id", "currency"), name="account_id_currency"),
                ),
                migrations.AddConstraint(
                    model_name="account",
                    constraint=models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[A-Z]{3}$")), name="account_currency_shape"
                    ),
                ),
                migrations.AddConstraint(
                    model_name="account",
                    constraint=models.CheckConstraint(
                        condition=models.Q(("home_country__regex", "^[A-Z]{2}$")), name="account_country_shape"
                    ),
                ),
                migrations.AddConstraint(
                    model_name="account",
                    constraint=models.CheckConstraint(
                        condition=models.Q(("status__in", ["active", "frozen", "closed"])),
                        name="account_status_known",
                    ),
                ),
                migrations.AddConstraint(
                    model_name="account",
                    constraint=models.CheckConstraint(
                        condition=models.Q(("risk__in", ("low", "normal", "high"))), name="account_risk_known"
                    ),
                ),
                migrations.AddConstraint(
                    model_name="account",
                    constraint=models.CheckConstraint(
                        condition=models.Q(
                            ("daily_limit_minor__isnull", True), ("daily_limit_minor__gte", 0), _connector="OR"
                        ),
                        name="account_daily_limit_positive",
                    ),
                ),
                migrations.AddField(
                    model_name="accountgrant",
                    name="account",
                    field=models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="grants", to="ledger.account"
                    ),
                ),
                migrations.AddField(
                    model_name="accountgrant",
                    name="client",
                    field=models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="account_grants",
                        to="api.gatewayclient",
                    ),
                ),
                migrations.CreateModel(
                    name="Decision",
                    fields=[
                        (
                            "transaction",
                            models.OneToOneField(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                primary_key=True,
                                related_name="decision",
                                serialize=False,
                                to="ledger.transaction",
                            ),
                        ),
                        ("outcome", models.CharField(max_length=10)),
                        (
                            "status",
                            models.CharField(
                                help_text="What the payment became at once: approved, held or declined.",
                                max_length=10,
                            ),
                        ),
                        ("fraud_probability", models.FloatField(null=True)),
                        ("score_percentile", models.FloatField(null=True)),
                        ("reasons", models.JSONField()),
                        ("ruleset_version", models.IntegerField()),
                        ("policy_version", models.IntegerField()),
                        ("model_version", models.CharField(max_length=60, null=True)),
                        ("catalogue_version", models.SmallIntegerField()),
                        ("snapshot", models.BinaryField()),
                        (
                            "degraded",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=40), size=None
                            ),
                        ),
                        ("receipt", models.BinaryField()),
                        ("recorded_at", models.DateTimeField()),
                    ],
                ),
                migrations.CreateModel(
                    name="Hold",
                    fields=[
                        (
                            "transaction",
                            models.OneToOneField(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                primary_key=True,
                                related_name="hold",
                                serialize=False,
                                to="ledger.transaction",
                            ),
                        ),
                        ("amount_minor", models.BigIntegerField()),
                        ("reserved_minor", models.BigIntegerField()),
                        ("currency", models.CharField(max_length=3)),
                        ("recorded_at", models.DateTimeField()),
                        ("expires_at", models.DateTimeField()),
                    ],
                ),
                migrations.CreateModel(
                    name="PersonalDetail",
                    fields=[
                        (
                            "transaction",
                            models.OneToOneField(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                primary_key=True,
                                related_name="personal_detail",
                                serialize=False,
                                to="ledger.transaction",
                            ),
                        ),
                        ("salt", models.BinaryField()),
                        ("card_token", models.CharField(max_length=100, null=True)),
                        ("card_bin", models.CharField(max_length=8, null=True)),
                        ("card_last4", models.CharField(max_length=4, null=True)),
                        ("device_id", models.CharField(max_length=100, null=True)),
                        ("ip_address", models.CharField(max_length=45, null=True)),
                        ("user_agent", models.CharField(max_length=500, null=True)),
                        ("location_city", models.CharField(max_length=100, null=True)),
                        ("latitude", models.FloatField(null=True)),
                        ("longitude", models.FloatField(null=True)),
                        ("metadata", models.JSONField(null=True)),
                    ],
                ),
                migrations.AddField(
                    model_name="transaction",
                    name="account",
                    field=models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="transactions", to="ledger.account"
                    ),
                ),
                migrations.AddField(
                    model_name="transaction",
                    name="client",
                    field=models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="api.gatewayclient"
                    ),
                ),
                migrations.AddField(
                    model_name="transaction",
                    name="counterparty_account",
                    field=models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.account"
                    ),
                ),
                migrations.AddField(
                    model_name="entry",
                    name="account",
                    field=models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="ledger.account",
                    ),
                ),
                migrations.AddField(
                    model_name="event",
                    name="account",
                    field=models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="ledger.account",
                    ),
                ),
                migrations.AddField(
                    model_name="event",
                    name="client",
                    field=models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="api.gatewayclient",
                    ),
                ),
                migrations.AddField(
                    model_name="idempotencykey",
                    name="client",
                    field=models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="api.gatewayclient"
                    ),
                ),
                migrations.AddField(
                    model_name="label",
                    name="account",
                    field=models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="ledger.account",
                    ),
                ),
                migrations.AddField(
                    model_name="label",
                    name="transaction",
                    field=models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="labels",
                        to="ledger.transaction",
                    ),
                ),
                migrations.AddField(
                    model_name="posting",
                    name="account",
                    field=models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="ledger.account",
                    ),
                ),
                migrations.AddField(
                    model_name="posting",
                    name="entry",
                    field=models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="postings",
                        to="ledger.entry",
                    ),
                ),
                migrations.AddField(
                    model_name="posting",
                    name="ledger_account",
                    field=models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="postings", to="ledger.account"
                    ),
                ),
                migrations.AddField(
                    model_name="reversal",
                    name="account",
                    field=models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="ledger.account",
                    ),
                ),
                migrations.AddField(
                    model_name="reversal",
                    name="transaction",
                    field=models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reversals",
                        to="ledger.transaction",
                    ),
                ),
                migrations.AddConstraint(
                    model_name="accountbalance",
                    constraint=models.CheckConstraint(
                        condition=models.Q(
                            (
                                "posted_minor__gte",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("floor_minor"), "+", models.F("held_minor")
                                ),
                            )
                        ),
                        name="balance_available_not_below_floor",
                    ),
                ),
                migrations.AddConstraint(
                    model_name="accountbalance",
                    constraint=models.CheckConstraint(
                        condition=models.Q(("held_minor__gte", 0)), name="balance_held_not_negative"
                    ),
                ),
                migrations.AddConstraint(
                    model_name="accountgrant",
                    constraint=models.UniqueConstraint(fields=("account", "client"), name="grant_once"),
                ),
                migrations.AddField(
                    model_name="decision",
                    name="account",
                    field=models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="ledger.account",
                    ),
                ),
                migrations.CreateModel(
                    name="HoldResolution",
                    fields=[
                        (
                            "hold",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                primary_key=True,
                                related_name="resolution",
                                serialize=False,
                                to="ledger.hold",
                            ),
                        ),
                        (
                            "resolution",
                            models.CharField(
                                choices=[
                                    ("approved", "Approved"),
                                    ("declined", "Declined"),
                                    ("expired", "Expired"),
                                    ("voided", "Voided"),
                                ],
                                max_length=10,
                            ),
                        ),
                        ("actor", models.CharField(max_length=150)),
                        ("note", models.CharField(blank=True, max_length=500)),
                        ("entry_id", models.UUIDField(null=True)),
                        ("recorded_at", models.DateTimeField()),
                    ],
                ),
                migrations.AddField(
                    model_name="hold",
                    name="account",
                    field=models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="holds",
                        to="ledger.account",
                    ),
                ),
                migrations.AddField(
                    model_name="personaldetail",
                    name="account",
                    field=models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="ledger.account",
                    ),
                ),
            ]
        ),
        migrations.RunSQL(_SQL.read_text(), reverse_sql=migrations.RunSQL.noop),
    ]
