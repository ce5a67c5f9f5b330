"""docs/webhooks.md and the schema beside it: the examples are run, and real events fit."""

import json
import os
import shutil
import subprocess
import time
from datetime import timedelta
from typing import Any
from uuid import UUID

import jsonschema
import pytest
from django.utils import timezone
from pydantic import TypeAdapter

from ledger.domain.cases import Verdict
from ledger.models import Case, Hold, HoldResolution, SampledReview
from ledger.services.bank_events import bank_event_write
from ledger.services.cases.applying import verdicts_apply
from ledger.services.cases.assigning import case_assign
from ledger.services.cases.upkeep import cases_overdue_tell
from ledger.services.cases.verdicts import Given, verdict_give
from ledger.services.cases.working import case_escalate, case_open
from ledger.services.holds import hold_resolve
from ledger.services.reversals import reversal_make
from ledger.services.sampling import sample_decide
from rules.services.alarms import alarm_raise
from sentinel.core.ids import uuid7
from sentinel.core.outcomes import Outcome
from tests.docs.documents import DOCS, blocks
from tests.factories import make_account, make_client, make_payment
from tests.ledger.cases import Bank, reviewer
from tests.webhooks.making import make_endpoint
from webhooks.domain.event_types import EVENT_TYPES, TEST_EVENT
from webhooks.domain.schemas import AnyEvent, event_schema
from webhooks.domain.signing import secret_make, signature_headers
from webhooks.models import Delivery
from webhooks.selectors.events import bank_events, client_events, told_events
from webhooks.services.fan_out import events_fan_out
from webhooks.services.recovery import endpoint_test

GUIDE, SCHEMA = DOCS / "webhooks.md", DOCS / "webhook-events.schema.json"
SECRET, EVENT_ID = secret_make(), "evt_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f"
BODY = '{"words":"Zürich ✓"}'


def signed(*, seconds_ago: int = 0) -> dict[str, str]:
    return signature_headers(EVENT_ID, int(time.time()) - seconds_ago, BODY, [secret_make(), SECRET])


def test_the_schema_is_what_the_code_says():
    written = json.dumps(event_schema(), indent=2) + "\n"
    if os.environ.get("SENTINEL_WRITE_DOCS") == "true":
        SCHEMA.write_text(written)

    assert SCHEMA.read_text() == written


def test_every_event_is_in_the_guide_and_in_the_schema():
    guide, schema = GUIDE.read_text(), SCHEMA.read_text()

    assert [event for event in (*EVENT_TYPES, TEST_EVENT) if f"`{event}`" not in guide] == []
    assert [event for event in (*EVENT_TYPES, TEST_EVENT) if f'"{event}"' not in schema] == []


def test_the_example_of_the_guide_fits():
    (example,) = blocks(GUIDE, "json")

    jsonschema.validate(json.loads(example), event_schema())


def told_since(after: UUID) -> list[dict[str, Any]]:
    return [event.json for event in bank_events(after=after, until=uuid7(time.time_ns() + 10**9), limit=100)]


def unpublished(event: dict[str, Any]) -> set[str]:
    """Fields that are sent and that the schema does not tell of."""
    return set(TypeAdapter(AnyEvent).validate_python(event).data.model_extra or ())


@pytest.mark.django_db
def test_real_events_of_payments_fit():
    client, account, now = make_client(), make_account(), timezone.now()
    reversed_ = make_payment(account, client)
    make_payment(account, client, outcome=Outcome.DECLINE)
    for resolution in HoldResolution.Resolution:
        held = make_payment(account, client, outcome=Outcome.REVIEW)
        hold_resolve(transaction_id=held.pk, resolution=resolution, actor="mia", now=now)
    reversal_make(payment=reversed_, amount_minor=100, reason="", actor="mia", reversal_id=uuid7(), now=now)

    events = client_events(client_id=client.pk, after=uuid7(0), until=uuid7(time.time_ns() + 10**9), limit=100)
    for event in events:
        jsonschema.validate(event.json, event_schema())
        assert unpublished(event.json) == set()
    assert {event.type for event in events} == {name for name in EVENT_TYPES if name.startswith("transaction.")}
    assert Hold.objects.count() == 4


