from pathlib import Path

from django.db import migrations

_SQL = Path(__file__).with_suffix(".sql")


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0004_checked_in_sets"),
    ]

    operations = [
        migrations.RunSQL(_SQL.read_text(), reverse_sql=migrations.RunSQL.noop),
    ]
