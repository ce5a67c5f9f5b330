"""Keys of authenticator apps are encrypted from now on, those that are there as well."""

from django.db import migrations

from sentinel.ops.secret_box import SECOND_FACTORS, secret_decrypt, secret_encrypt

# A key of 20 bytes makes 140 characters once it is encrypted; one of 40, the largest there is, 184.
_WIDER = "ALTER TABLE otp_totp_totpdevice ALTER COLUMN key TYPE varchar(200)"
_AS_BEFORE = "ALTER TABLE otp_totp_totpdevice ALTER COLUMN key TYPE varchar(80)"


def encrypt(apps, schema_editor):
    for device in apps.get_model("otp_totp", "TOTPDevice").objects.all():
        device.key = secret_encrypt(device.key, purpose=SECOND_FACTORS).decode()
        device.save(update_fields=["key"])


def decrypt(apps, schema_editor):
    for device in apps.get_model("otp_totp", "TOTPDevice").objects.all():
        device.key = secret_decrypt(device.key.encode(), purpose=SECOND_FACTORS)
        device.save(update_fields=["key"])


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0090_monitoring"), ("otp_totp", "0003_add_timestamps")]

    operations = [
        migrations.RunSQL(_WIDER, _AS_BEFORE),
        migrations.RunPython(encrypt, decrypt),
        migrations.CreateModel(
            name="AuthenticatorApp",
            fields=[],
            options={"proxy": True, "default_permissions": (), "indexes": [], "constraints": []},
            bases=("otp_totp.totpdevice",),
        ),
    ]
