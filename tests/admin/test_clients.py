import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from ledger.models import Account, AccountGrant, AuditEntry
from sentinel.api.authentication import authenticate
from sentinel.api.models import ApiKey, GatewayClient
from sentinel.api.services import api_key_create, digest_of
from sentinel.core.errors import NotAuthenticated
from tests.factories import make_account, make_client

CLIENTS = reverse("admin:api_gatewayclient_changelist")
KEYS = reverse("admin:api_apikey_changelist")
ADD_KEY = reverse("admin:api_apikey_add")
ADD_GRANT = reverse("admin:ledger_accountgrant_add")
FORM = {
    "name": "Corner Gateway",
    "livemode": "on",
    "is_active": "on",
    "rate": "200/s",
    "scopes": ["transactions:write"],
}


def page_of(client: GatewayClient) -> str:
    return reverse("admin:api_gatewayclient_change", args=[client.pk])


def secret_page(client: GatewayClient) -> str:
    return reverse("admin:api_gatewayclient_secret", args=[client.pk])


def shown(page, kind: str) -> str:
    match = re.search(rf'<code id="secret">({kind}_[^<]+)</code>', page.content.decode())
    assert match
    return match[1]


def test_a_client_is_made_with_scopes(operator, db):
    assert operator.post(reverse("admin:api_gatewayclient_add"), FORM).status_code == 302

    client = GatewayClient.objects.get()
    assert (client.scopes, client.rate, client.livemode) == (["transactions:write"], "200/s", True)
    assert AuditEntry.objects.get(action="client.create").subject == "Corner Gateway"


@pytest.mark.parametrize("change", [{"rate": "fast"}, {"scopes": ["all"]}, {"name": ""}])
def test_a_client_that_cannot_be_is_refused(operator, db, change):
    assert operator.post(reverse("admin:api_gatewayclient_add"), {**FORM, **change}).status_code == 200

    assert (GatewayClient.objects.count(), AuditEntry.objects.count()) == (0, 0)


def test_the_mode_never_changes(operator, gateway_client):
    form = {**FORM, "api_keys-TOTAL_FORMS": 0, "api_keys-INITIAL_FORMS": 0}
    form.pop("livemode")

    assert operator.post(page_of(gateway_client), form).status_code == 302

    gateway_client.refresh_from_db()
    assert (gateway_client.livemode, gateway_client.name) == (True, "Corner Gateway")


def test_a_key_is_shown_once_and_works(operator, gateway_client):
    text = shown(operator.post(ADD_KEY, {"client": gateway_client.pk, "name": "checkout"}), "sk_live")

    assert authenticate(text, None).client_id == gateway_client.pk
    for url in (page_of(gateway_client), KEYS, reverse("admin:api_apikey_change", args=[ApiKey.objects.get().pk])):
        page = operator.get(url).content.decode()
        assert text not in page
        assert digest_of(text) not in page
        assert ApiKey.objects.get().prefix in page
    assert text not in str(AuditEntry.objects.values())


def test_a_key_that_has_expired_already_is_not_made(operator, gateway_client):
    yesterday = timezone.now() - timedelta(days=1)

    page = operator.post(
        ADD_KEY, {"client": gateway_client.pk, "expires_at_0": f"{yesterday:%Y-%m-%d}", "expires_at_1": "12:00"}
    )

    assert "expires in the future" in page.content.decode()
    assert ApiKey.objects.count() == 0


def test_a_revoked_key_is_refused(operator, gateway_client, django_capture_on_commit_callbacks):
    key, text = api_key_create(client=gateway_client)

    with django_capture_on_commit_callbacks(execute=True):
        operator.post(KEYS, {"action": "revoke", "_selected_action": [key.pk]})

    with pytest.raises(NotAuthenticated):
        authenticate(text, None)
    assert AuditEntry.objects.filter(action="client.key_revoke").count() == 1


