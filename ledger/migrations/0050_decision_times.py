from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0040_permission_to_reverse")]

    operations = [
        migrations.CreateModel(
            name="DecisionTime",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("livemode", models.BooleanField()),
                ("hour", models.DateTimeField()),
                ("band", models.SmallIntegerField(help_text="Of time, as ledger/domain/decision_times.py has them.")),
                ("payments", models.BigIntegerField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("livemode", "hour", "band"), name="ledger_decisiontime_once"),
                    models.CheckConstraint(
                        condition=models.Q(("band__gte", 0), ("band__lte", 144), ("payments__gt", 0)),
                        name="ledger_decisiontime_fits",
                    ),
                ],
            },
        ),
    ]
