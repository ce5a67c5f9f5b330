"""A version is simulated over the payments there are, once at a time, and the result stays."""

from datetime import UTC, datetime, timedelta

import pytest
from celery import current_app
from django.db import IntegrityError, connection, transaction
from kombu.exceptions import OperationalError

from ledger.models import AuditEntry, Decision, PersonalDetail
from ledger.services.labels import label_attach
from rules.errors import InvalidExpression, SimulationUnderWay
from rules.models import Rule, RuleVersion, Simulation
from rules.selectors import rule_latest_version
from rules.services import simulating
from rules.services.lists import list_item_add, list_item_remove
from rules.services.simulating import simulation_run
from rules.services.simulations import (
    SILENCE_MAX,
    TASK,
    simulation_claim,
    simulation_finish,
    simulation_progress,
    simulation_request,
    simulation_stop,
    simulations_resume,
)
from rules.simulation import filling, reading
from rules.simulation.filling import Filled, _registry, filler_register
from sentinel.core.errors import InvalidRequest
from sentinel.core.ids import uuid7
from sentinel.core.outcomes import Action, Outcome
from tests.factories import make_account, make_client, make_payment
from tests.rules.examples import group, inr, row

LARGE = group(row("amount", "at_least", inr("100.00")))
HOUR = timedelta(hours=1)


@pytest.fixture
def now() -> datetime:
    """Long ago: other tests have left live payments of today."""
    return datetime(2019, 1, 31, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def sent(monkeypatch) -> list[tuple[str, list[int]]]:
    """The messages that were sent to workers."""
    messages: list[tuple[str, list[int]]] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, args, **_: messages.append((name, args)))
    return messages


@pytest.fixture
def account(db):
    return make_account("acc_simulated", opening_balance_minor=100_000_000)


@pytest.fixture
def pay(account, now):
    client = make_client()

    def make(amount_minor: int = 20_000, hours_ago: float = 1, **fields):
        occurred_at = now - timedelta(hours=hours_ago)
        return make_payment(account, client, amount_minor=amount_minor, now=occurred_at, **fields)

    return make


@pytest.fixture
def version(make_rule) -> RuleVersion:
    return version_of(make_rule("large", expression=LARGE, is_live=False))


def version_of(rule: Rule) -> RuleVersion:
    version = rule_latest_version(rule)
    assert version is not None
    return version


def label(payment, now, *, is_fraud: bool) -> None:
    label_attach(
        payment=payment, is_fraud=is_fraud, source="chargeback", observed_at=now, actor="t", label_id=uuid7(), now=now
    )


def simulate(version: RuleVersion, now: datetime, days: int = 7) -> dict:
    simulation = simulation_request(actor="ana", version=version, days=days, now=now)
    assert simulation_run(simulation_id=simulation.pk, clock=lambda: now)
    simulation.refresh_from_db()
    assert (simulation.state, simulation.error) == ("done", "")
    return simulation.result or {}


def test_a_version_is_asked_for_run_and_kept(version, pay, now, sent, django_capture_on_commit_callbacks):
    pay(20_000)
    pay(5_000)
    fraud = pay(30_000, outcome=Outcome.REVIEW)
    label(fraud, now, is_fraud=True)

    with django_capture_on_commit_callbacks(execute=True):
        simulation = simulation_request(actor="ana", version=version, days=7, now=now)
    assert sent == [(TASK, [simulation.pk])]
    assert simulation_run(simulation_id=simulation.pk, clock=lambda: now)

    simulation.refresh_from_db()
    result = simulation.result or {}
    assert (simulation.state, simulation.requested_by, simulation.attempt) == ("done", "ana", 1)
    assert result["payments"] == 3
    assert result["hits"]["payments"] == 2
    assert result["truth"]["caught"] == 1
    assert {each["id"] for each in result["examples"]} >= {str(fraud.pk)}
    assert AuditEntry.objects.get(action="simulation.requested").details["days"] == 7


def test_only_live_payments_of_the_span_are_counted(version, pay, now):
    pay(hours_ago=1)
    pay(hours_ago=25)
    test_money, test_client = make_account("acc_test", livemode=False), make_client(livemode=False)
    make_payment(test_money, test_client, amount_minor=20_000, now=now - HOUR)

    assert simulate(version, now, days=1)["payments"] == 1


