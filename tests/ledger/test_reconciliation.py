"""The daily file for the core ledger: exact figures, the same bytes each time, and every difference by name."""

import hashlib
import os
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from ledger.domain.reconciliation import AccountDay, differences, file_days, file_lines
from ledger.models import AuditEntry
from ledger.services.accounts import AccountTerms, account_open
from ledger.services.holds import Resolution, hold_resolve
from ledger.services.reconciliation import reconciliation_write, reconciliations_write_due
from ledger.tasks import reconciliation_write as reconciliation_task
from sentinel.core.csv_files import UnusableFile
from sentinel.core.outcomes import Outcome
from tests.factories import make_client, make_payment

HEADER = "record,account_id,currency,opening,debits,credits,closing,held,entries"


def day(account_id: str, closing: int = 900, currency: str = "INR", **changes: int) -> AccountDay:
    told = {"opening_minor": 1000, "debits_minor": 100, "credits_minor": 0, "held_minor": 0, "entries": 1} | changes
    return AccountDay(account_id, currency, closing_minor=closing, **told)


# -- pure


def test_a_file_has_accounts_totals_and_a_hash_of_all_before_it():
    *lines, end = file_lines([day("a"), day("b", currency="JPY"), day("c")])

    assert "".join(lines).splitlines() == [
        HEADER,
        "account,a,INR,10.00,1.00,0.00,9.00,0.00,1",
        "account,b,JPY,1000,100,0,900,0,1",
        "account,c,INR,10.00,1.00,0.00,9.00,0.00,1",
        "total,2,INR,20.00,2.00,0.00,18.00,0.00,2",
        "total,1,JPY,1000,100,0,900,0,1",
    ]
    assert end == f"end,sha256:{hashlib.sha256(''.join(lines).encode()).hexdigest()},,,,,,,\n"


def test_a_file_is_read_as_it_was_written():
    days = [day("a"), day("b", currency="JPY")]

    assert list(file_days(["".join(file_lines(days)).encode()])) == days


def test_what_is_missing_extra_or_unequal_is_named():
    ours = [day("a"), day("b"), day("d", held_minor=50)]
    theirs = [day("a"), day("c"), day("d", closing=800)]

    assert [each.words for each in differences(ours, theirs)] == [
        "b: missing there; here its closing balance is 9.00 INR.",
        "c: there only; its closing balance is 9.00 INR.",
        "d: closing is 9.00 here and 8.00 there.",
        "d: held is 0.50 here and 0.00 there.",
    ]
    assert list(differences(ours, ours)) == []


