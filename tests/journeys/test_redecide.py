"""Some hundred payments while rules, lists, policy and model move on; then every decision is made again.

REPLAY_ROWS sets how many payments there are, beyond those that the story needs.
"""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import StringIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from ledger.models import Decision, PersonalDetail
from rules.domain.definitions import RuleDraft
from rules.domain.lists import ItemType
from rules.domain.stages import Placement, Stage, with_placed
from rules.models import List, Rule, RuleVersion
from rules.services.approvals import Start
from rules.services.lists import list_item_add, list_item_remove, list_save
from rules.services.rulesets import ruleset_change
from rules.services.shipped import shipped_rule_take_out, shipped_rules_publish
from rules.services.snoozes import rule_snooze, snooze_end
from scoring.models import ModelVersion, PolicyRelease
from scoring.selectors.models import manifest_key
from scoring.services.configuration import configuration_forget
from scoring.services.entities import marker_key
from scoring.services.entity_rebuild import entities_ensure
from scoring.services.models import model_register
from scoring.services.policies import policy_release
from scoring.services.policy_approvals import policy_move
from scoring.services.policy_shipped import shipped_policy_publish
from scoring.services.promotions import model_promote
from scoring.training.artefact import artefact_make
from scoring.training.dataset import dataset_read
from sentinel.api.services import api_key_create, client_create
from sentinel.core.ids import public_id
from sentinel.core.outcomes import Action
from sentinel.ops.connections import redis_from_services
from tests.gateway import Gateway, purchase
from tests.journeys.replayed import FILE, decide_all, replayed_payments
from tests.rules.examples import group, row

pytestmark = pytest.mark.journey

FIRST, SECOND = "redecide-2026-01-30.1", "redecide-2026-01-30.2"
TRAINED = datetime.fromisoformat("2026-01-30T12:00Z")
STORY = 520
ROWS = max(STORY, int(os.environ.get("REPLAY_ROWS", "0")))
DEGRADED_ABOVE = {"USD": "80.00", "INR": "80.00"}


@dataclass(frozen=True, slots=True)
class Lived:
    """What happened at the bank between two moments."""

    began: datetime
    models: Any
    ids: list[UUID]


@pytest.fixture(scope="module")
def lived(
    quiet_policy, event_loop_thread, http, django_db_blocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lived]:
    with django_db_blocker.unblock():
        client = client_create(name=f"gateway {uuid4().hex[:8]}")
        gateway = Gateway(event_loop_thread, http, client, api_key_create(client=client)[1])
        quiet = PolicyRelease.objects.latest("number").live_id
        model_dir, settings.MODEL_DIR = settings.MODEL_DIR, tmp_path_factory.mktemp("models")
        began = timezone.now()
        _live(gateway)
        _move_on(quiet)
        ids = Decision.objects.filter(transaction__client=client.pk).order_by("pk").values_list("pk", flat=True)
        yield Lived(began, settings.MODEL_DIR, list(ids))
        settings.MODEL_DIR = model_dir
        ModelVersion.objects.update(state="retired")
        configuration_forget()