def test_the_newest_label_is_the_truth(version, pay, now):
    payment = pay()
    label(payment, now, is_fraud=True)
    label(payment, now, is_fraud=False)

    assert simulate(version, now)["truth"] == {
        **dict.fromkeys(("frauds", "caught", "missed", "caught_that_were_approved", "unknown"), 0),
        "good_stopped": 1,
        "precision": 0.0,
        "recall": None,
    }


def test_lists_are_as_they_were_when_a_payment_was_recorded(make_rule, blocked_cards, pay, now):
    blocked_cards.created_at = now - 100 * HOUR
    item = list_item_add(actor="a", item_list=blocked_cards, value="tok_9f", reason="lost", now=now - 5 * HOUR)
    list_item_remove(actor="a", item=item, now=now - 3 * HOUR)
    list_item_add(
        actor="a", item_list=blocked_cards, value="tok_9f", reason="lost", now=now - 2 * HOUR, expires_at=now - HOUR
    )
    version = version_of(make_rule("blocked", expression=group(row("card_token", "in", list="blocked_cards"))))
    on_the_list = [pay(hours_ago=4), pay(hours_ago=1.5)]
    for hours_ago in (6, 2.5, 0.5):
        pay(hours_ago=hours_ago)

    found = simulate(version, now)

    assert found["hits"]["payments"] == 2
    assert {each["id"] for each in found["examples"]} == {str(payment.pk) for payment in on_the_list}


def test_texts_are_read_and_erased_persons_are_not_covered(make_rule, pay, now):
    expression = group(row("device_id", "equal", "dev_ß"), row("merchant_name", "contains", "CORNER"))
    version = version_of(make_rule("device", expression=expression))
    pay(device_id="dev_ß")
    pay(device_id="other")
    pay(device_id=None)
    PersonalDetail.objects.filter(pk=pay(device_id="dev_ß").pk).delete()

    found = simulate(version, now)

    assert found["hits"]["payments"] == 1
    assert found["coverage"] == [
        {"field": "device_id", "covered": 3, "known": 2},
        {"field": "merchant_name", "covered": 4, "known": 4},
    ]


def test_a_rule_on_what_the_past_does_not_keep_fails_in_words(version, make_rule, pay, now, monkeypatch):
    make_rule("other", expression=group(row("merchant_name", "is_present")))
    monkeypatch.setattr(reading, "TEXT_COLUMNS", {})
    assert simulate(version, now)["unreadable"] == ["other"]

    lost = version_of(make_rule("lost", expression=group(row("device_id", "is_present")), is_live=False))
    simulation = simulation_request(actor="ana", version=lost, days=7, now=now)
    simulation_run(simulation_id=simulation.pk, clock=lambda: now)

    simulation.refresh_from_db()
    assert (simulation.state, simulation.error) == ("failed", "Past payments do not keep the device.")


def test_a_time_without_payments_has_a_result_too(make_rule, account, now):
    version = version_of(make_rule("device", expression=group(row("device_id", "equal", "dev_1"))))

    found = simulate(version, now)

    assert (found["payments"], found["hits"]["payments"], found["examples"]) == (0, 0, [])


def test_an_empty_text_is_not_a_missing_one(make_rule, pay, now):
    version = version_of(make_rule("device", expression=group(row("device_id", "is_present"))))
    pay(device_id="")
    pay(device_id=None)

    assert simulate(version, now)["hits"]["payments"] == 1


def test_the_past_is_read_in_chunks_and_none_is_lost_or_counted_twice(version, pay, now, monkeypatch):
    for amount_minor in range(10_001, 10_008):
        pay(amount_minor)
    monkeypatch.setattr(simulating, "read_past", lambda *given: reading.read_past(*given, rows_at_once=3))

    found = simulate(version, now)

    assert found["payments"] == 7
    assert found["changes"]["money"] == [{"currency": "INR", "payments": 7, "minor": sum(range(10_001, 10_008))}]


def test_overlap_is_with_the_rules_that_are_live(version, make_rule, pay, now):
    make_rule("other", expression=group(row("amount", "at_least", inr("250.00"))))
    pay(20_000)
    pay(30_000)

    found = simulate(version, now)

    assert [(each["code"], each["both"], each["only_this"], each["only_that"]) for each in found["overlap"]] == [
        ("other", 1, 1, 0)
    ]
    assert found["ruleset"] == 1