def test_an_account_without_anything_may_be_left_out():
    nothing = AccountDay("z", "INR", 0, 0, 0, 0, 0, 0)

    assert list(differences([], [nothing])) == []


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["a,b"], "The columns are other ones"),
        ([HEADER, "account,a,INR,1,1,1,1"], "Line 2 has 7 columns"),
        ([HEADER, "account,a,INR,x,0,0,0,0,1"], "Line 2: Write the amount"),
        ([HEADER, "account,a,INR,1,0,0,1,0,-1"], "Line 2, entries"),
        ([HEADER, "account,a,XXX,1,0,0,1,0,1"], "Line 2: 'XXX' is not"),
        ([HEADER, "account,b,INR,1,0,0,1,0,1", "account,a,INR,1,0,0,1,0,1"], "Line 3 does not come after 'b'"),
        ([HEADER, "account,a,INR,1,0,0,1,0,1", "account,a,INR,1,0,0,1,0,1"], "Line 3 does not come after 'a'"),
        ([HEADER, "account,a,INR,1,0,0,1,0,1", "total,2,INR,1,0,0,1,0,1"], "the total of INR is not"),
        ([HEADER, "account,a,INR,1,0,0,1,0,1", "end,sha256:00,,,,,,,"], "the hash is another one"),
        ([HEADER, "sum,a,INR,1,0,0,1,0,1"], "a record is account, total or end"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_refused_with_its_line(lines, words):
    with pytest.raises(UnusableFile, match=words):
        list(file_days(["\n".join(lines).encode()]))


# -- from the record


@pytest.fixture
def yesterday(db) -> datetime:
    """Noon, UTC."""
    return (timezone.now() - timedelta(days=1)).replace(hour=12, minute=0, second=0, microsecond=0)


def opened(account_id: str, opening_minor: int, at: datetime, currency: str = "INR"):
    terms = AccountTerms(currency, "IN", opening_balance_minor=opening_minor, opened_at=at)
    return account_open(account_id=account_id, terms=terms, livemode=True, actor="tests", now=at)


@pytest.fixture
def bank(yesterday):
    """Alice had money before the day, Bob came in it; one payment is held, and one came after the day."""
    alice = opened("rec_alice", 100_000, yesterday - timedelta(days=1))
    bob = opened("rec_bob", 5_000, yesterday)
    opened("rec_nobody", 0, yesterday)
    client = make_client()
    make_payment(alice, client, amount_minor=2_500, now=yesterday)
    make_payment(alice, client, amount_minor=700, now=yesterday, outcome=Outcome.DECLINE)
    held = make_payment(alice, client, amount_minor=10_000, now=yesterday, outcome=Outcome.REVIEW)
    make_payment(bob, client, amount_minor=1_000, now=yesterday + timedelta(days=1))
    hold_resolve(
        transaction_id=held.pk,
        resolution=Resolution.APPROVED,
        actor="ana",
        note="",
        now=yesterday + timedelta(days=1),
    )
    return client


def written(path, day) -> list[str]:
    reconciliation_write(day=day, path=path, actor="tests", now=timezone.now())
    return [line for line in path.read_text().splitlines() if ",rec_" in line]


def test_each_account_has_its_day(bank, yesterday, tmp_path):
    path = tmp_path / "day.csv"

    assert written(path, yesterday.date()) == [
        "account,rec_alice,INR,1000.00,25.00,0.00,975.00,100.00,1",
        "account,rec_bob,INR,0.00,0.00,50.00,50.00,0.00,1",
    ]
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["day.csv"]
    [entry] = AuditEntry.objects.filter(action="reconciliation.written")
    assert (entry.actor, entry.details["day"]) == ("tests", str(yesterday.date()))


def test_the_day_before_and_the_same_day_again(bank, yesterday, tmp_path):
    before = written(tmp_path / "before.csv", yesterday.date() - timedelta(days=1))
    written(tmp_path / "one.csv", yesterday.date())
    opened("rec_later", 100, timezone.now())
    written(tmp_path / "two.csv", yesterday.date())

    assert before == ["account,rec_alice,INR,0.00,0.00,1000.00,1000.00,0.00,1"]
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()


def test_a_day_that_is_not_over_is_refused_and_no_file_is_left(db, tmp_path):
    with pytest.raises(CommandError, match="is not over") as refused:
        call_command("reconcile", day=timezone.now().date(), out=tmp_path / "day.csv")

    assert refused.value.returncode == 2
    assert os.listdir(tmp_path) == []
    assert not AuditEntry.objects.filter(action="reconciliation.written").exists()


def test_the_cores_file_is_held_against_the_record(bank, yesterday, tmp_path):
    path, out = tmp_path / "core.csv", StringIO()
    written(path, yesterday.date())
    call_command("reconcile", day=yesterday.date(), against=path, stdout=out)
    assert out.getvalue() == f"No difference on {yesterday.date()}.\n"

    lines = [line for line in path.read_text().splitlines() if line.startswith(("record,", "account,"))]
    lines = [line.replace("975.00", "974.00") for line in lines if "rec_bob" not in line]
    path.write_text("\n".join(lines))
    out = StringIO()
    with pytest.raises(CommandError, match="2 differences") as found:
        call_command("reconcile", day=yesterday.date(), against=path, stdout=out)
    assert found.value.returncode == 1
    assert out.getvalue().splitlines() == [
        "rec_alice: closing is 975.00 here and 974.00 there.",
        "rec_bob: missing there; here its closing balance is 50.00 INR.",
    ]


def test_a_file_that_cannot_be_used_is_told_apart_from_one_that_differs(db, yesterday, tmp_path):
    (tmp_path / "core.csv").write_bytes(b"\x89PNG\0")
    for path in (tmp_path / "core.csv", tmp_path / "none.csv"):
        with pytest.raises(CommandError) as refused:
            call_command("reconcile", day=yesterday.date(), against=path)
        assert refused.value.returncode == 2
    with pytest.raises(CommandError, match="Say what to do"):
        call_command("reconcile", day=yesterday.date())


def test_the_worker_writes_what_is_due_once(bank, yesterday, tmp_path, settings):
    assert reconciliation_task() == 0  # no folder is set
    settings.RECONCILIATION_DIR = str(tmp_path)

    assert reconciliation_task() == 7
    assert reconciliation_task() == 0
    name = f"reconciliation-{yesterday.date()}.csv"
    assert "account,rec_alice,INR,1000.00" in (tmp_path / name).read_text()
    (tmp_path / name).unlink()
    assert reconciliations_write_due(folder=tmp_path, now=timezone.now()) == 1


def test_days_are_those_of_utc(yesterday, tmp_path):
    midnight = datetime.combine(yesterday.date(), datetime.min.time(), tzinfo=UTC)
    opened("rec_early", 100, midnight)
    opened("rec_late", 100, midnight + timedelta(days=1))

    found = written(tmp_path / "day.csv", yesterday.date())

    assert found == ["account,rec_early,INR,0.00,0.00,1.00,1.00,0.00,1"]
