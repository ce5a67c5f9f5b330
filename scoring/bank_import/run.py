"""The import of a bank's past: checked whole, then written group by group in the order of time.

It may be stopped at any moment and started again with the same files: what was written is known by the bank's own
ids. Labels are written when their moment has come, so what follows is described with what was known of fraud.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TypeVar

from django.db import connection, transaction
from django.utils import timezone
from redis import RedisError

from ledger.domain.payments import AccountStatus
from ledger.models import Account, Label
from ledger.services.accounts import AccountTerms, account_open, account_set_status
from ledger.services.audit import audit_record
from scoring.bank_import.checking import ROWS_AT_ONCE, Checked, Progress, bank_check
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
from scoring.bank_import.known import ids_taken, imported_known
from scoring.bank_import.payments import ImportedPayment, RowRefused, money_of, payment_of
from scoring.bank_import.recording import payments_record
from scoring.services.entity_rebuild import entities_ensure, entity_label_tell
from sentinel.core.clients import ClientIdentity
from sentinel.core.errors import Conflict
from sentinel.core.ids import uuid7
from sentinel.ops.connections import close_connections

GROUP_PAYMENTS = 128
_ACCOUNTS_AT_ONCE = 200
_LOCK = "SELECT pg_try_advisory_lock(hashtextextended('import_bank', 0))"
_UNLOCK = "SELECT pg_advisory_unlock(hashtextextended('import_bank', 0))"

Row = TypeVar("Row", AccountRow, TransactionRow, LabelRow)


class ImportUnderWay(Conflict):
    """Another import is writing: two would not know of each other's accounts."""

    code = "import_under_way"
    title = "Another import is under way"


class FilesChanged(Conflict):
    """A file reads otherwise than when it was checked. What was written stays; it is right."""

    code = "files_changed"
    title = "A file was changed while it was imported"


def bank_import(
    *, files: BankFiles, client: ClientIdentity, actor: str, on_progress: Progress
) -> tuple[Checked, Counter[str]]:
    """What was found, and what was written: nothing when any row has a fault.

    Errors: UnusableFile, ImportUnderWay, FilesChanged; Unavailable and AccountBusy: start it again.
    """
    with _alone():
        checked = bank_check(files, client, now=timezone.now(), on_progress=on_progress)
        if checked.faulty:
            return checked, Counter()
        with suppress(RedisError):  # before the first payment, so that all are described in full
            entities_ensure(now=timezone.now())
        work = _Import(files, client, actor, on_progress)
        hashes = {path.name: _sha256(path) for path in files.each()}
        _audit(work, "begun", {"files": hashes, **checked.counts})
        try:
            work.run()
        finally:  # of one that was stopped too
            _audit(work, "ended", dict(work.written))
        return checked, work.written


