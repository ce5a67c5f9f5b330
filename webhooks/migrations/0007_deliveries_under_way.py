from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("webhooks", "0006_notifications_told"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                models.F("endpoint"),
                condition=models.Q(
                    ("state", "waiting"),
                    models.Q(("woken_until__isnull", False), ("lease_until__isnull", False), _connector="OR"),
                ),
                name="webhooks_delivery_under_way",
            ),
        ),
    ]
