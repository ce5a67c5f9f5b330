"""What a web process knows of a list: brought up to date by the difference, and never behind what was committed."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from rules.lists_in_memory import lists_current, lists_forget
from rules.models import List, ListItem
from rules.services.lists import list_item_add, list_item_remove, list_items_expire

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def nothing_known():
    lists_forget()


@pytest.fixture
def add(blocked_cards):
    def item_add(value, **changes):
        given = {"actor": "ana", "item_list": blocked_cards, "reason": "stolen", "now": timezone.now(), **changes}
        return list_item_add(value=value, **given)

    return item_add


def blocked():
    return lists_current(["blocked_cards"])["blocked_cards"]


def test_what_is_added_and_removed_is_followed_in_place(add):
    item = add("tok_1")
    known = blocked()
    assert "tok_1" in known
    assert "tok_2" not in known

    add("tok_2")
    list_item_remove(actor="ben", item=item, now=timezone.now())

    assert blocked() is known
    assert ("tok_1" in known, "tok_2" in known) == (False, True)


def test_an_item_stops_counting_at_its_moment_and_leaves_the_memory_later(add):
    now = timezone.now() - 2 * HOUR
    add("tok_short", now=now, expires_at=now + HOUR)
    add("tok_long", expires_at=timezone.now() + HOUR)
    known = blocked()
    assert ("tok_short" in known, "tok_long" in known) == (False, True)
    assert len(known) == 2

    assert list_items_expire(now=timezone.now()) == 1

    assert len(blocked()) == 1
    assert ListItem.objects.get(value="tok_short").removed_by == "expiry"
    assert List.objects.get().item_count == 1


def test_a_value_that_is_put_back_counts_again(add):
    item = add("tok_1")
    blocked()
    list_item_remove(actor="ben", item=item, now=timezone.now())
    add("tok_1")

    assert "tok_1" in blocked()


def test_an_unchanged_list_is_not_read_again(add, django_assert_num_queries):
    add("tok_1")
    blocked()

    with django_assert_num_queries(1):  # its revision
        blocked()


def test_a_list_that_no_rule_asks_for_is_forgotten(add):
    add("tok_1")
    known = blocked()

    assert lists_current([]) == {}
    assert blocked() is not known


def test_a_database_that_was_set_back_is_believed(add):
    add("tok_1")
    blocked()
    ListItem.objects.all().delete()
    List.objects.update(revision=0)

    assert "tok_1" not in blocked()


def test_lists_that_are_not_there_are_left_out(db):
    assert lists_current(["no_such_list"]) == {}


def test_a_change_between_revision_and_items_is_neither_lost_nor_undone(add, monkeypatch):
    """A colleague adds and removes after the process read the revision, before it reads the items."""
    first = add("tok_1")
    add("tok_2")
    changes = iter(["then nothing"])

    def meanwhile(execute, sql, parameters, many, context):
        if "string_agg" in sql and next(changes, None):
            list_item_remove(actor="ben", item=first, now=timezone.now())
            add("tok_3")
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(meanwhile):
        known = blocked()

    assert ("tok_1" in known, "tok_2" in known, "tok_3" in known) == (False, True, True)
    blocked()
    assert ("tok_1" in known, "tok_2" in known, "tok_3" in known) == (False, True, True)
