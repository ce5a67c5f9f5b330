from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0007_labels_by_time")]

    operations = [
        migrations.AddConstraint(
            model_name="label",
            constraint=models.UniqueConstraint(
                fields=("transaction", "source", "is_fraud", "observed_at"), name="ledger_label_once"
            ),
        ),
    ]
