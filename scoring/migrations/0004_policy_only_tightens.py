from pathlib import Path

from django.db import migrations

_SQL = Path(__file__).with_suffix(".sql")
_REVERSE = _SQL.with_suffix(".reverse.sql")


class Migration(migrations.Migration):
    dependencies = [
        ("scoring", "0003_policy_lifecycle"),
    ]

    operations = [
        migrations.RunSQL(_SQL.read_text(), reverse_sql=_REVERSE.read_text()),
    ]
