"""Erases a person from the whole database, audited, in one database transaction."""

from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import connection, transaction

from dashboard.services.facts import facts_hold
from ledger.domain.erasing import Detail, Person
from ledger.services.audit import audit_record
from ledger.services.card_numbers import card_numbers_refuse
from ledger.services.erasing import details_take, name_take, notes_take
from rules.models import ListItem

_SHARED = """
    DELETE FROM dashboard_sharedvalue s
    USING unnest(%s::uuid[], %s::text[], %s::text[]) AS gone (transaction_id, kind, value)
    WHERE s.transaction_id = gone.transaction_id AND s.value_hash IN (
        dashboard_value_hash(gone.kind, true, gone.value), dashboard_value_hash(gone.kind, false, gone.value))
"""


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was erased. `list_items` name the person still: lists are the bank's own reasons, and a person decides."""

    payments: int
    shared_values: int
    notes: int
    names: int
    list_items: int


@transaction.atomic
def person_erase(
    *, person: Person, reason: str, words: str, actor: str, now: datetime, is_trial: bool = False
) -> Erasure:
    """`is_trial`: everything is counted, and nothing is changed. Errors: InvalidRequest for a card number in
    the words.

    Locks: the mark of the facts, so that none are made of what is being erased.
    """
    card_numbers_refuse(words=words)
    facts_hold(now=now)
    details = details_take(person)
    erasure = Erasure(
        payments=len(details),
        shared_values=_shared_take(details),
        notes=notes_take(person, details),
        names=name_take(person),
        list_items=_named_on_lists(person, details),
    )
    if is_trial:
        transaction.set_rollback(True)
    else:
        told = {**asdict(erasure), "reason": reason, "words": words}
        audit_record(actor=actor, action="person.erased", subject=str(person), details=told, now=now)
    return erasure


def _shared_take(details: list[Detail]) -> int:
    rows = [(each.transaction_id, kind, value) for each in details for kind, value in each.named.items()]
    columns = [list(column) for column in zip(*rows, strict=True)]
    if not columns:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_SHARED, columns)
        count: int = cursor.rowcount
    return count


def _named_on_lists(person: Person, details: list[Detail]) -> int:
    named = {value for each in details for kind, value in each.named.items() if kind != "card_last4"}
    return ListItem.objects.filter(value__in={person.account_id or person.card_token, *named}).count()
