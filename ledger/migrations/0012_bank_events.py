from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0011_label_own_clock")]

    operations = [
        migrations.CreateModel(
            name="BankEvent",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("type", models.CharField(max_length=50)),
                ("subject", models.CharField(max_length=200)),
                ("payload", models.JSONField()),
                ("recorded_at", models.DateTimeField()),
            ],
            options={"ordering": ("-id",)},
        ),
        migrations.RunSQL("SELECT sentinel_make_insert_only('ledger_bankevent')", migrations.RunSQL.noop),
        # A client reads its own events in their order.
        migrations.RunSQL(
            "CREATE INDEX ledger_event_client ON ledger_event (client_id, id)", "DROP INDEX ledger_event_client"
        ),
        # The queue of events stays short and is written all the time: without this its dead rows would be walked over.
        migrations.RunSQL(
            "ALTER TABLE ledger_outboxpending SET (autovacuum_vacuum_scale_factor = 0,"
            " autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_insert_scale_factor = 0,"
            " autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 2000)",
            migrations.RunSQL.noop,
        ),
    ]
