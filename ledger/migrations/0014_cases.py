from pathlib import Path

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import ledger.domain.cases

_SQL = Path(__file__).with_suffix(".sql")


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0012_bank_events"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Case",
            fields=[
                (
                    "transaction",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="case",
                        serialize=False,
                        to="ledger.transaction",
                    ),
                ),
                ("livemode", models.BooleanField()),
                (
                    "kind",
                    models.CharField(
                        choices=[("hold", "Hold"), ("sample", "Sample"), ("opened", "Opened")], max_length=10
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                ("amount_minor", models.BigIntegerField()),
                ("score_percentile", models.FloatField(null=True)),
                ("rank", models.FloatField()),
                ("opened_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("locked_until", models.DateTimeField(null=True)),
                ("escalated_at", models.DateTimeField(null=True)),
                ("escalated_by", models.CharField(blank=True, db_default="", default="", max_length=150)),
                ("snoozed_until", models.DateTimeField(null=True)),
                ("wakes_after_seq", models.BigIntegerField(null=True)),
                ("overdue_told_at", models.DateTimeField(null=True)),
                ("decided_at", models.DateTimeField(null=True)),
                ("decided_by", models.CharField(blank=True, db_default="", default="", max_length=150)),
                (
                    "verdict",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("approve", "approved"),
                            ("decline", "declined"),
                            ("legitimate", "Legitimate"),
                            ("fraud", "Fraud"),
                            ("expired", "Expired"),
                            ("voided", "Voided"),
                        ],
                        db_default="",
                        default="",
                        max_length=10,
                    ),
                ),
                ("reason", models.CharField(blank=True, db_default="", default="", max_length=30)),
                (
                    "account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="ledger.account",
                    ),
                ),
                (
                    "assignee",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "locked_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("rank", "transaction_id"),
                "permissions": [
                    ("work_case", "Can take, decide, snooze and escalate cases"),
                    ("manage_case", "Can assign cases and set the terms of reviews"),
                ],
            },
        ),
        migrations.CreateModel(
            name="CaseNote",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("author", models.CharField(max_length=150)),
                ("text", models.CharField(max_length=2000)),
                ("recorded_at", models.DateTimeField()),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="notes", to="ledger.case"
                    ),
                ),
            ],
            options={
                "ordering": ("id",),
            },
        ),
        migrations.CreateModel(
            name="ReportingRate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reporting_currency", models.CharField(max_length=3)),
                ("currency", models.CharField(max_length=3)),
                ("from_day", models.DateField()),
                ("rate_micro", models.BigIntegerField(help_text="Millionths of the reporting currency.")),
                ("author", models.CharField(max_length=150)),
                ("recorded_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(
                        models.F("reporting_currency"),
                        models.F("currency"),
                        models.OrderBy(models.F("from_day"), descending=True),
                        models.OrderBy(models.F("id"), descending=True),
                        name="ledger_rate_newest",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("rate_micro__gt", 0)), name="ledger_rate_positive"),
                    models.CheckConstraint(
                        condition=models.Q(("currency", models.F("reporting_currency")), _negated=True),
                        name="ledger_rate_of_another",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReviewTerms",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("due_minutes", models.PositiveIntegerField()),
                ("urgent_percentile", models.FloatField(help_text="Of this score or more, a case is urgent.")),
                ("urgent_due_minutes", models.PositiveIntegerField()),
                (
                    "lock_minutes",
                    models.PositiveSmallIntegerField(help_text="How long a case is a reviewer's own after a look."),
                ),
                (
                    "open_cap_per_reviewer",
                    models.PositiveSmallIntegerField(help_text="Cases assigned by themselves, at most."),
                ),
                ("undo_seconds", models.PositiveSmallIntegerField(help_text="How long a verdict can be taken back.")),
                ("author", models.CharField(max_length=150)),
                ("recorded_at", models.DateTimeField()),
            ],
            options={
                "verbose_name_plural": "review terms",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("urgent_percentile__gte", 0),
                            ("urgent_percentile__lte", 1),
                            ("due_minutes__gte", models.F("urgent_due_minutes")),
                            ("urgent_due_minutes__gte", 1),
                            ("lock_minutes__gte", 1),
                            ("open_cap_per_reviewer__gte", 1),
                            ("undo_seconds__lte", 600),
                        ),
                        name="ledger_terms_fit",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PendingVerdict",
            fields=[
                (
                    "case",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="pending_verdict",
                        serialize=False,
                        to="ledger.case",
                    ),
                ),
                (
                    "verdict",
                    models.CharField(
                        choices=[
                            ("approve", "approve"),
                            ("decline", "decline"),
                            ("legitimate", "legitimate"),
                            ("fraud", "fraud"),
                        ],
                        max_length=10,
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=30)),
                ("note", models.CharField(blank=True, max_length=500)),
                ("actor_name", models.CharField(max_length=150)),
                ("given_at", models.DateTimeField()),
                ("apply_at", models.DateTimeField()),
                ("extras", models.JSONField(default=list)),
                ("error", models.CharField(blank=True, max_length=500)),
                (
                    "actor",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                models.F("livemode"),
                models.F("rank"),
                models.F("transaction_id"),
                condition=models.Q(
                    ("decided_at__isnull", True), ("escalated_at__isnull", True), ("snoozed_until__isnull", True)
                ),
                name="ledger_case_at_hand",
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                models.F("assignee"),
                models.F("rank"),
                models.F("transaction_id"),
                condition=models.Q(("decided_at__isnull", True)),
                name="ledger_case_of_person",
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                models.F("livemode"),
                models.F("rank"),
                models.F("transaction_id"),
                condition=models.Q(("decided_at__isnull", True), ("escalated_at__isnull", False)),
                name="ledger_case_escalated",
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                models.F("snoozed_until"),
                condition=models.Q(("decided_at__isnull", True), ("snoozed_until__isnull", False)),
                name="ledger_case_snoozed",
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                models.F("due_at"),
                condition=models.Q(("decided_at__isnull", True), ("overdue_told_at__isnull", True)),
                name="ledger_case_untold",
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                models.F("livemode"),
                models.OrderBy(models.F("decided_at"), descending=True),
                models.OrderBy(models.F("transaction_id"), descending=True),
                condition=models.Q(("decided_at__isnull", False)),
                name="ledger_case_decided",
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                models.F("account"),
                models.OrderBy(models.F("transaction_id"), descending=True),
                name="ledger_case_account",
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ("hold", "sample", "opened"))), name="ledger_case_kind"
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(("due_at__gt", models.F("opened_at"))), name="ledger_case_due"
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(("locked_by__isnull", True), ("locked_until__isnull", False), _connector="OR"),
                name="ledger_case_lock",
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("escalated_at__isnull", True), ("escalated_by", "")),
                    models.Q(("escalated_at__isnull", False), models.Q(("escalated_by", ""), _negated=True)),
                    _connector="OR",
                ),
                name="ledger_case_escalated_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("wakes_after_seq__isnull", True), ("snoozed_until__isnull", False), _connector="OR"
                ),
                name="ledger_case_wakes",
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_at__isnull", True), ("decided_by", ""), ("reason", ""), ("verdict", "")),
                    models.Q(
                        ("decided_at__isnull", False),
                        ("locked_until__isnull", True),
                        ("snoozed_until__isnull", True),
                        models.Q(("decided_by", ""), _negated=True),
                        models.Q(("verdict", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="ledger_case_decided_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("verdict", ""),
                    models.Q(("kind", "hold"), ("verdict__in", ("approve", "decline", "expired", "voided"))),
                    models.Q(models.Q(("kind", "hold"), _negated=True), ("verdict__in", ("legitimate", "fraud"))),
                    _connector="OR",
                ),
                name="ledger_case_verdict_fits",
            ),
        ),
        migrations.AddIndex(
            model_name="pendingverdict",
            index=models.Index(condition=models.Q(("error", "")), fields=["apply_at"], name="ledger_verdict_due"),
        ),
        migrations.AddConstraint(
            model_name="pendingverdict",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "verdict__in",
                        [
                            ledger.domain.cases.Verdict["APPROVE"],
                            ledger.domain.cases.Verdict["DECLINE"],
                            ledger.domain.cases.Verdict["LEGITIMATE"],
                            ledger.domain.cases.Verdict["FRAUD"],
                        ],
                    )
                ),
                name="ledger_verdict_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="pendingverdict",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "reason__in",
                        [
                            "",
                            "card_stolen",
                            "card_not_present_fraud",
                            "account_takeover",
                            "customer_denied",
                            "mule_account",
                            "cannot_verify",
                            "customer_unreachable",
                            "business_reason",
                        ],
                    ),
                    models.Q(
                        models.Q(("verdict", ledger.domain.cases.Verdict["DECLINE"]), _negated=True),
                        models.Q(("reason", ""), _negated=True),
                        _connector="OR",
                    ),
                ),
                name="ledger_verdict_reason",
            ),
        ),
        migrations.RunSQL(_SQL.read_text(), reverse_sql=migrations.RunSQL.noop),
    ]
