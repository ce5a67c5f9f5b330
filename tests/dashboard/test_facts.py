"""Facts are what the ledger says: of each live decision one, whenever what became of it is known."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from dashboard.domain.ids import first_id, moment_of
from dashboard.models import (
    AccountDimension,
    DateDimension,
    DecisionFact,
    FactMark,
    MerchantDimension,
    Rollup,
    RollupDue,
    RuleFact,
)
from dashboard.services import facts
from dashboard.services.facts import facts_fill, facts_rebuild
from dashboard.tasks import facts_fill as task
from ledger.domain.decisions import Reason
from ledger.domain.payments import TransactionType
from ledger.models import Account
from ledger.selectors import settled
from ledger.services.reversals import reversal_make
from sentinel.core.ids import uuid7
from sentinel.core.outcomes import Outcome
from tests.dashboard.told import label, resolve
from tests.factories import make_account, make_client, make_payment


def fact_of(payment) -> DecisionFact:
    return DecisionFact.objects.select_related("account", "merchant").get(pk=payment.pk)


def test_a_decision_becomes_a_fact_with_its_dimensions(pay, fill):
    payment = pay(amount_minor=5400, merchant_category="5732", merchant_country="IN", channel="ecommerce")
    fill()

    fact, at = fact_of(payment), payment.occurred_at
    assert (fact.outcome_code, fact.amount_minor, fact.currency, fact.reversed_minor) == ("approve", 5400, "INR", 0)
    assert (fact.day, fact.hour, fact.occurred_at) == (at.date(), at.hour, at)
    assert (fact.account.home_country, fact.account.risk) == ("IN", "normal")
    merchant = fact.merchant
    assert (merchant.merchant, merchant.name, merchant.category, merchant.country) == (
        "m_17",
        "Corner Books",
        "5732",
        "IN",
    )
    assert (fact.channel, fact.location_country, fact.model_version) == ("ecommerce", "FR", "card-2026-01-30.2")
    assert (fact.is_fraud, fact.resolved_at, fact.livemode) == (None, None, True)
    assert DateDimension.objects.get(day=at.date()).weekday == at.isoweekday()


def test_what_a_payment_did_not_tell_is_empty(pay, fill):
    payment = pay(merchant_id=None, merchant_name=None, location_country=None)
    fill()

    fact = fact_of(payment)
    assert (fact.merchant.merchant, fact.merchant.name, fact.channel, fact.location_country) == ("", "", "", "")


def test_the_rules_that_hit_are_facts_with_or_without_a_say(pay, fill):
    payment = pay(verdict_changes={"rule_hits": (3, 5), "silent_hits": (8,)})
    fill()

    hits = RuleFact.objects.filter(transaction_id=payment.pk).order_by("version")
    assert list(hits.values_list("version", "had_a_say")) == [(3, True), (5, True), (8, False)]


def test_declines_for_risk_are_told_from_those_for_the_account(pay, fill):
    risky, poor = pay(Outcome.DECLINE), pay(amount_minor=10**9)
    no_funds = Reason("funds.insufficient", "Not enough money available on the account", "funds")
    both = pay(Outcome.DECLINE, verdict_changes={"reasons": (no_funds,)})
    fill()

    assert [fact_of(each).outcome_code for each in (risky, poor, both)] == [
        "decline.risk",
        "decline.account",
        "decline.account",
    ]


@pytest.mark.parametrize("resolution", ["approved", "declined", "expired", "voided"])
def test_a_review_that_ends_changes_its_fact(pay, fill, resolution):
    payment = pay(Outcome.REVIEW)
    fill()
    assert fact_of(payment).outcome_code == "review.held"

    resolve(payment, resolution)
    fill()

    fact = fact_of(payment)
    assert (fact.outcome_code, fact.resolved_by) == (f"review.{resolution}", "rita")
    assert fact.resolved_at
    assert fact.resolved_at > fact.recorded_at
    assert list(Rollup.objects.filter(topic="all", grain="d").values_list("outcome_code", "payments")) == [
        (f"review.{resolution}", 1)
    ]


def test_a_label_changes_its_fact_and_the_stronger_source_counts(pay, fill):
    payment = pay()
    fill()
    label(payment, is_fraud=True)
    fill()
    assert fact_of(payment).is_fraud is True

    label(payment, is_fraud=False, source="customer")
    fill()
    assert fact_of(payment).is_fraud is True

    label(payment, is_fraud=False)
    fill()
    assert fact_of(payment).is_fraud is False
    assert list(Rollup.objects.filter(topic="all", grain="h").values_list("verdict", flat=True)) == ["legitimate"]


def test_money_given_back_changes_its_fact(pay, fill):
    payment = pay(amount_minor=900)
    fill()
    reversal_make(payment=payment, amount_minor=200, reason="", actor="acme", reversal_id=uuid7(), now=timezone.now())
    fill()

    assert fact_of(payment).reversed_minor == 200
    assert Rollup.objects.get(topic="all", grain="h").reversed_minor == 200


def test_what_was_known_before_the_first_run_is_in_the_fact(pay, fill):
    payment = pay(Outcome.REVIEW)
    resolve(payment, "declined")
    label(payment, is_fraud=True)
    fill()

    assert (fact_of(payment).outcome_code, fact_of(payment).is_fraud) == ("review.declined", True)


def test_test_payments_are_facts_apart_from_live_ones(pay, fill):
    pay()
    test = make_payment(make_account("acc_test", livemode=False), make_client(livemode=False))
    fill()

    assert not fact_of(test).livemode
    days = Rollup.objects.filter(topic="all", grain="d").order_by("livemode")
    assert list(days.values_list("livemode", "payments")) == [(False, 1), (True, 1)]


def test_a_young_payment_waits_until_it_must_have_been_written(pay, monkeypatch):
    monkeypatch.setattr(settled, "MARGIN", timedelta(minutes=1))
    pay()
    task()
    assert DecisionFact.objects.count() == 0

    facts_fill(now=timezone.now() + timedelta(minutes=2))
    assert DecisionFact.objects.count() == 1


def test_an_edited_account_and_a_renamed_rule_are_shown_as_they_are_now(pay, fill, account):
    pay()
    fill()
    Account.objects.filter(pk=account.pk).update(risk="high", version=2)
    fill()

    assert AccountDimension.objects.get().risk == "high"


def test_a_merchant_that_is_told_otherwise_has_another_row(pay, fill):
    pay()
    pay()
    pay(merchant_name="Corner Books Ltd")
    fill()

    assert sorted(MerchantDimension.objects.values_list("name", flat=True)) == ["Corner Books", "Corner Books Ltd"]


def test_hours_and_days_are_rolled_up_by_topic(pay, fill):
    noon = datetime(2026, 1, 30, 12, 10, tzinfo=UTC)
    pay(now=noon, amount_minor=100, channel="pos", merchant_country="FR", verdict_changes={"rule_hits": (4,)})
    pay(now=noon + timedelta(minutes=5), amount_minor=50, channel="pos")
    pay(Outcome.DECLINE, now=noon + timedelta(hours=1), amount_minor=700)
    pay(now=noon, amount_minor=9, transaction_type=TransactionType.TOP_UP, merchant_id=None, merchant_name=None)
    fill()

    def rows(grain, topic):
        found = Rollup.objects.filter(grain=grain, topic=topic).order_by("starts_at", "key", "outcome_code")
        return list(found.values_list("starts_at__hour", "key", "outcome_code", "payments", "amount_minor"))

    assert rows("h", "all") == [(12, "", "approve", 2, 150), (13, "", "decline.risk", 1, 700)]
    assert rows("d", "all") == [(0, "", "approve", 2, 150), (0, "", "decline.risk", 1, 700)]
    assert rows("h", "channel") == [(12, "pos", "approve", 2, 150), (13, "", "decline.risk", 1, 700)]
    assert rows("d", "country") == [
        (0, "", "approve", 1, 50),
        (0, "", "decline.risk", 1, 700),
        (0, "FR", "approve", 1, 100),
    ]
    assert rows("d", "score") == [(0, "0.95", "approve", 2, 150), (0, "0.95", "decline.risk", 1, 700)]
    assert rows("d", "rule") == [(0, "4", "approve", 1, 100)]
    assert RollupDue.objects.count() == 0


def everything() -> dict[str, list[tuple]]:
    """All facts with their merchants by name, since the keys of those are made up."""
    fields = [each.attname for each in DecisionFact._meta.fields if each.attname != "merchant_id"]
    merchant = ("merchant__merchant", "merchant__name", "merchant__category", "merchant__country")
    rollups = [each.attname for each in Rollup._meta.fields if each.attname != "id"]
    return {
        "facts": sorted(DecisionFact.objects.values_list(*fields, *merchant), key=str),
        "rules": sorted(RuleFact.objects.values_list("transaction_id", "version", "had_a_say")),
        "rollups": sorted(Rollup.objects.values_list(*rollups), key=str),
        "accounts": sorted(AccountDimension.objects.values_list()),
    }


@pytest.fixture
def some_days(pay, fill):
    """Payments of two days, filled in between, with what became of them later."""
    start = timezone.now() - timedelta(days=2)
    made = []
    for place in range(12):
        outcome = (Outcome.APPROVE, Outcome.APPROVE, Outcome.REVIEW, Outcome.DECLINE)[place % 4]
        at = start + timedelta(hours=3 * place)
        hits = {"rule_hits": (place % 3 + 1,)}
        made.append(
            pay(outcome, 100 + place, now=at, merchant_country="FR" * (place % 2) or None, verdict_changes=hits)
        )
        if place % 5 == 0:
            fill()
    for payment in made[::3]:
        label(payment, is_fraud=payment.amount_minor % 2 == 0)
    resolve(made[2], "declined")
    fill()
    resolve(made[6], "approved", actor="ravi")
    fill()
    return made


def test_made_anew_facts_are_the_same_row_by_row(some_days, begun, monkeypatch):
    filled = everything()
    assert len(filled["facts"]) == 12
    monkeypatch.setattr(facts, "_ROWS_AT_ONCE", 5)
    DecisionFact.objects.update(outcome_code="approve", resolved_at=None, resolved_by="", is_fraud=None)
    RuleFact.objects.all().delete()
    Rollup.objects.all().delete()

    call_command("rebuild_facts", since=begun, verbosity=0)

    assert everything() == filled
    assert not FactMark.objects.filter(name=facts.REBUILD).exists()


def test_a_fill_that_is_repeated_changes_nothing(some_days, begun, fill):
    filled = everything()
    FactMark.objects.update(next_id=first_id(begun))
    fill()

    assert everything() == filled


def test_a_rebuild_that_was_stopped_goes_on(some_days, begun, monkeypatch):
    filled = everything()
    monkeypatch.setattr(facts, "_ROWS_AT_ONCE", 5)
    steps = facts_rebuild(since=begun, now=timezone.now())
    next(steps)
    steps.close()
    reached = FactMark.objects.get(name=facts.REBUILD).next_id
    assert reached == some_days[5].pk

    assert len(list(facts_rebuild(since=None, now=timezone.now()))) == 2
    assert everything() == filled


def test_a_rebuild_since_a_day_leaves_what_was_before(some_days, monkeypatch):
    DecisionFact.objects.update(channel="pos")

    call_command("rebuild_facts", since=moment_of(some_days[9].pk), verbosity=0)

    assert DecisionFact.objects.filter(channel="pos").count() == 9


def test_a_moment_that_is_none_is_refused():
    with pytest.raises(CommandError, match="is not a day or moment"):
        call_command("rebuild_facts", "--since", "yesterday")


def test_without_time_the_rest_waits_for_the_next_run(pay, fill, monkeypatch):
    monkeypatch.setattr(facts, "_ROWS_AT_ONCE", 1)
    pay(), pay()
    time.sleep(0.002)
    assert not facts_fill(now=timezone.now(), seconds_max=0)
    assert DecisionFact.objects.count() == 0

    fill()
    assert DecisionFact.objects.count() == 2


@pytest.mark.parametrize(
    "change",
    ["reversed_minor = amount_minor + 1", "hour = 24", "resolved_at = now()", "outcome_code = 'review.expired'"],
)
def test_the_database_keeps_facts_out_that_cannot_be(pay, fill, change):
    pay()
    fill()

    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE dashboard_decisionfact SET {change}")


def test_facts_have_the_ledgers_months(committed):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT right(relid::regclass::text, 6), pg_get_expr(c.relpartbound, c.oid)"
            " FROM pg_partition_tree('ledger_transaction') JOIN pg_class c ON c.oid = relid WHERE isleaf"
        )
        months = sorted(cursor.fetchall())
        for table in ("dashboard_decisionfact", "dashboard_rulefact"):
            cursor.execute(
                "SELECT right(relid::regclass::text, 6), pg_get_expr(c.relpartbound, c.oid)"
                " FROM pg_partition_tree(%s::regclass) JOIN pg_class c ON c.oid = relid WHERE isleaf",
                [table],
            )
            assert sorted(cursor.fetchall()) == months
