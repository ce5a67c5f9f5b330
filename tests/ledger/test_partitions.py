"""Old months leave the big tables together, and only when nothing needs them any more."""

from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from ledger.models import OutboxPending, Posting, Transaction
from ledger.services.partitions import MONTHS_KEPT, PARTITIONED, PartitionsNeeded, partitions_detach
from sentinel.core.outcomes import Outcome
from tests.factories import make_account, make_client, make_payment

pytestmark = pytest.mark.django_db


def month(offset: int) -> datetime:
    """The beginning of a month counted from this one."""
    months = timezone.now().year * 12 + timezone.now().month - 1 + offset
    return datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC)


def detach_this_month() -> list[str]:
    """As seen when this month is the first that may go."""
    return partitions_detach(before=month(1), now=month(MONTHS_KEPT))


@pytest.fixture
def payment(no_other_months_work):
    return make_payment(make_account(), make_client())


@pytest.fixture
def no_other_months_work():
    """Other tests leave holds and events that nobody has handed out."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE ledger_hold DISABLE TRIGGER USER")
        cursor.execute(
            "DELETE FROM ledger_hold WHERE transaction_id NOT IN (SELECT hold_id FROM ledger_holdresolution)"
        )
        cursor.execute("ALTER TABLE ledger_hold ENABLE TRIGGER USER")
    OutboxPending.objects.all().delete()


def test_a_month_leaves_all_tables_together_and_is_kept(payment):
    OutboxPending.objects.all().delete()

    detached = detach_this_month()

    names = {f"{table}_{month(0):%Y%m}" for table in PARTITIONED}
    assert names <= set(detached)
    assert not Transaction.objects.filter(pk=payment.pk).exists()
    assert not Posting.objects.filter(account_id=payment.account_id).exists()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM ledger_transaction_{month(0):%Y%m} WHERE id = %s", [payment.pk])
        assert cursor.fetchone() == (payment.pk,)
        cursor.execute("SELECT relid::regclass::text FROM pg_partition_tree('ledger_transaction') WHERE isleaf")
        assert f"ledger_transaction_{month(1):%Y%m}" in {name for (name,) in cursor.fetchall()}


@pytest.mark.parametrize("change", ["DELETE FROM {}", "UPDATE {} SET account_id = account_id", "TRUNCATE {}"])
def test_a_detached_month_is_still_insert_only(payment, change):
    OutboxPending.objects.all().delete()
    detach_this_month()

    for table in set(PARTITIONED) - {"ledger_personaldetail"}:
        with pytest.raises(IntegrityError, match="is refused"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change.format(f"{table}_{month(0):%Y%m}"))


def test_months_that_histories_are_read_from_stay():
    with pytest.raises(PartitionsNeeded, match="histories"):
        partitions_detach(before=month(2 - MONTHS_KEPT), now=timezone.now())


def test_a_month_with_an_event_that_was_not_handed_out_stays(payment):
    with pytest.raises(PartitionsNeeded, match="1 events that were not handed out"):
        detach_this_month()


def test_a_month_with_an_open_hold_stays(no_other_months_work):
    make_payment(make_account(), make_client(), outcome=Outcome.REVIEW)
    OutboxPending.objects.all().delete()

    with pytest.raises(PartitionsNeeded, match="1 open holds"):
        detach_this_month()


def test_the_command_says_why_it_refuses_and_what_it_did():
    said = StringIO()

    with pytest.raises(CommandError, match="histories"):
        call_command("detach_partitions", "--before", f"{month(0):%Y-%m}")
    call_command("detach_partitions", "--before", "2020-01", stdout=said)

    assert said.getvalue() == "No month is that old.\n"
