"""The page of a case: what it shows to whom, and that it stays as quick with more rows."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dashboard.selectors.shared import LOOKED_AT_MAX
from ledger.domain.decisions import Reason
from ledger.models import AuditEntry, Case, PersonalDetail
from ledger.services.cases.assigning import case_assign
from ledger.services.cases.verdicts import verdict_give, verdict_undo
from ledger.services.cases.working import case_escalate, case_note_add, case_snooze
from ledger.services.reversals import reversal_make
from rules.domain.definitions import RuleDraft
from rules.domain.lists import Source
from rules.errors import InvalidExpression
from rules.models import List, Rule
from rules.services.lists import NewItem, list_item_submit, list_save
from rules.services.rules import rule_save
from sentinel.core.ids import uuid7
from sentinel.core.outcomes import Action, Outcome
from tests.dashboard.told import label, resolve
from tests.factories import make_client, make_payment
from tests.ledger.cases import STOLEN, Bank, reviewer

LOOKS = ("ledger.view_case", "ledger.view_transaction")
DETECTIVE = (*LOOKS, "ledger.view_personaldetail", "ledger.reveal_personaldetail", "ledger.work_case")
MUMBAI = {"latitude": 19.08, "longitude": 72.88, "location_city": "Mumbai", "location_country": "IN"}
LAGOS = {"latitude": 6.52, "longitude": 3.38, "location_city": "Lagos", "location_country": "NG"}
THINGS: dict[str, Any] = {
    "card_token": "tok_shared9",
    "device_id": "dev_shared9",
    "ip_address": "198.51.100.7",
    "merchant_id": "m_s9",
}


@pytest.fixture
def bank(db):
    return Bank()


@pytest.fixture
def sign_in(db):
    def sign_in_with(*permissions: str) -> Client:
        user = User.objects.create_user(f"user_{uuid4().hex[:8]}", is_staff=True)
        for name in permissions:
            app_label, codename = name.split(".")
            user.user_permissions.add(Permission.objects.get(content_type__app_label=app_label, codename=codename))
        client = Client()
        client.force_login(user)
        return client

    return sign_in_with


@pytest.fixture
def detective(sign_in):
    return sign_in(*DETECTIVE)


def ago(**span):
    return timezone.now() - timedelta(**span)


def page_of(client, case) -> str:
    answer = client.get(reverse("admin:case", args=[case.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def rule(code: str, expression: dict) -> Rule:
    saved = Rule(code=code, name=code.replace("_", " ").capitalize())
    draft = RuleDraft(Action.REVIEW, f"rule.{code}", "Odd", expression)
    rule_save(actor="ana", rule=saved, draft=draft, now=timezone.now())
    return saved


def all_of(*conditions: dict) -> dict:
    return {"combinator": "all", "conditions": list(conditions)}


def test_the_head_says_what_it_is_about(detective, bank):
    case = bank.hold(amount_minor=540_000)

    page = page_of(detective, case)
    assert "5,400.00&nbsp;<small>INR</small>" in page
    assert "Corner Books" in page
    assert "A••• R•••" in page
    assert "Alice Rao" not in page
    assert "0.9968" in page
    assert f'data-due="{case.due_at.isoformat()}"' in page
    assert "nobody has it" in page
    assert "due in" in page


def test_reasons_come_with_the_value_and_the_usual_one(detective, bank):
    found = (Reason("model.amount_vs_history", "12 times the usual amount", "model", 0.31),)
    case = bank.hold(amount_minor=540_000, verdict_changes={"reasons": found})

    page = page_of(detective, case)
    assert "12 times the usual amount" in page
    assert "contribution 0.31" in page
    assert "the amount: <strong>5,400 INR</strong>" in page


def test_a_rule_that_hit_is_told_with_the_rows_that_held(detective, sign_in, bank):
    expression = {
        "combinator": "any",
        "conditions": [
            {"field": "amount", "operator": "greater_than", "value": {"amount": "5000", "currency": "INR"}},
            {"field": "card_token", "operator": "equal", "value": "tok_other"},
        ],
    }
    odd = rule(f"odd_{uuid4().hex[:6]}", expression)
    version = odd.versions.get().pk
    case = bank.hold(amount_minor=540_000, verdict_changes={"rule_hits": (version,)})

    page = page_of(sign_in(*DETECTIVE, "rules.view_rule"), case)
    assert "Review when the amount is over 5,000 INR or the card is" in page
    assert page.count('<li class="holds">') == 1
    assert "the amount: <strong>5,400 INR</strong>" in page
    assert "the card: <strong>tok_•••</strong>" in page
    assert "Rules that hit it" not in page_of(detective, case)


def test_rules_that_ask_lists_are_told_by_the_lists_of_then(sign_in, bank):
    now = timezone.now()
    blocked = List(name=f"blocked_{uuid4().hex[:6]}", item_type="merchant", purpose="block")
    list_save(actor="ana", item_list=blocked, now=now)
    odd = rule(f"odd_{uuid4().hex[:6]}", all_of({"field": "merchant_id", "operator": "in", "list": blocked.name}))
    wanted = NewItem("m_17", "seen", None, Source.MANUAL, "")
    version = odd.versions.get().pk
    before = bank.hold(verdict_changes={"silent_hits": (version,)}, now=now - timedelta(hours=1))
    list_item_submit(actor="ana", item_list=blocked, wanted=wanted, now=now)
    after = bank.hold(verdict_changes={"rule_hits": (version,)}, now=now + timedelta(seconds=1))

    client = sign_in(*DETECTIVE, "rules.view_rule")
    assert '<li class="holds">' in page_of(client, after)
    assert '<li class="holds">' not in page_of(client, before)
    assert "without a say" in page_of(client, before)


def test_the_customers_normal_stands_beside_the_payment(detective, bank):
    for days in range(5, 0, -1):
        bank.approved(now=ago(days=days), amount_minor=10_000, **MUMBAI)
    case = bank.hold(amount_minor=540_000, **LAGOS)

    page = page_of(detective, case)
    assert "median 100 INR" in page
    assert "the largest, 54 times the median" in page
    assert "India 100%" in page
    assert "By 5 payments" in page


def test_an_account_without_habits_is_said_to_have_none(detective, bank):
    assert "Nobody knows what is usual" in page_of(detective, bank.hold())


def test_an_impossible_journey_is_marked_on_the_map_and_in_its_table(detective, bank):
    bank.approved(now=ago(hours=3), **MUMBAI)
    case = bank.hold(now=ago(hours=1), **LAGOS)

    page = page_of(detective, case)
    assert "Mumbai, India to Lagos, Nigeria: 7,621 km within 2 h, 3,810 km/h" in page
    assert 'class="leg impossible"' in page
    assert "Places are drawn to a whole degree." in page


def test_the_timeline_tells_what_was_done_and_what_came_after(detective, bank):
    before = bank.approved(now=ago(hours=2), merchant_name="Before Shop")
    case = bank.hold(now=ago(hours=1))
    user = User.objects.create_user("rita_of_times")
    case_escalate(case_id=case.pk, user=user, note="look at this, please", now=ago(minutes=50))
    case_snooze(case_id=case.pk, user=user, until=timezone.now() + timedelta(days=1), now=ago(minutes=40))
    label(before, is_fraud=True)
    bank.approved(now=ago(minutes=10), merchant_name="After Shop")
    resolve(case.transaction, "approved")

    page = page_of(detective, case)
    order = ["Before Shop", "This payment", "Escalated", "look at this, please", "Snoozed: until", "After Shop",
             "Review ended"]  # fmt: skip
    found = [page.index(words, page.index('class="timeline"')) for words in order]
    assert found == sorted(found)
    assert '<span class="badge fraud">fraud</span>' in page
    assert "rita has decided this case" in page


def test_verdicts_assignments_and_money_given_back_are_told_in_words(detective, bank):
    case = bank.hold(amount_minor=5_400, now=ago(hours=1))
    user, now = reviewer(f"rita_{uuid4().hex[:6]}"), timezone.now()
    case_assign(case_id=case.pk, assignee=user, user=user, now=now)
    verdict_give(case_id=case.pk, given=STOLEN, user=user, now=now)
    verdict_undo(case_id=case.pk, user=user, now=now)
    case_snooze(case_id=case.pk, user=user, until=now + timedelta(days=1), or_on_activity=True, now=now)
    resolve(case.transaction, "approved")
    reversal_make(
        payment=case.transaction, amount_minor=400, reason="half", actor="acme", reversal_id=uuid7(), now=now
    )

    page = page_of(detective, case)
    assert f"Assigned: to {user.username}" in page
    assert "Verdict given: decline, the card was lost or stolen" in page
    assert "the customer called" in page
    assert "Verdict taken back: decline" in page
    assert ", or the next payment" in page
    assert "4 INR given back" in page
    assert '<span class="badge partly-reversed">partly reversed</span>' in page


def test_a_case_that_somebody_has_says_who(detective, bank):
    locked, assigned = bank.hold(), bank.hold()
    user, now = reviewer(f"rita_{uuid4().hex[:6]}"), timezone.now()
    Case.objects.filter(pk=locked.pk).update(locked_by=user, locked_until=now + timedelta(minutes=5))
    Case.objects.filter(pk=assigned.pk).update(assignee=user)

    assert f"{user.username} has it open" in page_of(detective, locked)
    assert f"{user.username} has it" in page_of(detective, assigned)
    assert f"{user.username} has it open" not in page_of(detective, assigned)


def test_a_rule_that_cannot_be_read_any_more_is_named_without_its_rows(sign_in, bank, monkeypatch):
    odd = rule(f"odd_{uuid4().hex[:6]}", all_of({"field": "amount", "operator": "is_present"}))
    case = bank.hold(verdict_changes={"rule_hits": (odd.versions.get().pk,)})

    def refuse(*_, **__):
        raise InvalidExpression("A field is gone.")

    monkeypatch.setattr("rules.services.explaining.load_expression", refuse)
    monkeypatch.setattr("rules.selectors.load_expression", refuse)
    page = page_of(sign_in(*DETECTIVE, "rules.view_rule"), case)
    assert odd.name in page
    assert "This rule cannot be read." in page
    assert 'class="conditions"' not in page


def test_what_is_shared_is_counted_and_masked(detective, bank):
    other = Bank()
    stolen = other.approved(**THINGS)
    label(stolen, is_fraud=True)
    bank.approved(**THINGS)
    case = bank.hold(**THINGS)

    page = page_of(detective, case)
    assert page.count("2 payments, 2 accounts, ") == 4
    assert page.count("1 known fraud") == 4
    assert other.account.pk in page
    for value in ("tok_shared9", "dev_shared9", "198.51.100.7"):
        assert value not in page


def test_what_is_shared_by_many_is_counted_up_to_a_bound(detective, bank, monkeypatch):
    monkeypatch.setattr("dashboard.selectors.links.LOOKED_AT_MAX", 2)
    for _ in range(3):
        bank.approved(**THINGS)

    page = page_of(detective, bank.hold(**THINGS))
    assert "2+ payments" in page
    assert LOOKED_AT_MAX == 100


def test_test_payments_are_not_linked_with_live_ones(detective, bank):
    bank.approved(**THINGS)
    test_bank = Bank(livemode=False)
    test_bank.client = make_client(livemode=False)
    case = test_bank.hold(**THINGS)

    assert page_of(detective, case).count("0 payments, 0 accounts, no known fraud") == 4


def test_whoever_may_not_see_details_sees_no_place_card_or_device(sign_in, bank):
    bank.approved(now=ago(hours=3), **THINGS, **MUMBAI)
    case = bank.hold(**THINGS, **LAGOS)

    page = page_of(sign_in(*LOOKS), case)
    assert "Places are shown to those with the permission" in page
    for words in ("Lagos", "tok_", "dev_", "198.51.100", 'class="map"'):
        assert words not in page
    assert "m_s9" in page


def test_details_are_revealed_for_one_view_of_the_case(detective, bank):
    case = bank.hold(**THINGS, **LAGOS)
    url = reverse("admin:case", args=[case.pk])
    form = {"reason": "review", "words": "this case", "back": url}

    answer = detective.post(reverse("admin:ledger_transaction_reveal", args=[case.pk]), form)

    assert answer.url == url
    page = page_of(detective, case)
    assert "tok_shared9" in page
    assert "Alice Rao" in page
    assert "tok_shared9" not in page_of(detective, case)
    subject = case.transaction.public_id
    assert AuditEntry.objects.filter(subject=subject, action="personal_detail.revealed").count() == 1


def test_revealing_leads_to_no_other_site(detective, bank):
    case = bank.hold()
    form = {"reason": "review", "words": "this case", "back": "https://evil.example/"}

    answer = detective.post(reverse("admin:ledger_transaction_reveal", args=[case.pk]), form)

    assert answer.url == reverse("admin:ledger_transaction_change", args=[case.pk])


def test_erased_details_leave_the_rest_of_the_page(detective, bank):
    case = bank.hold(**THINGS, **LAGOS)
    PersonalDetail.objects.filter(pk=case.pk).delete()

    page = page_of(detective, case)
    assert "or they were erased" in page
    assert "No payment of the last 90 days told its place." in page


def test_notes_are_shown_with_author_and_links_and_can_be_written(detective, sign_in, bank):
    case = bank.hold()
    case_note_add(case_id=case.pk, author="rita", text="see https://example.com/a?b=1 <b>now</b>", now=timezone.now())

    page = page_of(detective, case)
    assert 'href="https://example.com/a?b=1"' in page
    assert "&lt;b&gt;now&lt;/b&gt;" in page
    assert f'action="{reverse("admin:case_note", args=[case.pk])}"' in page
    assert "Add a note" not in page_of(sign_in(*LOOKS), case)


def test_text_from_outside_stays_text_on_every_part_of_the_page(detective, bank):
    probe = "<script>alert(1)</script>"
    texts = ("merchant_name", "merchant_id", "device_id", "card_token", "user_agent", "location_city", "reference")
    fields: dict[str, Any] = {**dict.fromkeys(texts, probe), "metadata": {probe: probe}}
    for hours in (5, 4, 3):
        bank.approved(now=ago(hours=hours), **{**MUMBAI, **fields})
    case = bank.hold(**{**LAGOS, **fields})
    case_note_add(case_id=case.pk, author=probe, text=probe, now=timezone.now())

    page = page_of(detective, case)
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_looking_at_a_case_locks_nothing(detective, bank):
    case = bank.hold()

    page_of(detective, case)

    case.refresh_from_db()
    assert case.locked_by is None
    assert case.assignee is None


def test_the_payment_and_its_case_lead_to_each_other(detective, sign_in, bank):
    case, plain = bank.hold(), bank.approved()
    case_url = reverse("admin:case", args=[case.pk])
    payment_url = reverse("admin:ledger_transaction_change", args=[case.pk])

    assert f'href="{case_url}"' in detective.get(payment_url).content.decode()
    assert payment_url in page_of(detective, case)
    other = detective.get(reverse("admin:ledger_transaction_change", args=[plain.pk])).content.decode()
    assert reverse("admin:case", args=[plain.pk]) not in other
    assert case_url not in sign_in("ledger.view_transaction").get(payment_url).content.decode()


def test_a_case_that_is_not_there_is_said_to_be_missing(detective, sign_in, bank):
    payment = bank.approved()

    unknown = detective.get(reverse("admin:case", args=[uuid4()]))
    known = detective.get(reverse("admin:case", args=[payment.pk]))
    looking = sign_in("ledger.view_case").get(reverse("admin:case", args=[payment.pk]))

    assert unknown.status_code == known.status_code == looking.status_code == 404
    assert "There is no such case" in unknown.content.decode()
    assert "Open a case" in known.content.decode()
    assert "This payment has no case" not in looking.content.decode()
    assert not Case.objects.filter(pk=payment.pk).exists()


def test_whoever_may_not_look_is_refused(sign_in, bank):
    case = bank.hold()

    assert sign_in("ledger.view_transaction").get(reverse("admin:case", args=[case.pk])).status_code == 403
    assert Client().get(reverse("admin:case", args=[case.pk])).status_code == 302


def test_the_page_takes_as_many_queries_for_more_rows(admin_client, bank, django_assert_max_num_queries):
    many = [rule(f"odd_{uuid4().hex[:6]}", all_of({"field": "amount", "operator": "is_present"})) for _ in range(3)]
    for days in range(20, 0, -1):
        label(bank.approved(now=ago(days=days), **THINGS, **MUMBAI), is_fraud=days % 2 == 0)
        make_payment(Bank().account, bank.client, outcome=Outcome.APPROVE, **THINGS)
    hits = tuple(each.versions.get().pk for each in many)
    case = bank.hold(verdict_changes={"rule_hits": hits}, **THINGS, **LAGOS)
    for number in range(5):
        case_note_add(case_id=case.pk, author="rita", text=f"note {number}", now=timezone.now())
    page_of(admin_client, case)

    with django_assert_max_num_queries(27):
        page_of(admin_client, case)
