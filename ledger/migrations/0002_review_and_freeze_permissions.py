from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0001_initial"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="account",
            options={"ordering": ("id",), "permissions": [("freeze_account", "Can freeze, thaw and close accounts")]},
        ),
        migrations.AlterModelOptions(
            name="hold",
            options={
                "permissions": [("resolve_hold", "Can approve, decline and expire reviews")],
                "verbose_name": "review",
            },
        ),
    ]
