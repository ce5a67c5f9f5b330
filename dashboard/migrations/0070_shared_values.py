from pathlib import Path

from django.db import migrations, models

_SQL = Path(__file__).with_suffix(".sql")
_BACK = "DROP TABLE dashboard_sharedvalue; DROP FUNCTION dashboard_value_hash(text, boolean, text)"


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0065_test_payments_too")]

    operations = [
        migrations.RunSQL(
            _SQL.read_text(),
            _BACK,
            state_operations=[
                migrations.CreateModel(
                    name="SharedValue",
                    fields=[
                        ("transaction_id", models.UUIDField(primary_key=True, serialize=False)),
                        ("value_hash", models.BigIntegerField()),
                        ("account_id", models.CharField(max_length=64)),
                    ],
                ),
            ],
        ),
    ]
