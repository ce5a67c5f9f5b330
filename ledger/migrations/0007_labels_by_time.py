from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0006_decision_hits")]

    operations = [
        migrations.AddIndex(
            model_name="label", index=models.Index(fields=["recorded_at"], name="ledger_label_recorded")
        ),
    ]
