from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0020_permissions_to_reveal_and_export"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="transaction",
            options={"ordering": ("-id",), "permissions": [("reverse_transaction", "Can give money back")]},
        ),
    ]