def test_a_key_is_revoked_once(operator, gateway_client):
    key, _ = api_key_create(client=gateway_client)
    for _ in range(2):
        page = operator.post(KEYS, {"action": "revoke", "_selected_action": [key.pk]}, follow=True)

    assert "revoked before" in page.content.decode()
    assert AuditEntry.objects.filter(action="client.key_revoke").count() == 1


def test_a_secret_is_asked_for_and_shown_once(operator, gateway_client):
    assert "New secret for" in operator.get(secret_page(gateway_client)).content.decode()
    assert GatewayClient.objects.get().secret_digest == ""

    secret = shown(operator.post(secret_page(gateway_client)), "cs")

    assert GatewayClient.objects.get().secret_digest == digest_of(secret)
    assert digest_of(secret) not in operator.get(page_of(gateway_client)).content.decode()


def test_who_may_only_look_makes_no_credentials(sign_in, gateway_client):
    onlooker = sign_in("otto", "api.view_gatewayclient", "api.view_apikey")
    key, _ = api_key_create(client=gateway_client)

    assert "New key" not in onlooker.get(page_of(gateway_client)).content.decode()
    assert onlooker.post(secret_page(gateway_client)).status_code == 403
    assert onlooker.post(ADD_KEY, {"client": gateway_client.pk}).status_code == 403
    onlooker.post(KEYS, {"action": "revoke", "_selected_action": [key.pk]})

    assert ApiKey.objects.get().revoked_at is None
    assert AuditEntry.objects.count() == 0


def test_a_grant_is_given_and_taken_back(operator, account_alice):
    client = make_client(all_accounts=False)
    operator.post(ADD_GRANT, {"client": client.pk, "account": "acc_alice"})
    grant = AccountGrant.objects.get()
    assert Account.objects.get(pk="acc_alice").version == account_alice.version + 1

    grants = reverse("admin:ledger_accountgrant_changelist")
    operator.post(grants, {"action": "take_back", "_selected_action": [grant.pk]})

    assert AccountGrant.objects.count() == 0
    assert Account.objects.get(pk="acc_alice").version == account_alice.version + 2
    assert list(AuditEntry.objects.filter(actor="olivia").values_list("action", flat=True)) == [
        "grant.take",
        "grant.give",
    ]


def test_live_and_test_never_meet(operator, gateway_client):
    make_account("acc_test", livemode=False)

    page = operator.post(ADD_GRANT, {"client": gateway_client.pk, "account": "acc_test"}, follow=True)

    assert "customer accounts of its own mode" in page.content.decode()
    assert AccountGrant.objects.count() == 0


def test_a_client_may_be_held_to_networks(operator, db):
    form = {**FORM, "allowed_networks": "203.0.113.0/24\r\n\r\n 2001:DB8::/32 \r\n203.0.113.0/24\r\n198.51.100.7"}

    operator.post(reverse("admin:api_gatewayclient_add"), form)

    client = GatewayClient.objects.get()
    assert client.allowed_networks == ["203.0.113.0/24", "2001:db8::/32", "198.51.100.7/32"]
    assert AuditEntry.objects.get(action="client.create").details["allowed_networks"] == client.allowed_networks
    assert "2001:db8::/32\n198.51.100.7/32</textarea>" in operator.get(page_of(client)).content.decode()
    assert "3 networks" in operator.get(CLIENTS).content.decode()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("office", "office is not a network such as"),
        ("10.0.0.1/8", "names one address of 10.0.0.0/8"),
        ("0.0.0.0/0", "Leave the list empty instead"),
        ("\n".join(f"10.0.{n}.0/24" for n in range(51)), "At most 50 networks"),
    ],
)
def test_networks_that_cannot_be_are_refused_in_words(operator, db, text, words):
    page = operator.post(reverse("admin:api_gatewayclient_add"), {**FORM, "allowed_networks": text})

    assert words in page.content.decode()
    assert (GatewayClient.objects.count(), AuditEntry.objects.count()) == (0, 0)


