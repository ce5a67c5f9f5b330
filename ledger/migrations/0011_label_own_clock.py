from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0010_sampled_reviews"),
    ]

    operations = [
        migrations.AddField(
            model_name="label",
            name="own_clock",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Of replayed history: it was known when it was observed, whenever it was entered.",
            ),
        ),
    ]