@dataclass(slots=True)
class _Import:
    files: BankFiles
    client: ClientIdentity
    actor: str
    on_progress: Progress
    written: Counter[str] = field(default_factory=Counter)
    labels: list[LabelRow] = field(default_factory=list)  # those to come, the next one last

    def run(self) -> None:
        self._accounts_open()
        self.labels = sorted(_rows(label_lines(self.files.labels)), key=lambda each: each.observed_at, reverse=True)
        with asyncio.Runner() as runner:
            try:
                for group in self._groups():
                    runner.run(payments_record(group, self.client, now=timezone.now()))
                    self._count("transactions", len(group))
            finally:
                runner.run(close_connections())
        self._labels_add(timezone.now())
        self._statuses_set()

    def _accounts_open(self) -> None:
        rows = _rows(account_lines(self.files.accounts))
        while batch := list(islice(rows, _ACCOUNTS_AT_ONCE)):
            there = ids_taken([row.account_id for row in batch])
            new = [row for row in batch if row.account_id not in there]
            with transaction.atomic():
                for row in new:
                    self._account_open(row)
            self._count("accounts", len(new))

    def _account_open(self, row: AccountRow) -> None:
        money = money_of(row)
        terms = AccountTerms(
            currency=row.currency,
            home_country=row.home_country,
            home_zone=row.home_zone,
            name=row.name,
            risk=row.risk,
            floor_minor=money.floor_minor or None,
            daily_limit_minor=money.daily_limit_minor,
            opened_at=row.opened_at,
            opening_balance_minor=money.opening_minor,
        )
        account_open(
            account_id=row.account_id,
            terms=terms,
            livemode=self.client.livemode,
            actor=self.actor,
            granted_to=() if self.client.all_accounts else (self.client.client_id,),
            now=timezone.now(),
        )

    def _groups(self) -> Iterator[list[ImportedPayment]]:
        """What was not imported yet, in the order of the file. A group ends where a label becomes known, so that the
        next one sees it.
        """
        lines = transaction_lines(self.files.transactions)
        while batch := list(islice(lines, ROWS_AT_ONCE)):
            payments = [_payment(line) for line in batch]
            known = imported_known(self.client, [payment.reference for payment in payments])
            group: list[ImportedPayment] = []
            for payment in (each for each in payments if each.reference not in known):
                if group and (len(group) == GROUP_PAYMENTS or self._is_label_due(payment)):
                    yield group
                    group = []
                if not group:
                    self._labels_add(payment.request.occurred_at)
                group.append(payment)
            if group:
                yield group

    def _is_label_due(self, payment: ImportedPayment) -> bool:
        return bool(self.labels) and self.labels[-1].observed_at <= payment.request.occurred_at

    def _labels_add(self, until: datetime) -> None:
        """Those observed by a moment, of payments that are recorded."""
        due = []
        while self.labels and self.labels[-1].observed_at <= until:
            due.append(self.labels.pop())
        for start in range(0, len(due), ROWS_AT_ONCE):
            self._labels_write(due[start : start + ROWS_AT_ONCE])

    def _labels_write(self, rows: Sequence[LabelRow]) -> None:
        known = imported_known(self.client, [row.transaction_id for row in rows])
        labels = [
            Label(
                id=uuid7(),
                transaction_id=known[row.transaction_id].transaction_id,
                account_id=known[row.transaction_id].account_id,
                is_fraud=row.label == "fraud",
                source=row.source,
                actor=self.actor,
                note=row.note,
                observed_at=row.observed_at,
                recorded_at=timezone.now(),
                own_clock=True,
            )
            for row in rows
            if row.transaction_id in known
        ]
        # Of a payment of that very moment, which comes next.
        self.labels += [row for row in reversed(rows) if row.transaction_id not in known]
        Label.objects.bulk_create(labels, ignore_conflicts=True)
        written = set(Label.objects.filter(pk__in=[label.pk for label in labels]).values_list("pk", flat=True))
        with suppress(RedisError):  # the worker makes it good
            for label in labels:
                if label.is_fraud and label.pk in written:
                    entity_label_tell(label.pk)
        self._count("labels", len(written))

    def _statuses_set(self) -> None:
        """At the end: an account that is closed today had a past. Of accounts that nobody has changed since."""
        for row in _rows(account_lines(self.files.accounts)):
            if row.status != "active" and Account.objects.filter(pk=row.account_id, version=1).exists():
                account_set_status(
                    account_id=row.account_id,
                    status=AccountStatus(row.status),
                    actor=self.actor,
                    reason="as imported",
                    now=timezone.now(),
                )

    def _count(self, what: str, number: int) -> None:
        self.written[what] += number
        self.on_progress(what, number)


def _rows(lines: Iterator[Line[Row] | Fault]) -> Iterator[Row]:
    """Errors: FilesChanged. All were checked before."""
    for line in lines:
        if isinstance(line, Fault):
            raise FilesChanged(f"{line} Start the import again.")
        yield line.row


def _payment(line: Line[TransactionRow] | Fault) -> ImportedPayment:
    """Errors: FilesChanged. All were checked before."""
    try:
        (row,) = _rows(iter([line]))
        return payment_of(row, now=timezone.now())
    except RowRefused as error:
        raise FilesChanged(f"{error.column}: {error.words} Start the import again.") from None


@contextmanager
def _alone() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(_LOCK)
        if not cursor.fetchone()[0]:
            raise ImportUnderWay
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(_UNLOCK)


def _audit(work: _Import, what: str, details: dict[str, object]) -> None:
    audit_record(
        actor=work.actor,
        action=f"bank_import.{what}",
        subject=f"client {work.client.name}"[:200],
        details=details,
        now=timezone.now(),
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
