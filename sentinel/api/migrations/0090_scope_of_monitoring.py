from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("api", "0020_scopes_of_jobs"),
    ]

    operations = [
        migrations.AlterField(
            model_name="gatewayclient",
            name="scopes",
            field=models.JSONField(
                default=list,
                help_text="Any of: transactions:write, transactions:read, transactions:backdate, score:write, predictions:read, predictions:write, jobs:read, jobs:write, decisions:explain, reversals:write, accounts:read, accounts:write, labels:read, labels:write, webhooks:read, webhooks:write, alerts:read, alerts:write, analytics:read, monitoring:read.",
            ),
        ),
    ]
