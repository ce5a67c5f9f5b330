"""The whole past held against itself and the record, before anything of it is written.

Rows are read once and forgotten; kept are the money of each account, and of each transaction a short digest of its id
with its moment.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import islice
from typing import TypeVar

from scoring.bank_import.files import (
    AccountRow,
    BankFiles,
    Fault,
    LabelRow,
    Line,
    TransactionRow,
    account_lines,
    label_lines,
    transaction_lines,
)
from scoring.bank_import.known import Imported, KnownAccount, accounts_known, ids_taken, imported_known, opening_of
from scoring.bank_import.payments import ImportedPayment, RowRefused, money_of, payment_of
from sentinel.core.clients import ClientIdentity
from sentinel.core.money import format_amount
from sentinel.core.outcomes import Outcome

ROWS_AT_ONCE = 2_000
FAULTS_KEPT = 1_000

Progress = Callable[[str, int], object]  # what was looked at, and how many rows since the last time
T = TypeVar("T")


@dataclass(slots=True)
class Checked:
    """What an import would do. `counts` by words such as "new accounts"; of the faults the first are kept."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)

    @property
    def faulty(self) -> int:
        return self.counts["faults"]

    def fault(self, found: Fault) -> None:
        self.counts["faults"] += 1
        if len(self.faults) < FAULTS_KEPT:
            self.faults.append(found)


def bank_check(files: BankFiles, client: ClientIdentity, *, now: datetime, on_progress: Progress) -> Checked:
    """Errors: UnusableFile when one of them is no such file."""
    check = _Check(client, now, on_progress)
    for batch in _batches(account_lines(files.accounts)):
        check.accounts_add(batch)
    for transactions in _batches(transaction_lines(files.transactions)):
        check.transactions_add(transactions)
    check.closings_compare()
    for labels in _batches(label_lines(files.labels)):
        check.labels_add(labels)
    return check.checked


