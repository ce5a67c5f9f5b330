"""A bank's past taken over from files: payments with their outcomes, described as if they had happened here."""

import csv
import gzip
import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import islice
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection
from django.db.models import Sum
from django.utils import timezone

from ledger.models import (
    Account,
    AuditEntry,
    Decision,
    Entry,
    Event,
    ImportedTransaction,
    Label,
    Posting,
    Transaction,
)
from ledger.services import sampling
from scoring.bank_import import recording
from scoring.bank_import import run as import_run
from scoring.bank_import.files import BankFiles
from scoring.bank_import.run import ImportUnderWay, bank_import
from scoring.services import contexts
from sentinel.api.directory import identity_of
from sentinel.core.catalogue import unpack
from tests.offline_features import rows_with_entity_features, rows_with_features

FILE = settings.BASE_DIR / "scoring" / "data" / "own_ci_400cards_75d_transactions.csv.gz"
ROWS = 800
ACCOUNT_COLUMNS = (
    "account_id currency home_country opened_at name opening_balance closing_balance floor status".split()
)
COLUMNS = (
    "transaction_id account_id amount currency transaction_type occurred_at outcome channel merchant_id card_token"
    " device_id ip_address location_country latitude longitude counterparty_account_id"
).split()
LABEL_COLUMNS = "transaction_id label source observed_at".split()
OPENED_AT = "2024-01-01T00:00:00Z"