def _live(gateway: Gateway) -> None:
    """Every step changes something that decides, and lets some payments pass."""
    payments = list(replayed_payments(gateway, ROWS))

    def pay(count: int) -> None:
        gateway.loop.run(decide_all([payments.pop(0) for _ in range(count)]), timeout_seconds=300)

    _promote(FIRST, rows=3000)
    tighter = shipped_policy_publish(
        thresholds={"review_percentile": 0.5, "degraded_review_above": DEGRADED_ABOVE}, note="", now=timezone.now()
    )
    shipped_policy_publish(
        thresholds={"review_percentile": 0.9, "degraded_review_above": DEGRADED_ABOVE}, note="", now=timezone.now()
    )
    pay(60)
    watched = List(name=f"watched_{uuid4().hex[:8]}", item_type=ItemType.MERCHANT)
    list_save(actor="tests", item_list=watched, now=timezone.now())
    rules = _publish_rules(watched.name)
    pay(60)
    merchants = sorted({str(payment.request.merchant_id) for payment in payments})[::3]
    items = [
        list_item_add(actor="tests", item_list=watched, value=each, reason="tests", now=timezone.now())
        for each in merchants
    ]
    pay(60)
    for item in items[::2]:
        list_item_remove(actor="tests", item=item, now=timezone.now())
    pay(60 + ROWS - STORY)
    _canary(rules["canary"])
    policy_move(actor="ben", version=tighter, start=Start(Stage.CANARY, 50), note="", now=timezone.now())
    pay(60)
    snooze = rule_snooze(
        actor="mia",
        rule=rules["device"],
        account_id=payments[0].request.account_id,
        until=timezone.now() + timedelta(days=1),
        reason="a wedding",
        now=timezone.now(),
    )
    pay(60)
    snooze_end(actor="mia", snooze=snooze, now=timezone.now())
    with _unreadable(rules["morning"]):
        pay(40)
    redis_from_services().delete(marker_key())
    pay(20)
    entities_ensure(now=timezone.now())
    _at_the_till(gateway)
    ModelVersion.objects.update(state="retired")
    shipped_rule_take_out(rule=rules["device"], now=timezone.now())
    at_noon = gateway.pay(gateway.open_account(), "90.00", occurred_at="2026-01-05T06:30:00Z").json()
    assert [reason["code"] for reason in at_noon["reasons"]] == ["policy.no_model"]
    pay(40)
    _promote(SECOND, rows=4000)
    pay(60)


def _promote(version: str, *, rows: int) -> None:
    dataset = dataset_read(FILE, limit=rows)
    manifest = artefact_make(dataset, version=version, now=TRAINED, folder=settings.MODEL_DIR, key=manifest_key())
    model_register(manifest=manifest, now=timezone.now())
    model_promote(version=version, actor="olivia", override_reason="tests", now=timezone.now())


def _publish_rules(list_name: str) -> dict[str, Rule]:
    above = {"amount": "40.00", "currency": "USD"}
    said = {
        "listed": (Action.DECLINE, group(row("merchant_id", "in", list=list_name)), Stage.LIVE),
        "device": (
            Action.REVIEW,
            group(row("device_id", "matches", "^dev_[0-9]"), row("amount", "greater_than", above)),
            Stage.LIVE,
        ),
        "canary": (Action.REVIEW, group(row("payments_24h", "at_least", 6)), Stage.LIVE),
        "shadow": (Action.DECLINE, group(row("location_country", "not_equal", "IN")), Stage.SHADOW),
        "strange": (
            Action.ALLOW,
            group(row("score_percentile", "at_least", 0.9), row("merchant_category", "equal", "5732")),
            Stage.LIVE,
        ),
        "morning": (Action.DECLINE, group(row("hour", "less_than", 4)), Stage.LIVE),
    }
    mark = uuid4().hex[:6]
    rules = {name: Rule(code=f"{name}_{mark}", name=name) for name in said}
    drafts = [
        (rules[name], RuleDraft(action, f"rule.{name}", f"By {name}", expression), stage)
        for name, (action, expression, stage) in said.items()
    ]
    shipped_rules_publish(rules=drafts, note="tests", now=timezone.now())
    return rules


def _canary(rule: Rule) -> None:
    """A second version decides for half of the accounts."""
    draft = RuleDraft(Action.DECLINE, "rule.canary", "By canary", group(row("payments_24h", "at_least", 3)))
    (version,) = shipped_rules_publish(rules=[(rule, draft, Stage.SHADOW)], note="tests", now=timezone.now())
    placement = Placement(rule.pk, version.pk, Stage.CANARY, 50)
    ruleset_change(actor="tests", change=lambda all_: with_placed(all_, placement), now=timezone.now())


