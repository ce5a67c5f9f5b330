from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("api", "0001_initial"),
    ]

    operations = [
        migrations.AlterField(
            model_name="gatewayclient",
            name="scopes",
            field=models.JSONField(
                default=list,
                help_text="Any of: transactions:write, transactions:read, transactions:backdate, score:write, decisions:explain, reversals:write, accounts:read, accounts:write, labels:read, labels:write.",
            ),
        ),
    ]
