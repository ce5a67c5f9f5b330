"""API keys are made, rotated and revoked; what is refused leaves everything as it was."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from ledger.examinations import api_keys
from ledger.models import AuditEntry
from ledger.services.api_keys import client_key_issue, client_key_revoke, client_key_rotate
from sentinel.api.models import ApiKey
from sentinel.api.services import api_key_create
from sentinel.core.errors import Conflict, InvalidRequest
from sentinel.ops.doctor import LookAtIt
from tests.factories import make_client

pytestmark = pytest.mark.django_db

WEEK = timedelta(days=7)


@pytest.fixture
def client():
    return make_client()


@pytest.fixture
def key(client) -> ApiKey:
    return api_key_create(client=client, name="checkout")[0]


@pytest.fixture
def now():
    return timezone.now()


def rotate(key: ApiKey, now, overlap: timedelta = WEEK) -> tuple[ApiKey, str]:
    return client_key_rotate(key=key, overlap=overlap, actor="olivia", now=now)


def test_a_new_key_takes_the_place_and_the_old_one_ends_after_the_overlap(client, key, now):
    made, text = rotate(key, now)

    key.refresh_from_db()
    assert (made.client, made.name, made.replaces, made.expires_at) == (client, "checkout", key, None)
    assert (key.expires_at, key.revoked_at) == (now + WEEK, None)
    assert text.startswith(f"sk_live_{made.prefix}_")
    entry = AuditEntry.objects.get(action="client.key_rotate")
    assert (entry.actor, entry.details["key"], entry.details["replacement"]) == ("olivia", str(key), str(made))
    assert text not in str(entry.details)


def test_a_key_that_ends_before_the_overlap_is_given_no_more_time(key, now):
    ApiKey.objects.filter(pk=key.pk).update(expires_at=now + timedelta(days=2))

    rotate(key, now)

    key.refresh_from_db()
    assert key.expires_at == now + timedelta(days=2)


def test_the_new_key_lives_as_long_as_the_old_one_was_made_for(key, now):
    ApiKey.objects.filter(pk=key.pk).update(expires_at=key.created_at + timedelta(days=90))

    made, _ = rotate(key, now)

    assert made.expires_at == now + timedelta(days=90)


def test_without_an_overlap_the_old_one_ends_now(key, now):
    rotate(key, now, timedelta(0))

    key.refresh_from_db()
    assert key.expires_at == now


def test_a_chain_of_keys_is_kept(key, now):
    second, _ = rotate(key, now)
    third, _ = rotate(second, now)

    assert (third.replaces, second.replaces) == (second, key)


@pytest.fixture
def untouched(client):
    """Nothing was made, changed or told."""
    yield
    assert not AuditEntry.objects.exists()
    assert not ApiKey.objects.exclude(replaces=None).exists()


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    "state", [{"revoked_at": timezone.now()}, {"expires_at": timezone.now() - timedelta(seconds=1)}]
)
def test_a_key_that_does_not_work_is_not_rotated(key, now, state):
    ApiKey.objects.filter(pk=key.pk).update(**state)

    with pytest.raises(Conflict, match="does not work any more"):
        rotate(key, now)


def test_a_key_is_replaced_once(key, now):
    made, _ = rotate(key, now)

    with pytest.raises(Conflict, match=f"was replaced by {made.prefix}"):
        rotate(key, now)

    assert (ApiKey.objects.count(), AuditEntry.objects.count()) == (2, 1)


@pytest.mark.usefixtures("untouched")
def test_a_client_has_so_many_keys_that_work_and_no_more(client, key, now, settings):
    settings.API_KEYS_MAX = 2
    other, _ = api_key_create(client=client)

    for refused in (
        lambda: client_key_issue(client=client, name="", expires_at=None, actor="olivia", now=now),
        lambda: rotate(key, now),
    ):
        with pytest.raises(Conflict, match="as many as it may") as error:
            refused()
        assert error.value.errors[0].code == "too_many"

    assert set(client.api_keys.all()) == {key, other}


def test_what_does_not_work_any_more_does_not_count(client, key, now, settings):
    settings.API_KEYS_MAX = 2
    api_key_create(client=client, expires_at=now - timedelta(seconds=1))
    revoked, _ = api_key_create(client=client)
    client_key_revoke(key=revoked, actor="olivia", now=now)

    rotate(key, now)

    assert client.api_keys.count() == 4


@pytest.mark.usefixtures("untouched")
def test_a_name_holds_no_card_number(client, now):
    with pytest.raises(InvalidRequest):
        client_key_issue(client=client, name="4111111111111111", expires_at=None, actor="olivia", now=now)

    assert not client.api_keys.exists()


def test_the_database_keeps_a_replacement_with_its_client(key):
    stranger = make_client()

    with pytest.raises(IntegrityError, match="api_key_replaces_own"), transaction.atomic():
        api_key_create(client=stranger, replaces=key)


def test_the_database_keeps_one_replacement_per_key(client, key, now):
    rotate(key, now)

    with pytest.raises(IntegrityError, match="replaces_id"), transaction.atomic():
        api_key_create(client=client, replaces=key)


@pytest.mark.parametrize("shape", ["sk_live_{}", "{}", "sk_live_{}…", "sk_live_{}_the-rest-of-it"])
def test_the_command_prints_the_new_key_and_nothing_else_to_its_output(key, shape):
    out, err = StringIO(), StringIO()

    call_command("rotate_key", shape.format(key.prefix), "--overlap-days=1", stdout=out, stderr=err)

    key.refresh_from_db()
    assert out.getvalue().strip().startswith(f"sk_live_{key.replacement.prefix}_")
    assert f"{key} of {key.client} works until" in err.getvalue()
    assert timedelta(hours=23) < key.expires_at - timezone.now() <= timedelta(days=1)


@pytest.mark.parametrize("words", [["00000000"], ["sk_live_00000000"]])
def test_the_command_knows_no_such_key(words):
    with pytest.raises(CommandError, match="No key begins with"):
        call_command("rotate_key", *words)


def test_the_command_says_why_not(key, now):
    client_key_revoke(key=key, actor="olivia", now=now)

    with pytest.raises(CommandError, match="does not work any more"):
        call_command("rotate_key", key.prefix)

    assert ApiKey.objects.count() == 1


def test_doctor_is_content_with_keys_that_last(key, now):
    rotate(api_key_create(client=key.client)[0], now)

    assert api_keys() == "none that is used ends soon"


def test_doctor_names_an_old_key_that_is_still_used(key, now):
    rotate(key, now)
    ApiKey.objects.filter(pk=key.pk).update(last_used_at=timezone.now() + timedelta(minutes=1))

    with pytest.raises(LookAtIt, match=f"{key.prefix}… of {key.client} was replaced and is still used"):
        api_keys()


def test_doctor_names_a_key_that_is_used_and_ends_soon(key, now):
    ApiKey.objects.filter(pk=key.pk).update(expires_at=now + timedelta(days=3), last_used_at=now)

    with pytest.raises(LookAtIt, match="stops working soon"):
        api_keys()