@contextmanager
def _unreadable(rule: Rule) -> Iterator[None]:
    """A stored version that this service cannot read, until another release of it can."""
    version = rule.versions.latest("number")
    expression = version.expression
    _rewrite(version, {"combinator": "all", "conditions": [row("field_of_tomorrow", "equal", 1)]})
    other = Rule(code=f"other_{uuid4().hex[:6]}", name="Other")
    draft = RuleDraft(Action.REVIEW, "rule.other", "By another", group(row("hour", "equal", 5)))
    shipped_rules_publish(rules=[(other, draft, Stage.LIVE)], note="tests", now=timezone.now())
    yield
    _rewrite(version, expression)


def _rewrite(version: RuleVersion, expression: Any) -> None:
    with transaction.atomic(), _without_triggers("rules_ruleversion"):
        RuleVersion.objects.filter(pk=version.pk).update(expression=expression)


def _at_the_till(gateway: Gateway) -> None:
    """What the ledger declines, and money that comes in."""
    poor = gateway.open_account("10.00", daily_limit="500.00")
    assert gateway.pay(poor, "100.00").json()["response_code"] == "insufficient_funds"
    assert gateway.pay(poor, "600.00").json()["response_code"] == "limit_exceeded"
    top_up = {**purchase(poor, "5.00"), "transaction_type": "top_up"}
    del top_up["merchant"]
    assert gateway.post("transactions", top_up).json()["score_percentile"] is None
    key = str(uuid4())
    assert gateway.post("transactions/void", {"idempotency_key": key}).is_success
    assert gateway.pay(poor, "1.00", key=key).json()["response_code"] == "voided"


def _move_on(quiet: int | None) -> None:
    """Nothing that decided decides any more."""
    shipped_rules_publish(rules=[], note="tests", now=timezone.now(), alone=True)
    for item_list in List.objects.filter(name__startswith="watched_"):
        for item in item_list.items.filter(removed_at__isnull=True):
            list_item_remove(actor="tests", item=item, now=timezone.now())
    policy_release(
        actor="tests",
        change=lambda release: release.without_trial().with_placed(quiet or 0, Stage.LIVE),
        note="",
        now=timezone.now(),
    )
    ModelVersion.objects.update(state="retired")


@contextmanager
def _without_triggers(table: str) -> Iterator[None]:
    """As nobody but the owner could, who first takes the triggers away."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE {table} DISABLE TRIGGER USER")
        yield
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER; SET CONSTRAINTS ALL DEFERRED")


@contextmanager
def forgotten() -> Iterator[None]:
    """What is done to the record within is taken back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def tamper(decision_id: UUID, **columns: Any) -> None:
    month = f"ledger_decision_{timezone.now():%Y%m}"
    with _without_triggers(month), connection.cursor() as cursor:
        told = ", ".join(f"{name} = %s" for name in columns)
        cursor.execute(f"UPDATE {month} SET {told} WHERE transaction_id = %s", [*columns.values(), decision_id])
        assert cursor.rowcount == 1


def redecide(*options: str, stdout: StringIO | None = None) -> tuple[int, str]:
    """The exit code and what was printed."""
    stdout = stdout or StringIO()
    try:
        call_command("redecide", *options, stdout=stdout)
    except SystemExit as end:
        return int(str(end.code)), stdout.getvalue()
    return 0, stdout.getvalue()


def redecide_json(*options: str) -> tuple[int, Any]:
    code, printed = redecide(*options, "--json")
    return code, json.loads(printed)


@pytest.fixture
def since(lived: Lived, committed) -> str:
    return lived.began.isoformat()


