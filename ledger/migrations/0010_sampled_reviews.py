import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("ledger", "0009_label_imports")]

    operations = [
        migrations.CreateModel(
            name="RecordMark",
            fields=[
                ("name", models.CharField(max_length=20, primary_key=True, serialize=False)),
                ("read_until", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="SampledReview",
            fields=[
                (
                    "transaction",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="sample",
                        serialize=False,
                        to="ledger.transaction",
                    ),
                ),
                ("per_mille", models.PositiveSmallIntegerField(help_text="The share in force when it was chosen.")),
                ("inclusion_probability", models.FloatField()),
                ("chosen_at", models.DateTimeField()),
                ("is_fraud", models.BooleanField(null=True)),
                ("decided_by", models.CharField(blank=True, max_length=150)),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.account"
                    ),
                ),
            ],
            options={
                "verbose_name": "sampled review",
                "ordering": ("chosen_at",),
                "indexes": [
                    models.Index(
                        condition=Q(decided_at__isnull=True), fields=["chosen_at"], name="ledger_sample_open"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(inclusion_probability__gt=0, inclusion_probability__lte=1),
                        name="ledger_sample_share",
                    ),
                    models.CheckConstraint(
                        condition=Q(is_fraud__isnull=True, decided_at__isnull=True, decided_by="")
                        | (Q(is_fraud__isnull=False, decided_at__isnull=False) & ~Q(decided_by="")),
                        name="ledger_sample_decided_whole",
                    ),
                ],
            },
        ),
    ]
