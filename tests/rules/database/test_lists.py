from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from ledger.models import AuditEntry
from rules.domain.lists import ItemType, normalise_item
from rules.errors import AlreadyListed, InvalidListItem
from rules.models import List, ListItem
from rules.services.lists import list_item_add, list_item_remove, list_save

HOUR = timedelta(hours=1)


@pytest.fixture
def add(blocked_cards, now):
    def item_add(value="tok_bad", **changes):
        given = {"actor": "ana", "item_list": blocked_cards, "reason": "stolen", "now": now, **changes}
        return list_item_add(value=value, **given)

    return item_add


def test_an_item_is_valid_from_now_until_it_expires(add, now):
    add(expires_at=now + HOUR)

    assert ListItem.objects.valid_at(now).count() == 1
    assert ListItem.objects.valid_at(now + HOUR).count() == 0
    assert ListItem.objects.valid_at(now - HOUR).count() == 0


def test_adding_tells_the_web_processes_and_the_audit(add, touched, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        item = add()

    assert touched == ["configuration"]
    entry = AuditEntry.objects.get(action="list_item.added")
    assert (entry.actor, entry.subject) == ("ana", "list:blocked_cards")
    assert entry.details == {"item": item.pk, "reason": "stolen", "source": "manual"}


def test_a_removed_item_stays_known(add, now):
    item = add()

    list_item_remove(actor="ben", item=item, now=now + HOUR)
    list_item_remove(actor="cho", item=item, now=now + 2 * HOUR)

    item.refresh_from_db()
    assert (item.removed_at, item.removed_by) == (now + HOUR, "ben")
    assert ListItem.objects.valid_at(now).count() == 1
    assert ListItem.objects.valid_at(now + HOUR).count() == 0
    assert AuditEntry.objects.filter(action="list_item.removed").count() == 1


def test_an_item_is_on_a_list_once(add):
    add()

    with pytest.raises(AlreadyListed):
        add(" tok_bad ")

    assert ListItem.objects.count() == 1


def test_an_expired_or_removed_item_can_be_added_again(add, now):
    add(expires_at=now + HOUR)
    again = add(now=now + 2 * HOUR)
    list_item_remove(actor="ana", item=again, now=now + 3 * HOUR)
    add(now=now + 4 * HOUR)

    items = ListItem.objects.order_by("id").values_list("removed_at", "removed_by")
    assert list(items) == [(now + HOUR, "expiry"), (now + 3 * HOUR, "ana"), (None, "")]


@pytest.mark.parametrize("value", ["", "   ", "a\x00b", "x" * 201, "4111111111111111"])
def test_a_value_that_cannot_be_is_refused(add, value):
    with pytest.raises(InvalidListItem):
        add(value)

    assert ListItem.objects.count() == 0
    assert AuditEntry.objects.filter(action="list_item.added").count() == 0


def test_an_expiry_in_the_past_is_refused(add, now):
    with pytest.raises(ValidationError):
        add(expires_at=now - HOUR)

    assert ListItem.objects.count() == 0


@pytest.mark.parametrize(
    ("item_type", "typed", "kept"),
    [
        (ItemType.COUNTRY, " fr ", "FR"),
        (ItemType.IP_ADDRESS, "2001:0DB8::0001", "2001:db8::1"),
        (ItemType.CATEGORY, "5732", "5732"),
        (ItemType.EMAIL_DOMAIN, "@Example.com", "example.com"),
        (ItemType.TEXT, "Corner Books", "Corner Books"),
    ],
)
def test_a_value_is_kept_as_payments_carry_it(item_type, typed, kept):
    assert normalise_item(typed, item_type) == kept


@pytest.mark.parametrize(
    ("item_type", "typed"),
    [(ItemType.COUNTRY, "XX"), (ItemType.IP_ADDRESS, "203.0.113"), (ItemType.CATEGORY, "57")],
)
def test_a_value_of_another_type_is_refused(item_type, typed):
    with pytest.raises(InvalidListItem):
        normalise_item(typed, item_type)


def test_a_list_keeps_its_name_and_type(blocked_cards, now):
    blocked_cards.name, blocked_cards.item_type, blocked_cards.description = "other", "text", "Stolen cards"

    list_save(actor="ana", item_list=blocked_cards, now=now)

    kept = List.objects.get()
    assert (kept.name, kept.item_type, kept.description) == ("blocked_cards", "card_token", "Stolen cards")
