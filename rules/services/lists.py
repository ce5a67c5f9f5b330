"""Keeping lists. Every change reaches the web processes like a published rule does."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F

from ledger.services.card_numbers import card_numbers_refuse
from rules.domain.lists import ItemType, Source, normalise_item
from rules.errors import AlreadyListed, AlreadyProposed, SecondPersonNeeded
from rules.models import List, ListItem, ListProposal
from rules.services.list_changes import list_audit, list_changed, list_lock, needs_second_person
from rules.services.rulesets import configuration_changed
from sentinel.core.errors import FieldError, InvalidRequest

EXPIRY = "expiry"  # who removed an item that nobody removed
_ENDED_AT_ONCE_MAX = 20_000


@dataclass(frozen=True, slots=True)
class NewItem:
    """What somebody wants on a list. `transaction` is the name of the payment it was added from."""

    value: str
    reason: str
    expires_at: datetime | None = None
    source: Source = Source.MANUAL
    transaction: str = ""


@transaction.atomic
def list_save(*, actor: str, item_list: List, now: datetime) -> None:
    """Saves a new list, or a new description of one: rules refer to name and type, which stay.

    Errors: InvalidRequest for a card number in the description; ValidationError.
    """
    card_numbers_refuse(description=item_list.description)
    if item_list._state.adding:
        item_list.created_by, item_list.created_at = actor, now
        item_list.full_clean()
        item_list.save()
        configuration_changed()
    else:
        item_list.save(update_fields=["description"])
    list_audit(actor, "list.saved", item_list, now, item_type=item_list.item_type, purpose=item_list.purpose)


def list_item_submit(*, actor: str, item_list: List, wanted: NewItem, now: datetime) -> ListItem | ListProposal:
    """Adds the item, or proposes it where that takes a second person. Errors and locks: as those two."""
    if needs_second_person(item_list):
        return list_item_propose(actor=actor, item_list=item_list, wanted=wanted, now=now)
    return _item_add(actor, item_list, wanted, now)


def list_item_add(
    *,
    actor: str,
    item_list: List,
    value: str,
    reason: str,
    expires_at: datetime | None = None,
    source: Source = Source.MANUAL,
    now: datetime,
) -> ListItem:
    """The new item, its value in the form payments carry.

    Errors: InvalidListItem, AlreadyListed, InvalidRequest for a card number in the reason; SecondPersonNeeded;
    ValidationError.
    Locks: the list's row, until the database transaction ends.
    """
    if needs_second_person(item_list):
        raise SecondPersonNeeded(f"Items of {item_list.name} are proposed, and a second person approves them.")
    return _item_add(actor, item_list, NewItem(value, reason, expires_at, source), now)


@transaction.atomic
def list_item_propose(*, actor: str, item_list: List, wanted: NewItem, now: datetime) -> ListProposal:
    """What waits for a second person; it does not count. Errors: as list_item_add, and AlreadyProposed."""
    wanted = replace(wanted, reason=reason_read(wanted.reason))
    locked = list_lock(item_list)
    value = normalise_item(wanted.value, ItemType(locked.item_type))
    _refuse_listed(locked, value, now)
    if locked.proposals.filter(value=value, state=ListProposal.State.PROPOSED).exists():
        raise AlreadyProposed(f"{value} is proposed for {locked.name} already, and waits for a second person.")
    ListItem(  # refused now rather than when somebody approves it
        list=locked, value=value, reason=wanted.reason, owner=actor, created_at=now, expires_at=wanted.expires_at
    ).full_clean()
    proposal = ListProposal.objects.create(
        list=locked,
        value=value,
        reason=wanted.reason,
        source=wanted.source.value,
        expires_at=wanted.expires_at,
        proposed_by=actor,
        proposed_at=now,
    )
    list_audit(actor, "list_item.proposed", locked, now, proposal=proposal.pk, **_told(wanted))
    return proposal


@transaction.atomic
def _item_add(actor: str, item_list: List, wanted: NewItem, now: datetime) -> ListItem:
    wanted = replace(wanted, reason=reason_read(wanted.reason))
    locked = list_lock(item_list)
    value = normalise_item(wanted.value, ItemType(locked.item_type))
    item = ListItem(
        list=locked,
        value=value,
        reason=wanted.reason,
        source=wanted.source.value,
        owner=actor,
        created_at=now,
        expires_at=wanted.expires_at,
    )
    item_put(locked, item, now)
    list_audit(actor, "list_item.added", locked, now, item=item.pk, **_told(wanted))
    return item


def reason_read(text: str) -> str:
    """A reason on one line, as files of items can carry it. Errors: InvalidRequest."""
    card_numbers_refuse(reason=text)
    reason = " ".join(text.split())
    if not reason.isprintable():
        words = "The reason holds characters that cannot be seen. Type it anew."
        raise InvalidRequest(words, errors=[FieldError("reason", "bad_text", words)])
    return reason


def item_put(locked: List, item: ListItem, now: datetime) -> None:
    """Puts a new item on a list that is locked. Errors: AlreadyListed, ValidationError."""
    _refuse_listed(locked, item.value, now)
    locked.revision += 1
    closed = _close_expired(locked, item.value, now)
    item.added_revision = locked.revision
    item.full_clean()
    item.save()
    list_changed(locked, items=1 - closed)


@transaction.atomic
def list_item_remove(*, actor: str, item: ListItem, now: datetime) -> None:
    """Ends an item's validity; a second removal changes nothing. Locks: the list's row."""
    locked = list_lock(item.list)
    locked.revision += 1
    unremoved = ListItem.objects.filter(pk=item.pk, removed_at__isnull=True)
    if unremoved.update(removed_at=now, removed_by=actor, ended_revision=locked.revision):
        list_audit(actor, "list_item.removed", locked, now, item=item.pk)
        list_changed(locked, items=-1)


def list_items_expire(*, now: datetime) -> int:
    """Ends items whose time has come, so that lists do not keep them in memory; how many. They stopped counting then.

    What one run leaves, the next takes.
    """
    due = ListItem.objects.filter(removed_at__isnull=True, expires_at__lte=now)
    # A value that has just expired may be in the memory of a process whose clock is behind.
    lists = List.objects.filter(pk__in=due.filter(expires_at__lte=now - timedelta(minutes=1)).values("list"))
    return sum(_end_expired(item_list, now) for item_list in lists)


@transaction.atomic
def _end_expired(item_list: List, now: datetime) -> int:
    locked = list_lock(item_list)
    locked.revision += 1
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE rules_listitem SET removed_at = expires_at, removed_by = %s, ended_revision = %s
            WHERE id IN (SELECT id FROM rules_listitem
                         WHERE list_id = %s AND removed_at IS NULL AND expires_at <= %s
                         ORDER BY expires_at LIMIT %s)
            """,
            [EXPIRY, locked.revision, locked.pk, now - timedelta(minutes=1), _ENDED_AT_ONCE_MAX],
        )
        ended: int = cursor.rowcount
    list_changed(locked, items=-ended)
    return ended


def _refuse_listed(locked: List, value: str, now: datetime) -> None:
    if locked.items.valid_at(now).filter(value=value, removed_at__isnull=True).exists():
        raise AlreadyListed(f"The list {locked.name} has {value} already.")


def _close_expired(locked: List, value: str, now: datetime) -> int:
    """An expired item makes room for a new one of the same value; it ended when it expired."""
    expired = locked.items.filter(value=value, removed_at__isnull=True, expires_at__lte=now)
    return expired.update(removed_at=F("expires_at"), removed_by=EXPIRY, ended_revision=locked.revision)


def _told(wanted: NewItem) -> dict[str, str]:
    told = {"reason": wanted.reason, "source": wanted.source.value}
    return told | ({"transaction": wanted.transaction} if wanted.transaction else {})
