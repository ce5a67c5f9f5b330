from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

_SQL = Path(__file__).with_suffix(".sql")


def _account_without_index() -> models.Field:
    return models.ForeignKey(
        db_constraint=False,
        db_index=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to="ledger.account",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0003_audit_subject_index"),
    ]

    operations = [
        migrations.AlterField(model_name="reversal", name="account", field=_account_without_index()),
        migrations.AlterField(model_name="label", name="account", field=_account_without_index()),
        migrations.RunSQL(_SQL.read_text(), reverse_sql=migrations.RunSQL.noop),
        # They were the targets of foreign keys.
        migrations.RemoveConstraint(model_name="account", name="account_id_currency_livemode"),
        migrations.RemoveConstraint(model_name="account", name="account_id_currency"),
    ]
