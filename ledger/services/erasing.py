"""Takes a person out of the record: what their payments tell of them, and what people wrote of them.

The payments stay, with the commitments to what is gone, so the seal holds. Needs the owner role: months that were
detached belong to it, and notes are refused a change to everybody else.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from psycopg import sql

from ledger.domain.erasing import NAMING, Detail, Person
from ledger.models import Account, AccountNote, CaseNote

_DETACHED = """
    SELECT relname FROM pg_class WHERE relkind = 'r' AND NOT relispartition
        AND relname ~ '^ledger_personaldetail_[0-9]{6}$' AND relnamespace = current_schema()::regnamespace
    ORDER BY relname
"""
_TAKEN = sql.SQL("DELETE FROM {} WHERE {} = %s RETURNING transaction_id, {}")
_LOCK_SECONDS = 5


def details_take(person: Person) -> list[Detail]:
    """Delete what payments tell of the person, in detached months as well. Reads every month."""
    whose = "account_id" if person.account_id else "card_token"
    columns = sql.SQL(", ").join(map(sql.Identifier, NAMING))
    taken: list[Detail] = []
    for table in ("ledger_personaldetail", *(row[0] for row in _ask(_DETACHED))):
        statement = _TAKEN.format(sql.Identifier(table), sql.Identifier(whose), columns)
        for transaction_id, *values in _ask(statement, [person.account_id or person.card_token]):
            named = {kind: value for kind, value in zip(NAMING, values, strict=True) if value is not None}
            taken.append(Detail(transaction_id, named))
    return taken


def name_take(person: Person) -> int:
    """How many accounts lost a name: one or none. Another version tells copies that it has changed."""
    if not person.account_id:
        return 0
    account = Account.objects.select_for_update().filter(pk=person.account_id).exclude(name="").first()
    if account is None:
        return 0
    account.name, account.version = "", account.version + 1
    account.save(update_fields=["name", "version"])
    return 1


def notes_take(person: Person, details: list[Detail]) -> int:
    """Delete what people wrote of the account, and of the cases of these payments."""
    payments = [detail.transaction_id for detail in details]
    with _changeable("ledger_accountnote"), _changeable("ledger_casenote"):
        of_account = AccountNote.objects.filter(account_id=person.account_id).delete()[0] if person.account_id else 0
        written = CaseNote.objects.filter(case_id__in=payments)
        if person.account_id:
            written |= CaseNote.objects.filter(case__account_id=person.account_id)
        return of_account + written.delete()[0]


@contextmanager
def _changeable(table: str) -> Iterator[None]:
    """Nobody else writes to the table until the database transaction ends."""
    named = sql.Identifier(table)
    _ask(sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(f"{_LOCK_SECONDS}s")))
    _ask(sql.SQL("ALTER TABLE {} DISABLE TRIGGER refuse_change").format(named))
    yield
    _ask(sql.SQL("ALTER TABLE {} ENABLE TRIGGER refuse_change").format(named))


def _ask(statement: Any, values: Any = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []
