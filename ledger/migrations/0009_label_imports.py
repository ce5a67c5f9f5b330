import django.core.serializers.json
from django.db import migrations, models

STATES = [
    ("uploaded", "waiting to be checked"),
    ("checked", "checked"),
    ("applying", "being added"),
    ("applied", "added"),
    ("refused", "thrown away"),
    ("failed", "not usable"),
]


class Migration(migrations.Migration):
    dependencies = [("ledger", "0008_label_once")]

    operations = [
        migrations.CreateModel(
            name="LabelImport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("state", models.CharField(choices=STATES, default="uploaded", max_length=20)),
                ("file_name", models.CharField(max_length=200, verbose_name="file")),
                ("file_sha256", models.CharField(max_length=64, verbose_name="SHA-256")),
                ("size_bytes", models.BigIntegerField(help_text="Unpacked.")),
                ("content", models.BinaryField(null=True)),
                (
                    "counts",
                    models.JSONField(default=dict, encoder=django.core.serializers.json.DjangoJSONEncoder),
                ),
                (
                    "faults",
                    models.JSONField(default=list, encoder=django.core.serializers.json.DjangoJSONEncoder),
                ),
                ("leaves_out_faulty", models.BooleanField(default=False)),
                ("uploaded_by", models.CharField(max_length=150)),
                ("uploaded_at", models.DateTimeField()),
                ("ended_by", models.CharField(blank=True, max_length=150)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={"ordering": ("-id",)},
        ),
    ]
