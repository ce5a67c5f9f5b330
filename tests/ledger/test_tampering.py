"""Whoever owns the database can change the record, and cannot hide it.

Each test changes it as the tables' owner, with the triggers that refuse such changes switched off.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from shutil import copytree
from uuid import UUID

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from ledger.domain.seal import BlockFacts, merkle_root
from ledger.models import (
    Account,
    AuditEntry,
    Entry,
    Event,
    HoldResolution,
    Label,
    Reversal,
    SealBlock,
    SealLeaf,
    Transaction,
)
from ledger.services.holds import Resolution, hold_resolve
from ledger.services.labels import label_attach
from ledger.services.reversals import reversal_make
from ledger.services.seal.heads import heads_read, heads_write
from ledger.services.seal.kinds import sealed_kinds
from ledger.services.seal.sealing import BLOCK_LEAVES, seal_all, seal_round
from ledger.services.seal.verifying import Verification, ledger_verify
from scoring.services.policy_shipped import shipped_policy_publish
from sentinel.api.models import GatewayClient
from sentinel.core.ids import uuid7
from sentinel.core.outcomes import Outcome
from tests.conftest import QUIET_THRESHOLDS
from tests.factories import make_account, make_client, make_payment
from tests.ledger.own_record import database_copy, database_drop, database_is, older_writers_wait, own_database
from tests.rulesets import live_rules

PAYMENTS = 60
TEST_ACCOUNT = "acc_tests"
# The tables that a change of history touches, without the triggers that refuse it.
_OPEN = "ALTER TABLE {} DISABLE TRIGGER USER"
_SHUT = "ALTER TABLE {} ENABLE TRIGGER USER"


@pytest.fixture(scope="module")
def record(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[str]:
    """A sealed record of its own: live payments with all that follows, the same of a test account, the audit."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch, own_database() as name:
        patch.setattr("django.conf.settings.SEAL_DIR", tmp_path_factory.mktemp("seal"))
        shipped_policy_publish(thresholds=QUIET_THRESHOLDS, note="", now=timezone.now())
        with live_rules(review={"field": "amount", "operator": "is_present"}):
            pass
        make_traffic(make_account(), make_client(), payments=PAYMENTS)
        make_traffic(make_account(TEST_ACCOUNT, livemode=False), make_client(livemode=False), payments=3)
        seal_everything()
        yield name


def make_traffic(account: Account, client: GatewayClient, *, payments: int) -> None:
    """Payments of every outcome, a review that somebody decided, a reversal and a label."""
    with transaction.atomic():
        paid, held, *_ = [
            make_payment(account, client, outcome=list(Outcome)[number % 3], amount_minor=100 + number)
            for number in range(payments)
        ]
    now = timezone.now()
    hold_resolve(transaction_id=held.pk, resolution=Resolution.APPROVED, actor="rita", now=now)
    reversal_make(payment=paid, amount_minor=40, reason="", actor="rita", reversal_id=uuid7(), now=now)
    label_attach(
        payment=paid, is_fraud=True, source="customer", observed_at=now, actor="rita", label_id=uuid7(), now=now
    )


@pytest.fixture
def sealed(record, django_db_blocker, tmp_path, settings) -> Iterator[str]:
    """A copy of the record and of its heads, for one test to spoil."""
    with django_db_blocker.unblock():
        copytree(settings.SEAL_DIR, tmp_path / "seal")
        settings.SEAL_DIR = tmp_path / "seal"
        copy = database_copy(record)
        with database_is(copy):
            yield copy
        database_drop(copy)


def seal_everything() -> int:
    older_writers_wait()
    count = seal_round(now=timezone.now())
    heads_write()
    return count


def verify() -> Verification:
    *_, found = ledger_verify()
    return found