class Past:
    """Files of a bank whose accounts are this test's own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.prefix = folder, f"bank{uuid4().hex[:6]}_"
        self.accounts: list[dict[str, str]] = []
        self.transactions: list[dict[str, str]] = []
        self.labels: list[dict[str, str]] = []

    def account(self, name: str, opening: str = "1000.00", **columns: str) -> str:
        account_id = f"{self.prefix}{name}"
        told = {"currency": "USD", "home_country": "US", "opened_at": OPENED_AT, "opening_balance": opening}
        self.accounts.append({"account_id": account_id, **told, **columns})
        return account_id

    def pay(self, account_id: str, amount: str, at: str, **columns: str) -> str:
        name = columns.pop("transaction_id", f"{self.prefix}t{len(self.transactions)}")
        told = {"currency": "USD", "transaction_type": "purchase", "merchant_id": "m_1", "occurred_at": at}
        self.transactions.append(
            {"transaction_id": name, "account_id": account_id, "amount": amount, **told, **columns}
        )
        return name

    def label(self, transaction_id: str, label: str, at: str) -> None:
        self.labels.append(
            {"transaction_id": transaction_id, "label": label, "source": "chargeback", "observed_at": at}
        )

    def write(self) -> Path:
        for name, columns, rows in (
            ("accounts", ACCOUNT_COLUMNS, self.accounts),
            ("transactions", COLUMNS, self.transactions),
            ("labels", LABEL_COLUMNS, self.labels),
        ):
            with (self.folder / f"{name}.csv").open("w", newline="") as file:
                writer = csv.DictWriter(file, columns)
                writer.writeheader()
                writer.writerows(rows)
        return self.folder


@pytest.fixture
def past(tmp_path) -> Past:
    return Past(tmp_path)


def imported(past: Past, gateway, *words: str) -> str:
    out = StringIO()
    call_command("import_bank", str(past.write()), "--client", gateway.client.name, *words, stdout=out, verbosity=0)
    return out.getvalue().strip()


def refused(past: Past, gateway, *words: str) -> list[str]:
    """What is wrong; nothing was written."""
    said = StringIO()
    with pytest.raises(CommandError, match="Nothing was imported"):
        call_command(
            "import_bank", str(past.write()), "--client", gateway.client.name, *words, stderr=said, verbosity=0
        )
    assert nothing_of(past)
    return [line.replace(past.prefix, "") for line in said.getvalue().splitlines()]


def nothing_of(past: Past) -> bool:
    rows = (
        Account.objects.filter(pk__startswith=past.prefix),
        ImportedTransaction.objects.filter(reference__startswith=past.prefix),
    )
    return not any(each.exists() for each in rows)


def posted(account_id: str) -> int:
    return Account.objects.get(pk=account_id).balance.posted_minor


@pytest.fixture
def slice_of_own_data(past) -> Past:
    """The first rows of the bundled file with devices and places made up; some are fraud, known three days later."""
    chance = random.Random(5)
    with gzip.open(FILE, "rt") as lines:
        rows = list(islice(csv.DictReader(lines), ROWS))
    sums: Counter[str] = Counter()
    for row in rows:
        account_id, minor = f"{past.prefix}{row['customer_id']}", round(float(row["amount"]) * 100)
        located = chance.random() < 0.5
        name = past.pay(
            account_id,
            row["amount"],
            row["tx_datetime"],
            merchant_id=f"{past.prefix}{row['terminal_id']}",
            outcome="declined" if chance.random() < 0.03 else "approved",
            card_token=f"{account_id}-card",
            device_id=f"{past.prefix}{chance.randrange(100)}" if chance.random() < 0.6 else "",
            ip_address=f"198.51.100.{chance.randrange(200)}" if chance.random() < 0.7 else "",
            latitude=f"{chance.uniform(-80, 80):.6f}" if located else "",
            longitude=f"{chance.uniform(-179, 179):.6f}" if located else "",
        )
        if past.transactions[-1]["outcome"] == "approved":
            sums[account_id] += minor
        if chance.random() < 0.05:
            at = datetime.fromisoformat(row["tx_datetime"]) + timedelta(hours=12)
            past.label(name, "fraud", at.isoformat())
    for customer in sorted({row["customer_id"] for row in rows}):
        spent = sums[f"{past.prefix}{customer}"]
        past.account(customer, "5000.00", closing_balance=f"{(500_000 - spent) / 100:.2f}")
    return past


def test_balances_features_and_labels_are_those_of_the_past(slice_of_own_data, gateway):
    past = slice_of_own_data

    said = imported(past, gateway)

    accounts, labels = len(past.accounts), len(past.labels)
    assert said == f"Imported: {accounts:,} accounts, {ROWS:,} transactions, {labels:,} labels."
    for row in past.accounts:
        assert posted(row["account_id"]) == round(float(row["closing_balance"]) * 100)
    mine = {"account__id__startswith": past.prefix}
    assert Entry.objects.filter(kind="opening", **mine).count() == accounts
    sums = Posting.objects.filter(**mine).aggregate(debits=Sum("debit_minor"), credits=Sum("credit_minor"))
    assert sums["debits"] == sums["credits"]
    assert Counter(Decision.objects.filter(**mine).values_list("outcome", flat=True)) == Counter(
        {"approved": "approve", "declined": "decline"}[row["outcome"]] for row in past.transactions
    )
    assert compared(rows_with_features(past.prefix)) == ROWS
    assert compared(rows_with_entity_features(past.prefix)) == ROWS
    assert set(Label.objects.filter(**mine).values_list("own_clock", "source")) == {(True, "chargeback")}


def compared(described) -> int:
    """How many snapshots hold what the record gives by the definitions, spelt out a second time."""
    count = 0
    for row, expected in described:
        found = unpack(bytes(row.snapshot))
        for name, value in expected.items():
            if name in found:
                wanted = None if value is None else pytest.approx(value, rel=1e-6, abs=1e-6)
                assert found[name] == wanted, (row.id, name)
        count += 1
    return count


def test_the_next_payment_sees_the_past(past, gateway):
    alice = past.account("alice", "500.00")
    yesterday = timezone.now() - timedelta(days=1)
    for hour in range(3):
        past.pay(alice, "10.00", (yesterday + timedelta(hours=8 + hour)).isoformat(), device_id="dev_old")
    imported(past, gateway)

    answer = gateway.pay(alice, "20.00", currency="USD", device={"id": "dev_new"})

    assert answer.json()["balance"]["posted"] == "450.00"
    decision = Decision.objects.filter(account_id=alice).latest("transaction_id")
    seen = unpack(bytes(decision.snapshot))
    assert (seen["payments_24h"], seen["amount_24h"]) == (3, 3000)
    assert decision.transaction.seq == 4


def test_it_is_plain_that_nobody_decided_it_here_and_nobody_is_told(past, gateway):
    alice = past.account("alice")
    past.pay(alice, "10.00", "2024-03-01T10:00:00Z")
    imported(past, gateway)

    found = Transaction.objects.get(account_id=alice)
    receipt = gateway.get(f"transactions/{found.public_id}").json()
    assert [reason["code"] for reason in receipt["reasons"]] == ["imported"]
    assert receipt["versions"] == {"ruleset": 0, "policy": 0, "model": None, "features": 3}
    assert receipt["occurred_at"] == "2024-03-01T10:00:00.000000Z"
    assert found.imported.reference == receipt["reference"]
    assert not Event.objects.filter(transaction_id=found.pk).exists()
    assert gateway.get(f"transactions?reference={receipt['reference']}").json()["results"][0]["id"] == receipt["id"]


def test_money_of_the_past_can_be_given_back(past, gateway):
    alice = past.account("alice", "100.00")
    past.pay(alice, "40.00", "2024-03-01T10:00:00Z")
    imported(past, gateway)
    found = Transaction.objects.get(account_id=alice)

    answer = gateway.post(f"transactions/{found.public_id}/reversals", {"amount": "15.00"})

    assert answer.status_code == 201
    assert posted(alice) == 7500
    assert list(Event.objects.filter(transaction_id=found.pk).values_list("sequence", flat=True)) == [1]


def test_transfers_top_ups_and_declined_ones(past, gateway):
    alice, bob = past.account("alice", "100.00"), past.account("bob", "0")
    past.pay(
        alice,
        "30.00",
        "2024-03-01T10:00:00Z",
        transaction_type="transfer",
        merchant_id="",
        counterparty_account_id=bob,
    )
    past.pay(bob, "5.00", "2024-03-01T11:00:00Z", transaction_type="top_up", merchant_id="")
    past.pay(alice, "900.00", "2024-03-01T12:00:00Z", outcome="declined")
    imported(past, gateway)

    assert (posted(alice), posted(bob)) == (7000, 3500)


def test_what_was_stopped_goes_on_and_what_is_there_is_not_imported_twice(past, gateway, monkeypatch):
    alice = past.account("alice")
    for number in range(10):
        past.pay(alice, "1.00", f"2024-03-{number + 1:02}T10:00:00Z")
    past.label(past.transactions[0]["transaction_id"], "fraud", "2024-03-05T10:00:00Z")
    monkeypatch.setattr(import_run, "GROUP_PAYMENTS", 3)
    record = recording.payments_record
    groups = iter(range(2))

    async def stopped(payments, client, *, now):
        if next(groups, None) is None:
            raise KeyboardInterrupt
        await record(payments, client, now=now)

    monkeypatch.setattr(import_run, "payments_record", stopped)
    with pytest.raises(SystemExit) as stop:
        imported(past, gateway)
    assert stop.value.code == 130
    assert ImportedTransaction.objects.filter(account_id=alice).count() == 4  # a label cuts the second group short

    monkeypatch.setattr(import_run, "payments_record", record)
    assert imported(past, gateway) == "Imported: 6 transactions."
    assert imported(past, gateway) == "Imported: nothing new."
    assert (posted(alice), Transaction.objects.filter(account_id=alice).count()) == (99_000, 10)
    assert Label.objects.filter(account_id=alice).count() == 1


def test_without_redis_nothing_is_described_by_half(past, gateway, monkeypatch):
    alice = past.account("alice")
    past.pay(alice, "10.00", "2024-03-01T10:00:00Z")
    monkeypatch.setattr(recording, "REDIS_WAITS_SECONDS", (0, 0))
    gather, calls = contexts.gather, []

    async def degraded(ids, named):
        calls.append(ids)
        found = await gather(ids, named)
        return replace(found, degraded=("redis_unavailable",))

    monkeypatch.setattr(recording, "gather", degraded)
    with pytest.raises(CommandError, match="Redis is away"):
        imported(past, gateway)

    assert len(calls) == 2
    assert not ImportedTransaction.objects.filter(account_id=alice).exists()
    monkeypatch.setattr(recording, "gather", gather)
    assert imported(past, gateway) == "Imported: 1 transactions."


def test_a_dry_run_says_what_there_would_be_and_writes_nothing(past, gateway):
    alice = past.account("alice", closing_balance="990.00")
    past.label(past.pay(alice, "10.00", "2024-03-01T10:00:00Z"), "legitimate", "2024-03-02T10:00:00Z")

    said = imported(past, gateway, "--dry-run")

    assert said == (
        "Would import: 1 new accounts, 1 new transactions, 1 approved transactions, 1 labels of legitimate."
    )
    assert nothing_of(past)
    assert not AuditEntry.objects.filter(subject=f"client {gateway.client.name}").exists()


def test_every_fault_is_named_by_its_row_and_nothing_is_written(past, gateway):
    alice, bob = past.account("alice", "50.00"), past.account("bob", closing_balance="1.00")
    past.account("alice")
    past.account("eve", home_country="Atlantis")
    past.pay(alice, "60.00", "2024-03-01T10:00:00Z")
    past.pay(alice, "1.00", "2024-02-01T10:00:00Z")
    past.pay(bob, "1.00", "2024-03-01T10:00:00Z", currency="EUR")
    past.pay(f"{past.prefix}nobody", "1.00", "2024-03-01T10:00:00Z")
    past.pay(bob, "1.005", "2024-03-01T10:00:00Z")
    past.pay(bob, "1.00", "2224-03-01T10:00:00Z")
    past.pay(bob, "1.00", "2024-03-01T10:00:00Z", merchant_id="")
    past.pay(bob, "1.00", "2024-03-02T10:00:00Z", device_id="4111 1111 1111 1111")
    past.pay(bob, "1.00", "2024-03-02T10:00:00Z", transaction_id=f"{past.prefix}t0")
    past.label(f"{past.prefix}t99", "fraud", "2024-03-05T10:00:00Z")
    past.label(f"{past.prefix}t0", "maybe", "2024-03-05T10:00:00Z")
    past.label(f"{past.prefix}t0", "fraud", "2024-02-05T10:00:00Z")

    assert refused(past, gateway) == refused(past, gateway, "--dry-run")
    assert refused(past, gateway) == [
        "accounts.csv, line 4, account_id: The account is in the file twice.",
        "accounts.csv, line 5, home_country: Use an ISO 3166-1 code of two capital letters, such as IN.",
        "transactions.csv, line 2, amount: It takes the account to -10.00, below its floor of 0.00.",
        "transactions.csv, line 3, occurred_at: It is earlier than the row before it. Sort the file by occurred_at.",
        "transactions.csv, line 4, currency: The account bob is kept in USD.",
        "transactions.csv, line 5, account_id: There is no such account, here or in accounts.csv.",
        "transactions.csv, line 6, amount: USD has 2 decimals; got 3.",
        "transactions.csv, line 7, occurred_at: The year must be from 1900 to 2200.",
        "transactions.csv, line 8, merchant_id: A purchase names its merchant.",
        "transactions.csv, line 9, device_id: This looks like a full card number. Leave it out.",
        "transactions.csv, line 10, transaction_id: The transaction is in the file twice.",
        "accounts.csv, line 3, closing_balance: Opening balance and transactions come to 1000.00.",
        "labels.csv, line 2, transaction_id: There is no such transaction, here or in transactions.csv.",
        "labels.csv, line 3, label: Input should be 'fraud' or 'legitimate'.",
        "labels.csv, line 4, observed_at: A label cannot be observed before its payment happened.",
    ]


def test_an_id_never_stands_for_another_row(past, gateway):
    alice = past.account("alice")
    past.pay(alice, "10.00", "2024-03-01T10:00:00Z")
    imported(past, gateway)
    past.transactions[0]["amount"] = "11.00"

    said = StringIO()
    with pytest.raises(CommandError, match="1 rows have a fault"):
        call_command("import_bank", str(past.write()), "--client", gateway.client.name, stderr=said, verbosity=0)

    assert "this id was imported" in said.getvalue().lower()
    assert posted(alice) == 99_000


def test_the_past_of_an_account_that_pays_here_cannot_be_put_before_it(past, gateway):
    alice = past.account("alice")
    past.pay(alice, "10.00", "2024-03-01T10:00:00Z")
    imported(past, gateway)
    assert gateway.pay(alice, "5.00", currency="USD").status_code == 201
    assert imported(past, gateway) == "Imported: nothing new."
    past.pay(alice, "10.00", "2024-03-02T10:00:00Z")

    said = StringIO()
    with pytest.raises(CommandError):
        call_command("import_bank", str(past.write()), "--client", gateway.client.name, stderr=said, verbosity=0)

    assert "decided here" in said.getvalue()
    assert posted(alice) == 98_500


def test_an_account_that_pays_while_it_is_imported_keeps_its_order(past, gateway, monkeypatch):
    alice = past.account("alice")
    for number in range(4):
        past.pay(alice, "1.00", f"2024-03-{number + 1:02}T10:00:00Z")
    monkeypatch.setattr(import_run, "GROUP_PAYMENTS", 2)
    record, paid = recording.payments_record, []

    async def meanwhile(payments, client, *, now):
        await record(payments, client, now=now)
        paid.append(gateway.pay(alice, "5.00", currency="USD").status_code)

    monkeypatch.setattr(import_run, "payments_record", meanwhile)
    with pytest.raises(CommandError, match="decided here meanwhile"):
        imported(past, gateway)

    assert paid == [201]
    assert ImportedTransaction.objects.filter(account_id=alice).count() == 2
    assert posted(alice) == 99_300


def test_a_later_file_goes_on_with_accounts_that_are_there(past, gateway):
    alice = past.account("alice")
    past.pay(alice, "10.00", "2024-03-01T10:00:00Z")
    imported(past, gateway)
    past.accounts, past.transactions = [], []
    past.pay(alice, "20.00", "2024-03-02T10:00:00Z", transaction_id=f"{past.prefix}later")

    assert imported(past, gateway) == "Imported: 1 transactions."
    assert posted(alice) == 97_000


def test_a_closed_account_has_its_past_and_is_closed_at_the_end(past, gateway):
    alice = past.account("alice", status="closed")
    past.pay(alice, "10.00", "2024-03-01T10:00:00Z")

    imported(past, gateway)

    assert (Account.objects.get(pk=alice).status, posted(alice)) == ("closed", 99_000)
    assert gateway.pay(alice, "1.00", currency="USD").json()["outcome"] == "decline"


def test_who_imported_what_is_in_the_audit(past, gateway):
    past.pay(past.account("alice"), "10.00", "2024-03-01T10:00:00Z")

    imported(past, gateway, "--actor", "olga")

    entries = AuditEntry.objects.filter(subject=f"client {gateway.client.name}").order_by("id")
    begun, ended = entries
    assert [(each.actor, each.action) for each in entries] == [
        ("olga", "bank_import.begun"),
        ("olga", "bank_import.ended"),
    ]
    assert set(begun.details["files"]) == {"accounts.csv", "transactions.csv", "labels.csv"}
    assert ended.details == {"accounts": 1, "transactions": 1}


def test_two_imports_do_not_run_at_once(past, gateway):
    past.account("alice")
    files = BankFiles.found([past.write()])
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute(import_run._LOCK)
        with pytest.raises(ImportUnderWay):
            bank_import(files=files, client=identity_of(gateway.client), actor="tests", on_progress=lambda *_: None)
    finally:
        other.close()

    assert nothing_of(past)


def test_the_database_keeps_that_a_payment_is_imported_once_and_stays(past, gateway):
    alice = past.account("alice")
    past.pay(alice, "10.00", "2024-03-01T10:00:00Z")
    imported(past, gateway)
    found = ImportedTransaction.objects.get(account_id=alice)

    with pytest.raises(IntegrityError, match="never changed"):
        ImportedTransaction.objects.filter(pk=found.pk).update(reference="another")
    with pytest.raises(IntegrityError, match="no transaction"):
        ImportedTransaction.objects.create(
            transaction_id=uuid4(),
            account_id=alice,
            client_id=found.client_id,
            reference="x",
            fingerprint=b"",
            recorded_at=timezone.now(),
        )


def test_nobody_reviews_a_sample_of_the_past(past, gateway):
    alice, begun = past.account("alice"), timezone.now()
    past.pay(alice, "10.00", "2024-03-01T10:00:00Z")
    imported(past, gateway)
    gateway.pay(alice, "5.00", currency="USD")

    chosen = sampling._choose(begun, timezone.now() + timedelta(seconds=1), 1000)

    mine = [transaction_id for transaction_id, account_id in chosen if account_id == alice]
    assert mine == [Transaction.objects.get(account_id=alice, seq=2).pk]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("transactions.csv", b"transaction_id,amount\n1,2\n", "The columns account_id, currency"),
        ("accounts.csv", b"account_id,currency,home_country,opened_at,colour\n", "Column 5 has a name"),
        ("accounts.csv", b"\x89PNG\r\n\x1a\n\0\0", "not UTF-8 text"),
        ("labels.csv", b"", "The file is empty"),
        ("other.csv", b"a,b\n", "There is no accounts.csv"),
    ],
)
def test_what_is_no_such_file_is_refused(tmp_path, gateway, name, content, words):
    (tmp_path / name).write_bytes(content)

    with pytest.raises(CommandError, match=words):
        call_command("import_bank", str(tmp_path), "--client", gateway.client.name, verbosity=0)


def test_a_client_that_is_not_there_is_refused(tmp_path, committed):
    with pytest.raises(CommandError, match="no gateway client named 'nobody'"):
        call_command("import_bank", str(tmp_path), "--client", "nobody", verbosity=0)


def test_packed_files_and_those_named_one_by_one_are_read(past, gateway):
    alice = past.account("alice")
    past.pay(alice, "10.00", datetime(2024, 3, 1, tzinfo=UTC).isoformat())
    folder = past.write()
    packed = folder / "packed"
    packed.mkdir()
    for name in ("accounts", "transactions"):
        (packed / f"{name}.csv.gz").write_bytes(gzip.compress((folder / f"{name}.csv").read_bytes()))

    call_command(
        "import_bank",
        *(str(packed / f"{name}.csv.gz") for name in ("accounts", "transactions")),
        "--client",
        gateway.client.name,
        stdout=StringIO(),
        verbosity=0,
    )

    assert posted(alice) == 99_000