@pytest.fixture
def freeze_short(monkeypatch):
    """Makes the snapshot of a payment look as an older catalogue would have frozen it: without the last fields."""

    def freeze(payment) -> None:
        short = "substring(d.snapshot FROM 1 FOR 80)"
        older = f"CASE WHEN d.transaction_id = '{payment.pk}' THEN {short} ELSE d.snapshot END"
        monkeypatch.setattr(reading, "_PADDED", reading._PADDED.replace("d.snapshot", f"({older})"))
        columns = [(name, text.replace("d.snapshot", f"({older})"), wire) for name, text, wire in reading._COLUMNS]
        monkeypatch.setattr(reading, "_COLUMNS", columns)

    return freeze


@pytest.fixture
def no_fillers(monkeypatch):
    monkeypatch.setattr(filling, "_registry", filling._Registry())


def test_a_field_newer_than_a_snapshot_is_computed_from_the_record(make_rule, pay, now, freeze_short):
    version = version_of(make_rule("quick", expression=group(row("seconds_since_last", "at_least", 60))))
    pay()
    freeze_short(pay())

    assert simulate(version, now)["coverage"] == [{"field": "seconds_since_last", "covered": 2, "known": 2}]


def test_a_field_newer_than_a_snapshot_is_not_covered(make_rule, pay, now, freeze_short, no_fillers):
    version = version_of(make_rule("quick", expression=group(row("seconds_since_last", "at_least", 60))))
    pay()
    freeze_short(pay())

    found = simulate(version, now)

    assert found["hits"]["payments"] == 1
    assert found["coverage"] == [{"field": "seconds_since_last", "covered": 1, "known": 1}]


def test_what_a_snapshot_lacks_is_filled_in_by_who_computes_features(make_rule, pay, now, freeze_short, monkeypatch):
    version = version_of(make_rule("quick", expression=group(row("seconds_since_last", "at_least", 60))))
    pay()
    old = pay()
    freeze_short(old)
    monkeypatch.setattr(_registry, "fillers", [])
    asked = []

    def filler(fields, transaction_ids):
        asked.append((fields, transaction_ids))
        return {"seconds_since_last": Filled([90.0], [True])}

    filler_register(filler)

    found = simulate(version, now)

    assert asked == [(["seconds_since_last"], [old.pk])]
    assert found["hits"]["payments"] == 2
    assert found["coverage"] == [{"field": "seconds_since_last", "covered": 2, "known": 2}]


# -- once at a time, stopped, lost


def test_a_version_is_simulated_once_at_a_time(version, now):
    simulation_request(actor="ana", version=version, days=7, now=now)

    with pytest.raises(SimulationUnderWay):
        simulation_request(actor="bo", version=version, days=30, now=now)

    assert Simulation.objects.count() == 1


@pytest.mark.parametrize("days", [0, -1, 367])
def test_days_out_of_reach_are_refused(version, now, days, sent):
    with pytest.raises(InvalidRequest) as refused:
        simulation_request(actor="ana", version=version, days=days, now=now)

    assert refused.value.errors[0].field == "days"
    assert (Simulation.objects.count(), sent) == (0, [])


def test_a_version_that_cannot_be_read_is_refused(version, now):
    lost = version.rule.versions.create(
        number=9, expression=group(row("a_field_of_old", "is_missing")), action=Action.REVIEW, reason_code="rule.x",
        reason_words="x", author="ana", created_at=now,
    )  # fmt: skip

    with pytest.raises(InvalidExpression):
        simulation_request(actor="ana", version=lost, days=7, now=now)

    assert Simulation.objects.count() == 0


def test_a_queued_simulation_is_stopped_at_once(version, now):
    simulation = simulation_request(actor="ana", version=version, days=7, now=now)

    simulation_stop(actor="bo", simulation=simulation, now=now)

    assert Simulation.objects.get().state == "stopped"
    assert not simulation_run(simulation_id=simulation.pk, clock=lambda: now)
    assert AuditEntry.objects.get(action="simulation.stopped").actor == "bo"