@contextmanager
def as_owner(*tables: str) -> Iterator[Callable[..., None]]:
    """Runs statements with the triggers of these tables switched off."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in tables:
            cursor.execute(_OPEN.format(table))
        yield lambda statement, *values: cursor.execute(statement, values)
        for table in tables:
            cursor.execute(_SHUT.format(table))


def nth_payment(number: int) -> UUID:
    return Transaction.objects.order_by("id").values_list("pk", flat=True)[number]


def test_an_untouched_record_verifies_again_and_again(sealed):
    for _ in range(3):
        found = verify()
        assert (found.faults, found.faults_count, found.not_outside) == ([], 0, 0)
    assert found.leaves == SealLeaf.objects.count() > PAYMENTS
    assert found.heads == found.blocks == SealBlock.objects.count()


def test_every_kind_that_is_in_use_is_sealed(sealed):
    kinds = set(SealLeaf.objects.values_list("kind", flat=True))

    assert {"transaction", "entry", "resolution", "reversal", "label", "event", "audit"} <= kinds
    assert {"rule_version", "ruleset", "policy", "policy_release"} <= kinds
    assert kinds <= {kind.name for kind in sealed_kinds()}


def test_1_a_changed_amount(sealed):
    payment = nth_payment(5)
    with as_owner("ledger_transaction") as run:
        run("UPDATE ledger_transaction SET amount_minor = amount_minor + 1 WHERE id = %s", payment)

    assert [fault.words for fault in verify().faults] == [f"The transaction {payment} was changed."]


def test_a_changed_decision_is_a_changed_payment(sealed):
    payment = nth_payment(7)
    with as_owner("ledger_decision") as run:
        run("UPDATE ledger_decision SET reasons = '[]' WHERE transaction_id = %s", nth_payment(5))
        run("UPDATE ledger_decision SET score_percentile = 0.1 WHERE transaction_id = %s", payment)

    assert [fault.row_id for fault in verify().faults][-1] == payment


def test_2_a_payment_deleted_from_the_middle(sealed):
    payment = nth_payment(PAYMENTS // 2)
    with as_owner("ledger_transaction", "ledger_decision") as run:
        run("DELETE FROM ledger_decision WHERE transaction_id = %s", payment)
        run("DELETE FROM ledger_transaction WHERE id = %s", payment)

    assert verify().faults[0].words == f"The transaction {payment} is gone."


def test_3_the_end_cut_off_with_its_block(sealed):
    payment = make_payment(make_account("acc_late"), make_client())
    seal_everything()
    last = SealBlock.objects.latest("number").number
    with as_owner("ledger_sealblock", "ledger_sealleaf", "ledger_transaction", "ledger_decision") as run:
        run("DELETE FROM ledger_sealleaf WHERE block_id = %s", last)
        run("DELETE FROM ledger_sealblock WHERE number = %s", last)
        run("DELETE FROM ledger_decision WHERE transaction_id = %s", payment.pk)
        run("DELETE FROM ledger_transaction WHERE id = %s", payment.pk)

    faults = verify().faults
    assert faults[0].block == last
    assert "Its end was cut off, or an older copy was put in its place." in faults[0].words


def test_4_a_payment_put_in_with_an_earlier_date(sealed):
    earlier = uuid7(int((timezone.now() - timedelta(hours=2)).timestamp()) * 1_000_000_000)
    with as_owner("ledger_transaction") as run:
        run(
            "INSERT INTO ledger_transaction SELECT (jsonb_populate_record(t, jsonb_build_object('id', %s::text,"
            " 'seq', 999))).* FROM ledger_transaction t WHERE id = %s",
            str(earlier),
            nth_payment(0),
        )
    seal_everything()

    assert [fault.words for fault in verify().faults] == [f"The transaction {earlier} is in no block."]


def test_5_two_rows_swapped(sealed):
    one, other = nth_payment(3), nth_payment(9)
    with as_owner("ledger_transaction") as run:
        run(
            "UPDATE ledger_transaction t SET amount_minor = o.amount_minor FROM ledger_transaction o"
            " WHERE (t.id, o.id) IN ((%s, %s), (%s, %s))",
            *(one, other, other, one),
        )

    assert [fault.row_id for fault in verify().faults] == [one, other]


def test_6_a_table_emptied(sealed):
    labels = SealLeaf.objects.filter(kind="audit").count()
    with as_owner("ledger_auditentry") as run:
        run("TRUNCATE ledger_auditentry")

    found = verify()
    assert found.faults_count == labels
    assert all("is gone" in fault.words and fault.kind == "audit" for fault in found.faults)


def test_7_the_seal_written_anew_over_a_changed_record(sealed):
    payment = nth_payment(5)
    with as_owner("ledger_transaction", "ledger_sealblock", "ledger_sealleaf") as run:
        run("UPDATE ledger_transaction SET amount_minor = 1 WHERE id = %s", payment)
        run("DELETE FROM ledger_sealleaf")
        run("DELETE FROM ledger_sealblock")
    older_writers_wait()
    seal_round(now=timezone.now())
    *_, found = ledger_verify()

    assert found.faults[0].words == "Block 1 is not the one that was told outside: it was written anew."


def test_a_block_written_anew_in_its_place_is_found_without_the_heads_too(sealed, tmp_path):
    make_payment(make_account("acc_late"), make_client())
    seal_everything()
    block = SealBlock.objects.get(number=1)
    leaves = [
        bytes(leaf) for leaf in SealLeaf.objects.filter(block=1).order_by("position").values_list("digest", flat=True)
    ]
    leaves[0] = bytes(32)
    facts = BlockFacts(1, len(leaves), merkle_root(leaves), bytes(32), block.sealed_at, is_late=False)
    with as_owner("ledger_sealblock", "ledger_sealleaf") as run:
        run("UPDATE ledger_sealleaf SET digest = %s WHERE block_id = 1 AND position = 0", leaves[0])
        run("UPDATE ledger_sealblock SET root = %s, head = %s WHERE number = 1", facts.root, facts.head)

    words = [fault.words for fault in verify().faults]
    assert "Block 2 does not follow from the block before it." in words


def test_8_an_older_copy_put_in_its_place(sealed):
    older = database_copy(sealed)
    make_payment(make_account("acc_late"), make_client())
    seal_everything()
    with database_is(older):
        found = verify()
    database_drop(older)

    assert [fault.words for fault in found.faults] == [
        "Outside the database there are more blocks, from 2 on; the record ends with block 1. Its end was cut off, "
        "or an older copy was put in its place."
    ]


def test_heads_that_somebody_else_signed_are_none(sealed, settings):
    [path] = Path(settings.SEAL_DIR).glob("heads-*.jsonl")
    line = path.read_text()
    path.write_text(line.replace('"block": 1', '"block": 2'))

    assert f"{path.name}, line 1: this line was not signed with our key." in [f.words for f in verify().faults]


def test_without_heads_nothing_is_proven(sealed, settings):
    for path in Path(settings.SEAL_DIR).glob("heads-*.jsonl"):
        path.unlink()

    assert [fault.words for fault in verify().faults] == ["There are no heads outside the database to compare with."]


def test_what_was_loaded_later_is_sealed_by_command_and_the_audit_says_so(sealed):
    hours_ago = timezone.now() - timedelta(hours=2)
    payment = make_payment(make_account("acc_late"), make_client(), id_at=hours_ago)
    seal_everything()
    assert f"The transaction {payment.pk} is in no block." in [fault.words for fault in verify().faults]

    older_writers_wait()
    call_command("seal_ledger", late="history of the old system", by="olivia", verbosity=0)

    found = verify()
    assert (found.faults, found.late) == ([], 1)
    entry = AuditEntry.objects.get(action="ledger.sealed_late")
    assert (entry.actor, entry.details) == ("olivia", {"rows": 1, "reason": "history of the old system"})


def test_the_command_names_the_broken_row_and_ends_with_1(sealed, capsys):
    payment = nth_payment(5)
    with as_owner("ledger_transaction") as run:
        run("UPDATE ledger_transaction SET currency = 'EUR' WHERE id = %s", payment)

    with pytest.raises(SystemExit, match="1"):
        call_command("verify_ledger")

    assert f"The transaction {payment} was changed. (block 1)" in capsys.readouterr().out


def test_test_traffic_is_not_sealed_and_not_missed(sealed):
    of_tests = {
        row.pk
        for model in (Transaction, Entry, Reversal, Label, Event)
        for row in model.objects.filter(account=TEST_ACCOUNT)
    }
    assert len(of_tests) > 5

    assert not SealLeaf.objects.filter(row_id__in=of_tests).exists()
    assert SealLeaf.objects.filter(kind="resolution").count() == HoldResolution.objects.count() - 1 > 0
    assert seal_all(actor="tests", reason="", now=timezone.now()) == 0


def test_a_payment_that_is_passed_off_as_a_test_is_found(sealed):
    hours_ago = timezone.now() - timedelta(hours=2)
    payment = make_payment(make_account("acc_late"), make_client(), id_at=hours_ago)
    with as_owner("ledger_transaction") as run:
        run("UPDATE ledger_transaction SET livemode = false WHERE id = %s", payment.pk)

    words = f"Of the transaction {payment.pk} and its account, one is live and one for tests."
    assert words in [fault.words for fault in verify().faults]


def test_heads_of_blocks_that_are_closed_while_they_are_read_are_left_out(sealed):
    reading = heads_read()
    assert next(reading).block == 1

    make_payment(make_account("acc_late"), make_client())
    assert seal_everything() > 0

    assert list(reading) == []
    assert [head.block for head in heads_read()] == [1, 2]


def test_many_rows_make_many_blocks(sealed):
    with transaction.atomic():
        for number in range(BLOCK_LEAVES + 5):
            AuditEntry.objects.create(
                id=uuid7(), actor="tests", action="counted", subject=str(number), recorded_at=timezone.now()
            )
    count = seal_everything()

    assert [block.leaves for block in SealBlock.objects.filter(number__gt=1).order_by("number")] == [
        BLOCK_LEAVES,
        count - BLOCK_LEAVES,
    ]
    assert verify().faults == []
    assert seal_all(actor="tests", reason="", now=timezone.now()) == 0


def test_heads_that_no_public_key_verifies_are_told(sealed, settings):
    (Path(settings.SEAL_DIR) / "public_key.pem").unlink()

    assert "public_key.pem is missing: `manage.py seal_ledger` writes it." in [
        fault.words for fault in verify().faults
    ]
