"""No full card number enters by the Admin either: wherever people write text it is refused in words."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from ledger.admin.card_numbers import NoCardNumbers
from ledger.domain.payments import AccountStatus
from ledger.models import AuditEntry
from ledger.services.accounts import account_set_status
from ledger.services.api_keys import client_key_issue
from ledger.services.holds import Resolution, hold_resolve
from rules.models import List
from sentinel.core.errors import InvalidRequest
from tests.admin import test_accounts, test_clients, test_policies
from tests.admin.test_record import ADD_LABEL, label_form
from tests.admin.test_reviews import confirm_url
from tests.rules.database.test_admin import filled, item_form

TEXT = "Paid with 4111-1111 1111 1111"
WORDS = "This looks like a full card number."
OWN_APPS = {"api", "ledger", "rules", "scoring"}
WITHOUT_TEXTS = {"accountgrant"}


@pytest.fixture
def pages(held, paid, gateway_client) -> dict[str, tuple[str, dict]]:
    """Where text is written: address and a form that would be accepted."""
    return {
        "account": (test_accounts.PAGE, test_accounts.FORM),
        "new account": (test_accounts.ADD, test_accounts.NEW),
        "freeze": (f"{reverse('admin:ledger_account_status', args=['freeze'])}?id=acc_alice", {"note": "asked"}),
        "review": (confirm_url("approved", held), {"note": "Fine"}),
        "label": (ADD_LABEL, label_form(paid)),
        "client": (reverse("admin:api_gatewayclient_add"), test_clients.FORM),
        "key": (test_clients.ADD_KEY, {"client": gateway_client.pk, "name": "checkout"}),
        "policy": (test_policies.ADD, test_policies.FORM),
        "rule": (reverse("admin:rules_rule_add"), filled()),
        "list": (
            reverse("admin:rules_list_add"),
            {"name": "vips", "item_type": "account", "purpose": "block", "description": ""},
        ),
    }


@pytest.mark.parametrize(
    ("page", "field"),
    [
        ("account", "name"),
        ("account", "status_reason"),
        ("new account", "name"),
        ("freeze", "note"),
        ("review", "note"),
        ("label", "note"),
        ("client", "name"),
        ("key", "name"),
        ("policy", "note"),
        ("rule", "name"),
        ("rule", "description"),
        ("rule", "reason_words"),
        ("list", "description"),
    ],
)
def test_a_card_number_is_refused_at_its_field_and_nothing_is_written(admin_client, pages, page, field):
    url, form = pages[page]
    before = AuditEntry.objects.count()

    answer = admin_client.post(url, {**form, field: TEXT})

    context = answer.context
    shown = context["adminform"].form if "adminform" in context else context["form"]
    assert [name for name, words in shown.errors.items() if WORDS in words[0]] == [field]
    assert WORDS in answer.content.decode()
    assert AuditEntry.objects.count() == before

    admin_client.post(url, form if page != "account" else {**form, "name": "A. Rao"})
    assert AuditEntry.objects.count() > before


def test_the_reason_of_a_list_item_is_looked_at_too(admin_client, pages):
    admin_client.post(*pages["list"])
    vips = List.objects.get(name="vips")

    page = admin_client.post(
        reverse("admin:rules_list_change", args=[vips.pk]), item_form("acc_alice") | {"items-0-reason": TEXT}
    )

    assert WORDS in page.content.decode()
    assert not vips.items.exists()


def test_every_form_that_people_can_save_looks(rf, db):
    request = rf.get("/")
    request.user = User(is_superuser=True, is_active=True)

    forms = {
        model._meta.model_name: model_admin.get_form(request)
        for model, model_admin in admin.site._registry.items()
        if model._meta.app_label in OWN_APPS
        and (model_admin.has_add_permission(request) or model_admin.has_change_permission(request))
    }

    assert len(forms) >= 8
    assert {name for name, form in forms.items() if not issubclass(form, NoCardNumbers)} == WITHOUT_TEXTS


def test_the_services_look_as_well(held, gateway_client):
    actor, now = "ravi", timezone.now()
    before = AuditEntry.objects.count()

    with pytest.raises(InvalidRequest, match=WORDS):
        hold_resolve(transaction_id=held.pk, resolution=Resolution.APPROVED, note=TEXT, actor=actor, now=now)
    with pytest.raises(InvalidRequest, match=WORDS):
        account_set_status(account_id="acc_alice", status=AccountStatus.FROZEN, reason=TEXT, actor=actor, now=now)
    with pytest.raises(InvalidRequest, match=WORDS):
        client_key_issue(client=gateway_client, name=TEXT, expires_at=None, actor=actor, now=now)
    assert AuditEntry.objects.count() == before
