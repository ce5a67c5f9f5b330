from pathlib import Path

from django.db import migrations

_SQL = Path(__file__).with_suffix(".sql")
_REVERSE = _SQL.with_suffix(".reverse.sql")


class Migration(migrations.Migration):
    dependencies = [
        ("rules", "0001_rules_and_lists"),
        ("ledger", "0001_initial"),  # makes sentinel_make_insert_only
    ]

    operations = [
        migrations.RunSQL(_SQL.read_text(), reverse_sql=_REVERSE.read_text()),
    ]
