from pathlib import Path

from django.db import migrations, models

_SQL = Path(__file__).with_suffix(".sql")
_REVERSE = _SQL.with_suffix(".reverse.sql")


class Migration(migrations.Migration):
    dependencies = [
        ("rules", "0007_health"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="listitem",
            index=models.Index(
                fields=["created_at"],
                name="list_item_imported_alone",
                condition=models.Q(("approved_by", ""), ("source", "import")),
            ),
        ),
        migrations.RunSQL(_SQL.read_text(), reverse_sql=_REVERSE.read_text()),
    ]