def test_decisions_come_out_the_same_after_everything_has_moved_on(lived: Lived, since: str):
    decisions = list(Decision.objects.filter(pk__in=lived.ids))
    kinds = {reason["kind"] for decision in decisions for reason in decision.reasons}
    codes = {reason["code"] for decision in decisions for reason in decision.reasons}
    assert kinds == {"rule", "model", "policy", "system", "funds", "account"}
    assert {"rule.failed", "key.voided", "rule.listed", "rule.canary", "policy.score", "policy.no_model"} <= codes
    assert {decision.outcome for decision in decisions} == {"approve", "review", "decline"}
    assert {decision.model_version for decision in decisions} == {FIRST, SECOND, None}
    assert len({decision.policy_version for decision in decisions}) == 2
    assert any(decision.silent_hits for decision in decisions)
    notes = {note for decision in decisions for note in decision.degraded}
    assert notes == {"entity_history_missing", "model_missing", "rule_failed"}

    code, told = redecide_json("--since", since)

    assert (code, told["different"], told["not_possible"], told["stopped"]) == (0, 0, {}, False)
    assert told["made_again"] == told["equal"] == len(lived.ids)
    assert told["last"] == public_id("txn", lived.ids[-1])


def test_nothing_is_written(since: str):
    with transaction.atomic():
        redecide("--since", since)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id_if_assigned()")
            assert cursor.fetchone() == (None,)


def test_a_tampered_snapshot_is_named_row_by_row(lived: Lived, since: str):
    decision = Decision.objects.filter(pk__in=lived.ids, outcome="approve", score_percentile__lt=0.5).earliest("pk")
    name = public_id("txn", decision.pk)
    tampered = bytes(decision.snapshot[8:16]) + bytes(decision.snapshot[8:])  # another amount
    with forgotten():
        tamper(decision.pk, snapshot=tampered)
        code, printed = redecide("--since", since)
        one_code, rows = redecide("--transaction", name)

    assert (code, one_code) == (1, 1)
    assert f"{name} differs in snapshot amount" in printed
    assert printed.splitlines()[-1].startswith(f"{len(lived.ids)} made again: {len(lived.ids) - 1} equal")
    assert "1 different; 0 not possible." in printed
    (line,) = [line for line in rows.splitlines() if "snapshot amount" in line]
    assert line.split() == ["≠", "snapshot", "amount", line.split()[3], str(decision.transaction.amount_minor)]
    assert redecide("--transaction", name) == (0, "1 made again: 1 equal, 0 different; 0 not possible.\n")


def test_a_snapshot_that_is_none_is_not_made_again(lived: Lived):
    name = public_id("txn", lived.ids[0])
    with forgotten():
        tamper(lived.ids[0], snapshot=b"short")
        code, told = redecide_json("--transaction", name)

    assert (code, told["made_again"], told["not_possible"]) == (1, 0, {"snapshot_unreadable": 1})


def test_another_model_outcome_or_policy_is_named(lived: Lived, since: str):
    first, second, third = Decision.objects.filter(
        pk__in=lived.ids, model_version=FIRST, outcome="review", score_percentile__gt=0.95
    ).order_by("pk")[:3]
    with forgotten():
        tamper(first.pk, model_version=SECOND)
        tamper(second.pk, outcome="decline", status="declined")
        tamper(third.pk, policy_version=third.policy_version + 1)
        code, told = redecide_json("--since", since)

    differing = {each["transaction_id"]: {row["name"] for row in each["rows"]} for each in told["differing"]}
    assert (code, told["different"]) == (1, 3)
    assert "score_percentile" in differing[public_id("txn", first.pk)]
    assert differing[public_id("txn", second.pk)] == {"outcome", "status"}
    assert differing[public_id("txn", third.pk)] == {"policy_version"}


def test_a_model_whose_files_were_altered_makes_nothing_again(lived: Lived, since: str):
    file = lived.models / FIRST / "forest.onnx"
    whole = file.read_bytes()
    by_first = Decision.objects.filter(pk__in=lived.ids, model_version=FIRST).count()
    try:
        file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        code, printed = redecide("--since", since)
    finally:
        file.write_bytes(whole)

    assert code == 1
    assert f"{by_first} since the model's files are not those that were registered" in printed.splitlines()[-1]
    assert by_first > 100


