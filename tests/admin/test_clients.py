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


def test_the_lists_take_few_queries(operator, gateway_client, django_assert_max_num_queries):
    for _ in range(4):
        api_key_create(client=make_client())

    for url in (CLIENTS, KEYS):
        with django_assert_max_num_queries(6):
            operator.get(url)
