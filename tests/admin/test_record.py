"""Ledger rows are looked at, never written, whoever is signed in; labels are the exception that adds."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from ledger.models import AuditEntry, Entry, Event, Label
from ledger.services.labels import label_attach
from sentinel.core.ids import uuid7

INSERT_ONLY = ["ledger_transaction", "ledger_hold", "ledger_entry", "ledger_event", "ledger_auditentry"]
LABELS = reverse("admin:ledger_label_changelist")
ADD_LABEL = reverse("admin:ledger_label_add")


def label_form(payment, **changes):
    now = timezone.now()
    form = {
        "transaction_name": payment.public_id,
        "verdict": "fraud",
        "source": "chargeback",
        "observed_at_0": f"{now:%Y-%m-%d}",
        "observed_at_1": f"{now:%H:%M:%S}",
        "note": "Reason 10.4",
    }
    return {**form, **changes}


def a_label(payment) -> Label:
    now = timezone.now()
    return label_attach(
        payment=payment, is_fraud=True, source="other", observed_at=now, actor="ana", label_id=uuid7(), now=now
    )


@pytest.mark.parametrize("model", [*INSERT_ONLY, "ledger_label"])
def test_even_a_superuser_cannot_change_or_delete(admin_client, held, paid, model):
    pk = {
        "ledger_transaction": held.pk,
        "ledger_hold": held.pk,
        "ledger_entry": Entry.objects.all()[0].pk,
        "ledger_event": Event.objects.all()[0].pk,
        "ledger_auditentry": AuditEntry.objects.all()[0].pk,
        "ledger_label": a_label(paid).pk,
    }[model]

    assert admin_client.post(reverse(f"admin:{model}_delete", args=[pk]), {"post": "yes"}).status_code == 403
    change = admin_client.post(reverse(f"admin:{model}_change", args=[pk]), {"actor": "me"})
    assert change.status_code in (302, 403)  # a review leads to its transaction
    listed = admin_client.get(reverse(f"admin:{model}_changelist"))
    assert listed.status_code == 200
    assert "delete_selected" not in listed.content.decode()


@pytest.mark.parametrize("model", INSERT_ONLY)
def test_nothing_is_added_by_hand(admin_client, db, model):
    assert admin_client.get(reverse(f"admin:{model}_add")).status_code == 403


@pytest.mark.parametrize("model", [*INSERT_ONLY, "ledger_label", "ledger_account", "ledger_accountgrant"])
def test_lists_are_for_those_who_may_look(nobody, model):
    assert nobody.get(reverse(f"admin:{model}_changelist")).status_code == 403


@pytest.mark.parametrize("model", ["ledger_entry", "ledger_event", "ledger_auditentry"])
def test_record_lists_take_few_queries(admin_client, held, paid, model, django_assert_max_num_queries):
    with django_assert_max_num_queries(5):
        admin_client.get(reverse(f"admin:{model}_changelist"))


def test_pages_of_the_record_show_their_rows(admin_client, paid):
    entry, event = Entry.objects.get(transaction_id=paid.pk), Event.objects.get()

    assert (
        "sys_merchants_INR"
        in admin_client.get(reverse("admin:ledger_entry_change", args=[entry.pk])).content.decode()
    )
    page = admin_client.get(reverse("admin:ledger_event_change", args=[event.pk])).content.decode()
    assert "transaction.approved" in page
    assert "not yet" in page


@pytest.mark.parametrize("model", ["ledger_entry", "ledger_event", "ledger_label"])
def test_searching_for_nonsense_finds_nothing(admin_client, paid, model):
    listed = admin_client.get(reverse(f"admin:{model}_changelist"), {"q": "nonsense"})

    assert list(listed.context["cl"].result_list) == []


def test_history_leads_to_the_audit_of_the_object(admin_client, account_alice):
    page = admin_client.get(reverse("admin:ledger_account_history", args=["acc_alice"]), follow=True)

    assert [entry.action for entry in page.context["cl"].result_list] == ["account.create"]


def test_a_label_is_added_from_the_transaction(admin_client, paid):
    page = admin_client.post(ADD_LABEL, label_form(paid), follow=True)

    label = Label.objects.get()
    assert (label.is_fraud, label.source, label.actor, label.transaction_id) == (True, "chargeback", "admin", paid.pk)
    assert AuditEntry.objects.get(action="label.add").subject == paid.public_id
    assert '<span class="badge fraud">fraud</span>' in page.content.decode()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"transaction_name": "txn_" + "0" * 32}, "There is no such transaction."),
        ({"transaction_name": "x"}, "There is no such transaction."),
        ({"verdict": ""}, "This field is required."),
        ({"observed_at_0": f"{timezone.now() + timedelta(days=2):%Y-%m-%d}"}, "in the future"),
        ({"observed_at_0": "2020-01-01"}, "before its payment happened"),
    ],
)
def test_a_label_that_cannot_be_is_refused(admin_client, paid, change, words):
    page = admin_client.post(ADD_LABEL, label_form(paid, **change))

    assert words in page.content.decode()
    assert (Label.objects.count(), AuditEntry.objects.filter(action="label.add").count()) == (0, 0)


def test_labelling_needs_its_permission(reviewer, sign_in, paid):
    labeller = sign_in("lara", "ledger.add_label", "ledger.view_label")

    assert reviewer.post(ADD_LABEL, label_form(paid)).status_code == 403
    assert Label.objects.count() == 0
    assert labeller.post(ADD_LABEL, label_form(paid)).url == LABELS
