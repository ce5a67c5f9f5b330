"""A person is erased everywhere, and the seal still holds."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from dashboard.models import SharedValue
from dashboard.services.erasing import Erasure, person_erase
from dashboard.services.facts import facts_fill
from ledger.domain.erasing import Person
from ledger.models import Account, AccountNote, AuditEntry, Case, CaseNote, PersonalDetail, Transaction
from ledger.selectors import settled
from ledger.services.account_notes import account_note_add
from ledger.services.partitions import PARTITIONED
from ledger.services.seal.heads import heads_write
from ledger.services.seal.sealing import seal_all
from ledger.services.seal.verifying import ledger_verify
from scoring.services import contexts
from scoring.services.contexts import account_key
from scoring.services.policy_shipped import shipped_policy_publish
from sentinel.core.errors import InvalidRequest
from sentinel.core.ids import first_uuid7_at
from sentinel.core.outcomes import Outcome
from sentinel.ops.connections import redis_from_services
from tests.conftest import QUIET_THRESHOLDS
from tests.dashboard.told import facts_begin
from tests.factories import make_account, make_client, make_payment
from tests.ledger.own_record import older_writers_wait, own_database

TOLD: dict[str, Any] = {
    "card_token": "tok_alice",
    "card_last4": "1111",
    "device_id": "phone-1",
    "ip_address": "203.0.113.9",
}
ALICE = Person(account_id="acc_alice")


def erase(person: Person, **changes) -> Erasure:
    told: dict[str, Any] = {"reason": "customer", "words": "letter 17", "actor": "olivia", "now": timezone.now()}
    return person_erase(person=person, **told | changes)


@pytest.fixture
def bank(db, monkeypatch) -> dict[str, Transaction]:
    """Two payments of Alice, one held and noted on, and one of Bob, who shares her device."""
    monkeypatch.setattr(settled, "MARGIN", timedelta(0))
    facts_begin()
    alice, bob, client = make_account(), make_account("acc_bob", name="Bob Iyer"), make_client()
    made = {
        "paid": make_payment(alice, client, **TOLD),
        "held": make_payment(alice, client, outcome=Outcome.REVIEW, **TOLD),
        "bobs": make_payment(bob, client, card_token="tok_bob", device_id="phone-1"),
    }
    facts_fill(now=timezone.now() + timedelta(seconds=1))
    account_note_add(account=alice, author="rita", text="Called, was abroad", now=timezone.now())
    case = Case.objects.get(transaction=made["held"])
    CaseNote.objects.create(case=case, author="rita", text="She says it was her", recorded_at=timezone.now())
    connection.check_constraints()  # a trigger is not switched off while checks wait
    return made


def told_of(person_id: str) -> dict[str, int]:
    return {
        "details": PersonalDetail.objects.filter(account_id=person_id).count(),
        "shared": SharedValue.objects.filter(account_id=person_id).count(),
        "notes": AccountNote.objects.filter(account_id=person_id).count(),
        "case_notes": CaseNote.objects.filter(case__account_id=person_id).count(),
        "names": Account.objects.filter(pk=person_id).exclude(name="").count(),
    }


def test_an_account_is_erased_and_others_are_not(bank):
    before = told_of("acc_bob")
    merchants = SharedValue.objects.filter(account_id="acc_alice").count() - 8

    erasure = erase(ALICE)

    assert erasure == Erasure(payments=2, shared_values=8, notes=2, names=1, list_items=0)
    assert told_of("acc_alice") == {"details": 0, "shared": merchants, "notes": 0, "case_notes": 0, "names": 0}
    assert told_of("acc_bob") == before
    assert Transaction.objects.filter(account_id="acc_alice").count() == 2
    assert Account.objects.get(pk="acc_alice").version == 2


def test_the_audit_tells_of_it_and_of_nothing_erased(bank):
    erase(ALICE)

    entry = AuditEntry.objects.get(action="person.erased")
    assert (entry.actor, entry.subject, entry.details["words"]) == ("olivia", "acc_alice", "letter 17")
    audited = str([*AuditEntry.objects.values_list("subject", "details")])
    assert [text for text in ("Alice", "tok_alice", "phone-1", "203.0.113.9", "abroad") if text in audited] == []


def test_a_card_is_erased_from_all_accounts_and_leaves_their_names(bank):
    make_payment(Account.objects.get(pk="acc_bob"), make_client(), card_token="tok_alice")
    connection.check_constraints()

    erasure = erase(Person(card_token="tok_alice"))

    assert (erasure.payments, erasure.notes, erasure.names) == (3, 1, 0)
    assert not PersonalDetail.objects.filter(card_token="tok_alice").exists()
    assert PersonalDetail.objects.filter(card_token="tok_bob").exists()
    assert AuditEntry.objects.get(action="person.erased").subject == "card …lice"


def test_a_trial_counts_and_changes_nothing(bank):
    before = told_of("acc_alice")

    assert erase(ALICE, is_trial=True).payments == 2

    assert told_of("acc_alice") == before
    assert not AuditEntry.objects.filter(action="person.erased").exists()


def test_a_second_time_there_is_nothing_left(bank):
    erase(ALICE)

    assert erase(ALICE) == Erasure(payments=0, shared_values=0, notes=0, names=0, list_items=0)


def test_a_card_number_in_the_words_is_refused_and_nothing_is_erased(bank):
    before = told_of("acc_alice")

    with pytest.raises(InvalidRequest, match="full card number"):
        erase(ALICE, words="card 4111 1111 1111 1111")

    assert told_of("acc_alice") == before


def test_notes_are_kept_from_everybody_afterwards(bank):
    erase(ALICE)
    note = account_note_add(account=Account.objects.get(pk="acc_bob"), author="rita", text="Kept", now=timezone.now())

    with pytest.raises(IntegrityError, match="is refused"), transaction.atomic():
        note.delete()


def test_the_seal_holds_and_detached_months_are_reached(django_db_setup, django_db_blocker, tmp_path, monkeypatch):
    old = datetime(2020, 3, 4, tzinfo=UTC)
    with django_db_blocker.unblock(), own_database():
        monkeypatch.setattr("django.conf.settings.SEAL_DIR", tmp_path)
        shipped_policy_publish(thresholds=QUIET_THRESHOLDS, note="", now=timezone.now())
        account, client = make_account(), make_client()
        _month_begin("202003", "2020-03-01", "2020-04-01")
        make_payment(account, client, now=old, id_at=old, **TOLD)
        make_payment(account, client, **TOLD)
        account_note_add(account=account, author="rita", text="Called", now=timezone.now())
        older_writers_wait()
        seal_all(actor="tests", reason="history", now=timezone.now())
        _ask("ALTER TABLE ledger_personaldetail DETACH PARTITION ledger_personaldetail_202003")

        assert erase(ALICE).payments == 2

        assert _ask("SELECT count(*) FROM ledger_personaldetail_202003") == [(0,)]
        assert not PersonalDetail.objects.exists()
        older_writers_wait()
        seal_all(actor="tests", reason="the erasure", now=timezone.now())
        heads_write()
        *_, found = ledger_verify()
        assert (found.faults, found.leaves > 2) == ([], True)


def _month_begin(month: str, first: str, after: str) -> None:
    bounds = [
        str(first_uuid7_at(int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1000)))
        for day in (first, after)
    ]
    for table, extras in PARTITIONED.items():
        _ask(f"CREATE TABLE {table}_{month} PARTITION OF {table} FOR VALUES FROM (%s) TO (%s)", bounds)
        for extra in extras:
            _ask(extra.format(part=f"{table}_{month}"))


def _ask(statement: str, values=None) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def test_by_command_the_copies_in_redis_go_too(gateway, monkeypatch):
    monkeypatch.setattr("scoring.services.forgetting.SETTLE_SECONDS", 0)
    account_id = gateway.open_account()
    gateway.pay(account_id, card={"token": "tok_gone"}, device={"id": "phone-9"})
    with redis_from_services() as redis:
        assert redis.exists(account_key(account_id))
        told = StringIO()
        arguments = ("--account", account_id, "--reason", "customer", "--words", "letter 17", "--by", "olivia")

        call_command("erase_person", *arguments, "--dry-run", stdout=told)
        assert redis.exists(account_key(account_id))
        call_command("erase_person", *arguments, stdout=told)

        assert not redis.exists(account_key(account_id))
    assert contexts._copies.get(account_key(account_id)) is not None
    assert "Would erase the details of 1 payments" in told.getvalue()
    assert "Erased the details of 1 payments" in told.getvalue()

    assert gateway.pay(gateway.open_account()).status_code == 201
    assert contexts._copies.get(account_key(account_id)) is None


def test_the_command_wants_an_account_or_a_card_and_a_reason():
    for arguments in ([], ["--account", "a", "--card", "b"], ["--account", "a", "--reason", "whim"]):
        with pytest.raises(CommandError):
            call_command("erase_person", *arguments, "--words", "x", "--by", "olivia")