@pytest.mark.django_db
def test_real_alarms_and_tests_fit():
    begun, now = uuid7(), timezone.now()
    for kind in ("model.psi", "rule.failed"):
        alarm_raise(kind=kind, subject="model:m1", words="Look.", now=now)
    endpoint_test(endpoint=make_endpoint(), actor="mia", now=now)
    events_fan_out(now=now)

    told = [*told_since(begun), json.loads(Delivery.objects.get(event_type=TEST_EVENT).body)]
    for event in told:
        jsonschema.validate(event, event_schema())
        assert unpublished(event) == set()
    assert {event["type"] for event in told} >= {"model.alarm", "system.alert", "endpoint.test"}


@pytest.mark.django_db
def test_real_events_of_cases_fit():
    Case.objects.filter(decided_at=None).delete()  # of tests that keep their rows
    begun, rita, now, bank = uuid7(), reviewer(), timezone.now(), Bank()
    case = case_open(transaction_id=bank.approved().pk, actor="rita", now=now)
    case_assign(case_id=case.pk, assignee=rita, user=rita, now=now)
    case_escalate(case_id=case.pk, user=rita, now=now)
    cases_overdue_tell(now=now + timedelta(days=365))
    verdict_give(case_id=case.pk, given=Given(Verdict.FRAUD, reason="card_stolen"), user=rita, now=now)
    verdicts_apply(now=now + timedelta(minutes=1))
    sample = SampledReview.objects.create(
        transaction_id=bank.approved().pk,
        account_id=bank.account.pk,
        per_mille=5,
        inclusion_probability=0.005,
        chosen_at=now,
    )
    sample_decide(transaction_id=sample.pk, is_fraud=False, actor="rita", note="", now=timezone.now())

    told = told_since(begun)
    for event in told:
        jsonschema.validate(event, event_schema())
        assert unpublished(event) == set()
    types = [event["type"] for event in told]
    assert {*types} == {name for name in EVENT_TYPES if name.startswith("case.")} | {"system.alert"}
    assert types.count("case.decided") == 2


@pytest.mark.contract
def test_real_alerts_of_clients_fit(gateway):
    payment = gateway.pay(gateway.open_account()).json()
    for path, body in {
        "alerts/fraud": {"transaction_id": payment["id"], "words": "The customer called"},
        "alerts/system": {"component": "pos-1", "severity": "critical", "words": "No answer"},
    }.items():
        event_id = gateway.post(path, body).json()["id"]
        (event,) = told_events([UUID(event_id.removeprefix("evt_"))])
        jsonschema.validate(event.json, event_schema())
        assert unpublished(event.json) == set()


@pytest.mark.django_db
def test_what_is_not_an_event_does_not_fit():
    bank_event_write(event_type="model.alarm", subject="m", payload={"words": "no kind"}, now=timezone.now())
    until = uuid7(time.time_ns() + int(timedelta(seconds=1).total_seconds() * 1e9))
    (event,) = bank_events(after=uuid7(0), until=until, limit=1)

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(event.json, event_schema())


def test_the_examples_in_python_verify():
    library, by_hand = blocks(GUIDE, "python")
    names: dict[str, Any] = {"body": BODY, "headers": signed()}
    exec(library.replace("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", SECRET), names)
    assert names["event"] == json.loads(BODY)

    exec(by_hand, names)
    is_genuine = names["is_genuine"]
    assert is_genuine(SECRET, signed(), BODY.encode())
    assert not is_genuine(SECRET, signed(seconds_ago=400), BODY.encode())
    assert not is_genuine(SECRET, signed(), BODY.replace("Z", "z").encode())


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
def test_the_example_for_node_verifies(tmp_path):
    (example,) = blocks(GUIDE, "js")
    (tmp_path / "verify.mjs").write_text(example)
    asks = [[SECRET, signed(), BODY], [SECRET, signed(seconds_ago=400), BODY], [SECRET, signed(), BODY + " "]]
    script = "import { isGenuine } from './verify.mjs';"
    script += f"console.log(JSON.stringify({json.dumps(asks)}.map((ask) => isGenuine(...ask))))"
    (tmp_path / "main.mjs").write_text(script)
    said = subprocess.run(["node", "main.mjs"], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)

    assert json.loads(said.stdout) == [True, False, False]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_the_example_for_the_shell_gives_the_signature():
    (example,) = blocks(GUIDE, "sh")
    headers = signed()
    names = {"secret": SECRET, "id": EVENT_ID, "timestamp": headers["webhook-timestamp"], "body": BODY}
    environment = os.environ | names
    said = subprocess.run(["sh", "-c", example], env=environment, capture_output=True, text=True, check=True)

    assert f"v1,{said.stdout.strip()}" == headers["webhook-signature"].split()[1]
