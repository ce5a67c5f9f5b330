"""Keeping lists. Every change reaches the web processes like a published rule does."""

from datetime import datetime

from django.db import transaction
from django.db.models import F

from ledger.services.audit import audit_record
from ledger.services.card_numbers import card_numbers_refuse
from rules.domain.lists import ItemType, normalise_item
from rules.errors import AlreadyListed
from rules.models import List, ListItem
from rules.services.rulesets import configuration_changed

EXPIRY = "expiry"  # who removed an item that nobody removed


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
    _audit(actor, "list.saved", item_list, now, item_type=item_list.item_type)


@transaction.atomic
def list_item_add(
    *, actor: str, item_list: List, value: str, reason: str, expires_at: datetime | None = None, now: datetime
) -> ListItem:
    """The new item, its value in the form payments carry.

    Errors: InvalidListItem, AlreadyListed, InvalidRequest for a card number in the reason; ValidationError.
    Locks: the list's row, until the database transaction ends.
    """
    card_numbers_refuse(reason=reason)
    List.objects.select_for_update().get(pk=item_list.pk)
    value = normalise_item(value, ItemType(item_list.item_type))
    if item_list.items.valid_at(now).filter(value=value).exists():
        raise AlreadyListed(f"The list {item_list.name} has {value} already.")
    _close_expired(item_list, value, now)
    item = ListItem(list=item_list, value=value, reason=reason, owner=actor, created_at=now, expires_at=expires_at)
    item.full_clean()
    item.save()
    _audit(actor, "list_item.added", item_list, now, item=item.pk, reason=reason)
    configuration_changed()
    return item


@transaction.atomic
def list_item_remove(*, actor: str, item: ListItem, now: datetime) -> None:
    """Ends an item's validity; a second removal changes nothing."""
    unremoved = ListItem.objects.filter(pk=item.pk, removed_at__isnull=True)
    if unremoved.update(removed_at=now, removed_by=actor):
        _audit(actor, "list_item.removed", item.list, now, item=item.pk)
        configuration_changed()


def _close_expired(item_list: List, value: str, now: datetime) -> None:
    """An expired item makes room for a new one of the same value; it ended when it expired."""
    expired = item_list.items.filter(value=value, removed_at__isnull=True, expires_at__lte=now)
    expired.update(removed_at=F("expires_at"), removed_by=EXPIRY)


def _audit(actor: str, action: str, item_list: List, now: datetime, **details: str | int) -> None:
    # Values may be personal data and stay out of the audit trail, which is kept for ever.
    audit_record(actor=actor, action=action, subject=f"list:{item_list.name}", details=details, now=now)
