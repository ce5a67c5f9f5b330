"""Secrets that have to be read again are encrypted in the database, and their keys can be changed without a stop."""

from importlib import import_module
from io import StringIO

import pytest
from cryptography.fernet import InvalidToken
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from dashboard.models import AuthenticatorApp
from dashboard.services.second_factor import enrolment_begin
from sentinel.ops.secret_box import SECOND_FACTORS, WEBHOOK_SECRETS, secret_decrypt, secret_encrypt
from tests.factories import make_client
from webhooks.models import EndpointSecret
from webhooks.services.endpoint_secrets import endpoint_secret_read
from webhooks.services.endpoints import EndpointTerms, endpoint_create

OLD, NEW = "the old key of this installation", "the new key of this installation"


@pytest.fixture
def old_key(settings):
    settings.ENCRYPTION_KEYS = [OLD]


@pytest.fixture
def kept(db, old_key) -> tuple[str, bytes]:
    """The secret of an endpoint and the key of an app, in clear, as they were made under the old key."""
    _, secret = endpoint_create(
        client=make_client(), terms=EndpointTerms("https://example.com/"), actor="mia", now=timezone.now()
    )
    return secret, enrolment_begin(user=User.objects.create_user("ravi")).bin_key


def read() -> tuple[str, bytes]:
    return endpoint_secret_read(bytes(EndpointSecret.objects.get().encrypted)), AuthenticatorApp.objects.get().bin_key


def reencrypt() -> str:
    told = StringIO()
    call_command("reencrypt_secrets", stdout=told)
    return told.getvalue()


def test_the_database_holds_neither_in_clear(kept):
    secret, key = kept

    assert secret.encode() not in bytes(EndpointSecret.objects.get().encrypted)
    assert key.hex() not in TOTPDevice.objects.get().key
    assert read() == kept


def test_both_keys_open_until_the_old_one_is_taken_away(kept, settings):
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    assert read() == kept

    assert reencrypt() == "1 secrets of endpoints and 1 second factors are under the first key.\n"

    settings.ENCRYPTION_KEYS = [NEW]
    assert read() == kept
    assert reencrypt().startswith("0 secrets of endpoints and 0 ")
    settings.ENCRYPTION_KEYS = [OLD]
    with pytest.raises(InvalidToken):
        read()


def test_a_key_that_is_not_named_changes_nothing(kept, settings):
    before = bytes(EndpointSecret.objects.get().encrypted), TOTPDevice.objects.get().key
    settings.ENCRYPTION_KEYS = [NEW]

    with pytest.raises(CommandError, match="Nothing was changed"):
        reencrypt()

    assert (bytes(EndpointSecret.objects.get().encrypted), TOTPDevice.objects.get().key) == before


@pytest.mark.usefixtures("old_key")
def test_a_secret_of_one_purpose_is_none_of_another():
    encrypted = secret_encrypt("whsec_x", purpose=WEBHOOK_SECRETS)

    with pytest.raises(InvalidToken):
        secret_decrypt(encrypted, purpose=SECOND_FACTORS)


def test_keys_that_were_there_before_are_encrypted_by_the_migration(db, old_key):
    plain = TOTPDevice.objects.create(user=User.objects.create_user("ravi"), name="app")
    migration = import_module("dashboard.migrations.0100_encrypted_second_factors")

    migration.encrypt(apps, None)
    assert AuthenticatorApp.objects.get().bin_key == plain.bin_key

    migration.decrypt(apps, None)
    assert TOTPDevice.objects.get().key == plain.key