def test_a_running_simulation_stops_when_its_worker_looks(version, pay, now, monkeypatch):
    pay()
    simulation = simulation_request(actor="ana", version=version, days=7, now=now)
    ticks = iter(range(100))

    def stop_before_it_is_read(*given):
        simulation_stop(actor="bo", simulation=simulation, now=now)
        return reading.read_past(*given)

    monkeypatch.setattr(simulating, "read_past", stop_before_it_is_read)
    simulation_run(simulation_id=simulation.pk, clock=lambda: now + next(ticks) * timedelta(seconds=2))

    stopped = Simulation.objects.get()
    assert (stopped.state, stopped.result) == ("stopped", None)


def test_what_is_done_is_not_stopped_any_more(version, pay, now):
    simulate(version, now)

    simulation_stop(actor="bo", simulation=Simulation.objects.get(), now=now)

    assert Simulation.objects.get().state == "done"
    assert not AuditEntry.objects.filter(action="simulation.stopped").exists()


def test_a_second_message_starts_nothing_while_the_worker_is_alive(version, now):
    simulation = simulation_request(actor="ana", version=version, days=7, now=now)

    assert simulation_claim(simulation_id=simulation.pk, now=now)
    assert simulation_claim(simulation_id=simulation.pk, now=now + SILENCE_MAX) is None


def test_a_simulation_whose_worker_died_is_taken_over_and_the_first_worker_finds_out(version, now):
    simulation = simulation_request(actor="ana", version=version, days=7, now=now)
    first = simulation_claim(simulation_id=simulation.pk, now=now)
    later = now + SILENCE_MAX + timedelta(seconds=1)

    second = simulation_claim(simulation_id=simulation.pk, now=later)

    assert first
    assert second
    assert not simulation_progress(simulation=first, rows_done=1, now=later)
    simulation_finish(simulation=first, result={"from": "a worker that was thought dead"}, now=later)
    assert Simulation.objects.get().state == "running"
    assert simulation_progress(simulation=second, rows_done=7, now=later)
    assert Simulation.objects.get().rows_done == 7


def test_what_nobody_runs_is_woken_and_given_up_after_three_workers(
    version, now, sent, django_capture_on_commit_callbacks
):
    simulation = simulation_request(actor="ana", version=version, days=7, now=now)
    assert simulations_resume(now=now) == 0

    for turn in range(1, 4):
        moment = now + turn * (SILENCE_MAX + timedelta(seconds=1))
        with django_capture_on_commit_callbacks(execute=True):
            assert simulations_resume(now=moment) == 1
        assert simulation_claim(simulation_id=simulation.pk, now=moment)

    assert simulations_resume(now=now + HOUR) == 0
    assert (Simulation.objects.get().state, len(sent)) == ("failed", 3)
    assert "three times" in Simulation.objects.get().error


def test_without_a_broker_the_request_is_kept(version, now, monkeypatch, django_capture_on_commit_callbacks):
    def no_broker(*_, **__):
        raise OperationalError("away")

    monkeypatch.setattr(current_app, "send_task", no_broker)

    with django_capture_on_commit_callbacks(execute=True):
        simulation_request(actor="ana", version=version, days=7, now=now)

    assert Simulation.objects.get().state == "queued"


def test_a_simulation_that_fails_says_so_in_words(version, pay, now, monkeypatch):
    simulation = simulation_request(actor="ana", version=version, days=7, now=now)
    monkeypatch.setattr(simulating, "rows_estimated", lambda span: 1 / 0)

    simulation_run(simulation_id=simulation.pk, clock=lambda: now)

    failed = Simulation.objects.get()
    assert (failed.state, failed.result) == ("failed", None)
    assert "Something went wrong inside" in failed.error


@pytest.mark.parametrize("change", ["UPDATE rules_simulation SET days = 8", "DELETE FROM rules_simulation"])
def test_a_result_is_never_changed(version, pay, now, change):
    simulate(version, now)

    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)

    assert Simulation.objects.get().days == 7


def test_done_means_that_there_is_a_result(version, now):
    simulation = simulation_request(actor="ana", version=version, days=7, now=now)

    with pytest.raises(IntegrityError, match="simulation_has_result_when_done"), transaction.atomic():
        Simulation.objects.filter(pk=simulation.pk).update(state="done")


def test_nothing_of_a_decision_is_touched(version, pay, now):
    before = bytes(Decision.objects.get(pk=pay().pk).snapshot)

    simulate(version, now)

    assert bytes(Decision.objects.get().snapshot) == before