class _Check:
    def __init__(self, client: ClientIdentity, now: datetime, on_progress: Progress) -> None:
        self.client, self.now, self.on_progress = client, now, on_progress
        self.checked = Checked()
        self.accounts: dict[str, KnownAccount] = {}
        self.seen: dict[bytes, float] = {}  # moments by digests of ids
        self.latest = datetime.min.replace(tzinfo=UTC)

    def accounts_add(self, batch: Sequence[Line[AccountRow] | Fault]) -> None:
        ids = [each.row.account_id for each in batch if isinstance(each, Line)]
        known, taken = accounts_known(ids), ids_taken(ids)
        for each in batch:
            if isinstance(each, Fault):
                self.checked.fault(each)
                continue
            try:
                self._account_add(each, known.get(each.row.account_id), each.row.account_id in taken)
            except RowRefused as error:
                self.checked.fault(Fault("accounts.csv", each.number, error.column, error.words))
        self.on_progress("accounts", len(batch))

    def _account_add(self, line: Line[AccountRow], known: KnownAccount | None, is_taken: bool) -> None:
        row, money = line.row, money_of(line.row)
        if row.account_id in self.accounts:
            raise RowRefused("account_id", "The account is in the file twice.")
        if row.account_id.startswith("sys_") or (is_taken and known is None):
            raise RowRefused("account_id", "This is the name of one of the bank's own accounts.")
        if known is None:
            self.checked.counts["new accounts"] += 1
            known = KnownAccount(row.currency, self.client.livemode, money.opening_minor, money.floor_minor)
        else:
            self._refuse_another(row, known, money.opening_minor)
            self.checked.counts["known accounts"] += 1
        known.line, known.closing_minor = line.number, money.closing_minor
        self.accounts[row.account_id] = known

    def _refuse_another(self, row: AccountRow, known: KnownAccount, opening_minor: int) -> None:
        if known.livemode != self.client.livemode:
            raise RowRefused("account_id", "There is an account of this name, live where this is test or otherwise.")
        if known.currency != row.currency:
            raise RowRefused("currency", f"The account is kept in {known.currency}.")
        if opening_of(row.account_id) != opening_minor:
            raise RowRefused("opening_balance", "The account is there, with another opening balance.")

    def transactions_add(self, batch: Sequence[Line[TransactionRow] | Fault]) -> None:
        lines = [each for each in batch if isinstance(each, Line)]
        named = {each.row.account_id for each in lines} | {each.row.counterparty_account_id for each in lines}
        self.accounts |= accounts_known([each for each in named if each and each not in self.accounts])
        imported = imported_known(self.client, [each.row.transaction_id for each in lines])
        for each in batch:
            if isinstance(each, Fault):
                self.checked.fault(each)
                continue
            try:
                payment = payment_of(each.row, now=self.now)
                self._in_order(payment)
                self._known_or_new(payment, imported.get(payment.reference))
            except RowRefused as error:
                self.checked.fault(Fault("transactions.csv", each.number, error.column, error.words))
        self.on_progress("transactions", len(batch))

    def _known_or_new(self, payment: ImportedPayment, known: Imported | None) -> None:
        if known is None:
            self._transaction_add(payment)
        elif known.fingerprint != payment.fingerprint:
            raise RowRefused("transaction_id", "This id was imported, and then its row said something else.")
        else:
            self.checked.counts["known transactions"] += 1

    def _in_order(self, payment: ImportedPayment) -> None:
        moment, digest = payment.request.occurred_at, _digest(payment.reference)
        if digest in self.seen:
            raise RowRefused("transaction_id", "The transaction is in the file twice.")
        self.seen[digest] = moment.timestamp()
        if moment < self.latest:
            raise RowRefused("occurred_at", "It is earlier than the row before it. Sort the file by occurred_at.")
        self.latest = moment

    def _transaction_add(self, payment: ImportedPayment) -> None:
        request = payment.request
        account = self._account("account_id", request.account_id, payment)
        receiver = None
        if request.counterparty_account_id is not None:
            receiver = self._account("counterparty_account_id", request.counterparty_account_id, payment)
        if account.is_living:
            words = "Payments of this account were decided here: its past cannot be put before them."
            raise RowRefused("account_id", words)
        if account.latest is not None and request.occurred_at < account.latest:
            raise RowRefused("occurred_at", "It is earlier than what was imported of this account before.")
        if payment.outcome is Outcome.APPROVE:
            _move(payment, account, receiver)
        self.checked.counts["new transactions"] += 1
        self.checked.counts[f"{'approved' if payment.outcome is Outcome.APPROVE else 'declined'} transactions"] += 1

    def _account(self, column: str, account_id: str, payment: ImportedPayment) -> KnownAccount:
        account = self.accounts.get(account_id)
        if account is None or account.livemode != self.client.livemode:
            raise RowRefused(column, "There is no such account, here or in accounts.csv.")
        if account.currency != payment.request.currency:
            raise RowRefused("currency", f"The account {account_id} is kept in {account.currency}.")
        return account

    def closings_compare(self) -> None:
        """What the bank says each account had in the end, beside what its past comes to."""
        for account in self.accounts.values():
            if account.line is None or account.closing_minor is None or account.is_living:
                continue
            if account.closing_minor != account.balance_minor:
                told = format_amount(account.balance_minor, account.currency)
                words = f"Opening balance and transactions come to {told}."
                self.checked.fault(Fault("accounts.csv", account.line, "closing_balance", words))

    def labels_add(self, batch: Sequence[Line[LabelRow] | Fault]) -> None:
        lines = [each for each in batch if isinstance(each, Line)]
        unseen = [each.row.transaction_id for each in lines if _digest(each.row.transaction_id) not in self.seen]
        imported = imported_known(self.client, unseen)
        for each in batch:
            if isinstance(each, Fault):
                self.checked.fault(each)
                continue
            earlier = imported.get(each.row.transaction_id)
            moment = earlier.occurred_at.timestamp() if earlier else self.seen.get(_digest(each.row.transaction_id))
            if (wrong := self._wrong_label(each.row, moment)) is not None:
                self.checked.fault(Fault("labels.csv", each.number, *wrong))
            else:
                self.checked.counts[f"labels of {each.row.label}"] += 1
        self.on_progress("labels", len(batch))

    def _wrong_label(self, row: LabelRow, moment: float | None) -> tuple[str, str] | None:
        if moment is None:
            return "transaction_id", "There is no such transaction, here or in transactions.csv."
        if row.observed_at > self.now:
            return "observed_at", "A label cannot be observed in the future."
        if row.observed_at.timestamp() < moment:
            return "observed_at", "A label cannot be observed before its payment happened."
        return None


def _move(payment: ImportedPayment, account: KnownAccount, receiver: KnownAccount | None) -> None:
    """Errors: RowRefused where the account would fall below its floor."""
    amount = payment.request.amount_minor
    left = account.balance_minor + (-amount if payment.request.transaction_type.takes_money_out else amount)
    if left < account.floor_minor:
        told, floor = (format_amount(each, account.currency) for each in (left, account.floor_minor))
        raise RowRefused("amount", f"It takes the account to {told}, below its floor of {floor}.")
    account.balance_minor = left
    if receiver is not None:
        receiver.balance_minor += amount


def _digest(reference: str) -> bytes:
    return blake2b(reference.encode(), digest_size=12).digest()


def _batches(lines: Iterator[T]) -> Iterator[list[T]]:
    while batch := list(islice(lines, ROWS_AT_ONCE)):
        yield batch
