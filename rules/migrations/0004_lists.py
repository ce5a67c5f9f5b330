from pathlib import Path

import django.core.serializers.json
import django.db.models.deletion
from django.db import migrations, models

_SQL = Path(__file__).with_suffix(".sql")
_REVERSE = _SQL.with_suffix(".reverse.sql")


class Migration(migrations.Migration):
    dependencies = [
        ("rules", "0003_lifecycle"),
    ]

    operations = [
        migrations.CreateModel(
            name="ListImport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("uploaded", "waiting to be checked"),
                            ("checking", "being checked"),
                            ("checked", "checked"),
                            ("awaiting_approval", "waiting for a second person"),
                            ("applying", "being added"),
                            ("applied", "added"),
                            ("refused", "refused"),
                            ("stopped", "stopped"),
                            ("failed", "not usable"),
                        ],
                        default="uploaded",
                        max_length=20,
                    ),
                ),
                ("file_name", models.CharField(max_length=200, verbose_name="file")),
                ("file_sha256", models.CharField(max_length=64, verbose_name="SHA-256")),
                ("size_bytes", models.BigIntegerField()),
                ("reason", models.CharField(help_text="For lines that give none.", max_length=200)),
                (
                    "expires_at",
                    models.DateTimeField(blank=True, help_text="For lines that give none. Empty: never.", null=True),
                ),
                ("counts", models.JSONField(default=dict, encoder=django.core.serializers.json.DjangoJSONEncoder)),
                ("errors", models.JSONField(default=list, encoder=django.core.serializers.json.DjangoJSONEncoder)),
                ("needs_approval", models.BooleanField(default=False)),
                ("lines_done", models.BigIntegerField(default=0)),
                ("uploaded_by", models.CharField(max_length=150)),
                ("uploaded_at", models.DateTimeField()),
                ("approved_by", models.CharField(blank=True, max_length=150)),
                ("approved_at", models.DateTimeField(blank=True, null=True)),
                ("ended_by", models.CharField(blank=True, max_length=150)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("note", models.CharField(blank=True, max_length=500)),
            ],
            options={
                "ordering": ("-id",),
            },
        ),
        migrations.CreateModel(
            name="ListImportFault",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("line", models.PositiveIntegerField()),
                ("column", models.CharField(max_length=20)),
                ("words", models.CharField(max_length=300)),
            ],
            options={
                "ordering": ("line",),
            },
        ),
        migrations.CreateModel(
            name="ListImportLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("line", models.PositiveIntegerField()),
                ("value", models.CharField(max_length=200)),
                ("reason", models.CharField(max_length=200)),
                ("expires_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ("line",),
            },
        ),
        migrations.CreateModel(
            name="ListImportPart",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("content", models.BinaryField()),
            ],
            options={
                "ordering": ("number",),
            },
        ),
        migrations.CreateModel(
            name="ListProposal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("value", models.CharField(max_length=200)),
                ("reason", models.CharField(max_length=200)),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("manual", "typed in"),
                            ("import", "import"),
                            ("case", "a payment's page"),
                            ("api", "API"),
                        ],
                        default="manual",
                        max_length=10,
                    ),
                ),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[("proposed", "proposed"), ("approved", "approved"), ("refused", "refused")],
                        default="proposed",
                        max_length=10,
                    ),
                ),
                ("proposed_by", models.CharField(max_length=150)),
                ("proposed_at", models.DateTimeField()),
                ("decided_by", models.CharField(blank=True, max_length=150)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("note", models.CharField(blank=True, max_length=500)),
            ],
            options={
                "ordering": ("-id",),
            },
        ),
        migrations.AlterModelOptions(
            name="listitem",
            options={
                "ordering": ("-id",),
                "permissions": [("approve_listitem", "Can approve what others propose for lists")],
            },
        ),
        migrations.RemoveConstraint(
            model_name="list",
            name="list_item_type_known",
        ),
        migrations.AddField(
            model_name="list",
            name="item_count",
            field=models.BigIntegerField(default=0, editable=False, verbose_name="items"),
        ),
        migrations.AddField(
            model_name="list",
            name="purpose",
            field=models.CharField(
                choices=[
                    ("block", "stop payments"),
                    ("watch", "look closer"),
                    ("allow", "let payments pass (a second person approves each item)"),
                ],
                default="block",
                max_length=10,
                verbose_name="kept to",
            ),
        ),
        migrations.AddField(
            model_name="list",
            name="revision",
            field=models.BigIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name="listitem",
            name="added_revision",
            field=models.BigIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name="listitem",
            name="approved_by",
            field=models.CharField(blank=True, editable=False, max_length=150),
        ),
        migrations.AddField(
            model_name="listitem",
            name="ended_revision",
            field=models.BigIntegerField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="listitem",
            name="source",
            field=models.CharField(
                choices=[("manual", "typed in"), ("import", "import"), ("case", "a payment's page"), ("api", "API")],
                default="manual",
                editable=False,
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="list",
            name="item_type",
            field=models.CharField(
                choices=[
                    ("account", "account"),
                    ("card_token", "card token"),
                    ("card_bin", "card BIN"),
                    ("ip_address", "IP address"),
                    ("country", "country"),
                    ("merchant", "merchant"),
                    ("device", "device"),
                    ("email_domain", "e-mail domain"),
                    ("category", "merchant category"),
                    ("text", "text"),
                ],
                max_length=20,
                verbose_name="type of items",
            ),
        ),
        migrations.AddIndex(
            model_name="listitem",
            index=models.Index(fields=["list", "added_revision"], name="list_item_added"),
        ),
        migrations.AddIndex(
            model_name="listitem",
            index=models.Index(
                condition=models.Q(("ended_revision__isnull", False)),
                fields=["list", "ended_revision"],
                name="list_item_ended",
            ),
        ),
        migrations.AddIndex(
            model_name="listitem",
            index=models.Index(
                condition=models.Q(("expires_at__isnull", False), ("removed_at__isnull", True)),
                fields=["expires_at"],
                name="list_item_expires",
            ),
        ),
        migrations.AddIndex(
            model_name="listitem",
            index=models.Index(fields=["value"], name="list_item_begins", opclasses=("varchar_pattern_ops",)),
        ),
        migrations.AddConstraint(
            model_name="list",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "item_type__in",
                        [
                            "account",
                            "card_token",
                            "card_bin",
                            "ip_address",
                            "country",
                            "merchant",
                            "device",
                            "email_domain",
                            "category",
                            "text",
                        ],
                    )
                ),
                name="list_item_type_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="list",
            constraint=models.CheckConstraint(
                condition=models.Q(("purpose__in", ["block", "watch", "allow"])), name="list_purpose_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="listitem",
            constraint=models.CheckConstraint(
                condition=models.Q(("source__in", ["manual", "import", "case", "api"])), name="list_item_source_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="listitem",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("approved_by", ""), models.Q(("approved_by", models.F("owner")), _negated=True), _connector="OR"
                ),
                name="list_item_two_people",
            ),
        ),
        migrations.AddField(
            model_name="listimport",
            name="list",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="imports", to="rules.list"
            ),
        ),
        migrations.AddField(
            model_name="listimportfault",
            name="list_import",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="faults", to="rules.listimport"
            ),
        ),
        migrations.AddField(
            model_name="listimportline",
            name="list_import",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="lines",
                to="rules.listimport",
            ),
        ),
        migrations.AddField(
            model_name="listimportpart",
            name="list_import",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="parts", to="rules.listimport"
            ),
        ),
        migrations.AddField(
            model_name="listproposal",
            name="list",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="proposals", to="rules.list"
            ),
        ),
        migrations.AddConstraint(
            model_name="listimport",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("needs_approval", False),
                    models.Q(("state__in", ["applying", "applied"]), _negated=True),
                    models.Q(
                        models.Q(("approved_by", ""), _negated=True),
                        models.Q(("approved_by", models.F("uploaded_by")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="list_import_two_people",
            ),
        ),
        migrations.AddConstraint(
            model_name="listimport",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="list_import_has_reason"
            ),
        ),
        migrations.AddConstraint(
            model_name="listimportline",
            constraint=models.UniqueConstraint(fields=("list_import", "line"), name="list_import_line_once"),
        ),
        migrations.AddConstraint(
            model_name="listimportpart",
            constraint=models.UniqueConstraint(fields=("list_import", "number"), name="list_import_part_once"),
        ),
        migrations.AddConstraint(
            model_name="listproposal",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "proposed")), fields=("list", "value"), name="list_proposal_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="listproposal",
            constraint=models.CheckConstraint(
                condition=models.Q(("value", ""), _negated=True), name="list_proposal_has_value"
            ),
        ),
        migrations.AddConstraint(
            model_name="listproposal",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="list_proposal_has_reason"
            ),
        ),
        migrations.AddConstraint(
            model_name="listproposal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_at__isnull", True), ("decided_by", ""), ("state", "proposed")),
                    models.Q(
                        ("decided_at__isnull", False),
                        ("state__in", ["approved", "refused"]),
                        models.Q(("decided_by", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="list_proposal_decided_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="listproposal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "approved"), _negated=True),
                    models.Q(("decided_by", models.F("proposed_by")), _negated=True),
                    _connector="OR",
                ),
                name="list_proposal_two_people",
            ),
        ),
        migrations.AlterField(
            model_name="listitem",
            name="list",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="items",
                to="rules.list",
            ),
        ),
        migrations.RunSQL(_SQL.read_text(), reverse_sql=_REVERSE.read_text()),
    ]