def test_a_form_that_changes_nothing_tells_of_no_networks(operator):
    client = make_client(allowed_networks=["203.0.113.0/24"])
    form = {**FORM, "allowed_networks": "203.0.113.0/24", "api_keys-TOTAL_FORMS": 0, "api_keys-INITIAL_FORMS": 0}

    operator.post(page_of(client), form)

    assert "allowed_networks" not in AuditEntry.objects.get(action="client.change").details


def rotate_page(key: ApiKey) -> str:
    return reverse("admin:api_apikey_rotate", args=[key.pk])


def test_a_key_is_rotated_and_both_are_shown(operator, gateway_client):
    key, old = api_key_create(client=gateway_client, name="checkout")
    assert "Make the new key" in operator.get(rotate_page(key)).content.decode()

    answer = operator.post(rotate_page(key), {"overlap_hours": "24"})

    new = shown(answer, "sk_live")
    assert f"{key} works until" in answer.content.decode()
    assert authenticate(old, None).client_id == authenticate(new, None).client_id == gateway_client.pk
    key.refresh_from_db()
    assert key.expires_at
    assert timedelta(hours=23) < key.expires_at - timezone.now() <= timedelta(hours=24)
    page = operator.get(page_of(gateway_client)).content.decode()
    assert "being replaced" in page
    assert key.prefix in page
    assert key.replacement.prefix in page
    assert new not in page


def test_an_old_key_that_is_still_used_is_warned_of(operator, gateway_client):
    key, _ = api_key_create(client=gateway_client)
    operator.post(rotate_page(key), {"overlap_hours": "168"})
    key_page = reverse("admin:api_apikey_change", args=[key.pk])
    assert "needs the new" not in operator.get(page_of(gateway_client)).content.decode()

    used_at = timezone.now() + timedelta(seconds=1)
    ApiKey.objects.filter(pk=key.pk).update(last_used_at=used_at, last_used_from="203.0.113.9")

    for url in (page_of(gateway_client), key_page):
        page = operator.get(url).content.decode()
        assert "from 203.0.113.9: whoever calls from there needs the new" in page


def test_a_key_that_ends_soon_is_warned_of(operator, gateway_client):
    api_key_create(client=gateway_client, expires_at=timezone.now() + timedelta(days=2, minutes=5))

    assert "stops working in 2 d" in operator.get(page_of(gateway_client)).content.decode()


def test_a_key_is_not_rotated_twice(operator, gateway_client):
    key, _ = api_key_create(client=gateway_client)
    operator.post(rotate_page(key), {"overlap_hours": "168"})

    page = operator.post(rotate_page(key), {"overlap_hours": "168"}, follow=True)

    assert "was replaced by" in page.content.decode()
    assert ApiKey.objects.count() == 2


@pytest.mark.parametrize("hours", ["", "-1", "5", "9999"])
def test_an_overlap_is_chosen_from_the_list(operator, gateway_client, hours):
    key, _ = api_key_create(client=gateway_client)

    operator.post(rotate_page(key), {"overlap_hours": hours})

    assert list(ApiKey.objects.values_list("expires_at", flat=True)) == [None]
    assert AuditEntry.objects.count() == 0


@pytest.mark.parametrize("missing", ["api.add_apikey", "api.change_apikey"])
def test_rotating_takes_the_right_to_make_and_to_revoke(sign_in, gateway_client, missing):
    key, _ = api_key_create(client=gateway_client)
    rights = {"api.view_apikey", "api.add_apikey", "api.change_apikey"} - {missing}
    person = sign_in("pat", *rights)

    assert person.get(rotate_page(key)).status_code == 403
    assert person.post(rotate_page(key), {"overlap_hours": "0"}).status_code == 403
    assert "Rotate" not in person.get(reverse("admin:api_apikey_change", args=[key.pk])).content.decode()
    assert ApiKey.objects.count() == 1


def test_the_lists_take_few_queries(operator, gateway_client, django_assert_max_num_queries):
    for _ in range(4):
        api_key_create(client=make_client())

    for url in (CLIENTS, KEYS):
        with django_assert_max_num_queries(6):
            operator.get(url)