def test_an_erased_persons_decisions_are_made_again_where_no_rule_read_the_details(lived: Lived, since: str):
    before_rules = lived.ids[0]
    number = Decision.objects.get(pk=before_rules).ruleset_version
    hits = Decision.objects.filter(pk__in=lived.ids, ruleset_version__gt=number, rule_hits__len__gt=0)
    under_rules = hits.earliest("pk").pk  # the rule that reads the device is taken out later on
    with forgotten():
        PersonalDetail.objects.filter(pk__in=[before_rules, under_rules]).delete()
        code, told = redecide_json("--since", since)

    assert (code, told["not_possible"], told["different"]) == (0, {"details_erased": 1}, 0)
    assert told["made_again"] == len(lived.ids) - 1


def test_a_list_that_a_payment_saw_a_moment_early_is_told_apart(lived: Lived, since: str):
    """The item is dated a moment after the payments that it was known to, and before it was taken off again."""
    hit = Decision.objects.filter(pk__in=lived.ids, reasons__contains=[{"code": "rule.listed"}]).order_by("pk")[0]
    listed = "SET created_at = %s WHERE value = %s AND created_at <= %s"
    with forgotten(), _without_triggers("rules_listitem"), connection.cursor() as cursor:
        values = [hit.recorded_at + timedelta(milliseconds=1), hit.transaction.merchant_id, hit.recorded_at]
        cursor.execute(f"UPDATE rules_listitem {listed}", values)
        code, told = redecide_json("--transaction", public_id("txn", hit.pk))

    assert (code, told["equal"], told["equal_nearby"]) == (0, 1, 1)


def test_a_part_of_the_past_and_what_comes_after_it(lived: Lived, since: str):
    _, told = redecide_json("--since", since, "--limit", "7")
    assert (told["made_again"], told["last"]) == (7, public_id("txn", lived.ids[6]))

    _, told = redecide_json("--after", told["last"])
    assert told["made_again"] == len(lived.ids) - 7


def test_a_sample_is_spread_evenly(lived: Lived, since: str):
    _, told = redecide_json("--since", since, "--limit", "10", "--sample")

    assert (told["made_again"], told["last"]) == (10, public_id("txn", lived.ids[-1]))

    _, told = redecide_json("--since", since, "--limit", "9999", "--sample")
    assert told["made_again"] == len(lived.ids)


class StopsAtTheFirst(StringIO):
    """Somebody presses Ctrl-C as soon as something is printed."""

    def write(self, text: str) -> int:
        if "differs" in text:
            os.kill(os.getpid(), signal.SIGINT)
        return super().write(text)


def test_ctrl_c_says_where_to_continue(lived: Lived, since: str):
    place = len(lived.ids) // 3
    with forgotten():
        tamper(lived.ids[place], policy_version=999_999)
        code, printed = redecide("--since", since, "--limit", "400", stdout=StopsAtTheFirst())

    assert code == 1
    name = public_id("txn", lived.ids[place])
    assert f"redecide --after {name} --limit {400 - place - 1}" in printed
    assert printed.splitlines()[-1].startswith(f"{place + 1} made again: {place} equal")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--transaction", "txn_" + "0" * 32], "There is no transaction txn_000"),
        (["--transaction", "txn_" + "0" * 32, "--limit", "3"], "--transaction stands alone"),
        (["--transaction", "acc_alice"], "'acc_alice' is not the name of a transaction"),
        (["--after", "txn_1"], "'txn_1' is not the name of a transaction"),
        (["--since", "yesterday"], "'yesterday' is not a day or moment"),
        (["--limit", "0"], "'0' is not a whole number above zero"),
        (["--sample"], "--sample needs --limit"),
    ],
)
def test_what_cannot_be_meant_is_refused(committed, options: list[str], words: str):
    with pytest.raises(CommandError, match=words):
        call_command("redecide", *options, stdout=StringIO())
