from pathlib import Path

from django.db import migrations, models

_SQL = Path(__file__).with_suffix(".sql")
_BACK = """
DROP INDEX dashboard_decisionfact_resolved;
CREATE INDEX dashboard_decisionfact_resolved ON dashboard_decisionfact (resolved_at)
    INCLUDE (recorded_at, outcome_code, is_fraud, resolved_by, currency) WHERE resolved_at IS NOT NULL;
CREATE INDEX dashboard_decisionfact_held ON dashboard_decisionfact (recorded_at)
    INCLUDE (outcome_code, currency, amount_minor) WHERE outcome_code = 'review.held';
"""


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0050_sessions_of_people"), ("ledger", "0050_decision_times")]

    operations = [
        # Until now only live payments had facts.
        migrations.AddField("decisionfact", "livemode", models.BooleanField(db_default=True)),
        migrations.AddField("rollup", "livemode", models.BooleanField(db_default=True)),
        migrations.RemoveConstraint("rollup", "rollup_once"),
        migrations.AddConstraint(
            "rollup",
            models.UniqueConstraint(
                fields=("grain", "topic", "starts_at", "key", "currency", "outcome_code", "verdict", "livemode"),
                name="rollup_once",
            ),
        ),
        # Nobody filled them: sums are converted when they are shown, by the rates known then.
        migrations.RemoveField("decisionfact", "amount_reporting_minor"),
        migrations.RemoveField("rollup", "amount_reporting_minor"),
        migrations.RunSQL(_SQL.read_text(), _BACK),
    ]
