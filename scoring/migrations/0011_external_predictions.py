from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [
        ("scoring", "0010_model_families"),
    ]

    operations = [
        migrations.AddField(
            model_name="prediction",
            name="source",
            field=models.CharField(
                choices=[("own", "Own"), ("external", "External")], db_default="own", max_length=10
            ),
        ),
        migrations.AddField(model_name="prediction", name="transaction_id", field=models.UUIDField(null=True)),
        migrations.AddField(model_name="prediction", name="occurred_at", field=models.DateTimeField(null=True)),
        migrations.AlterField(
            model_name="prediction", name="outcome", field=models.CharField(max_length=10, null=True)
        ),
        migrations.AlterField(model_name="prediction", name="ruleset_version", field=models.IntegerField(null=True)),
        migrations.AlterField(model_name="prediction", name="policy_version", field=models.IntegerField(null=True)),
        migrations.AddConstraint(
            model_name="prediction",
            constraint=models.CheckConstraint(
                condition=Q(
                    source="own",
                    outcome__isnull=False,
                    ruleset_version__isnull=False,
                    policy_version__isnull=False,
                    transaction_id__isnull=True,
                )
                | Q(
                    source="external",
                    model_version__isnull=False,
                    ruleset_version__isnull=True,
                    policy_version__isnull=True,
                    occurred_at__isnull=False,
                ),
                name="prediction_says_who_made_it",
            ),
        ),
        migrations.AddConstraint(
            model_name="prediction",
            constraint=models.CheckConstraint(
                condition=Q(source="own") | Q(fraud_probability__isnull=False) | Q(score_percentile__isnull=False),
                name="prediction_external_has_score",
            ),
        ),
    ]
