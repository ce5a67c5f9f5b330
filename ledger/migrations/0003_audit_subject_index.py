from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0002_review_and_freeze_permissions"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(
                models.F("subject"), models.OrderBy(models.F("id"), descending=True), name="audit_subject"
            ),
        ),
    ]
