"""The values of a list as rules ask for them."""

import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.domain.compiler import compile_ruleset
from rules.domain.expressions import Combinator, Condition, Group, NamedList, Operator
from rules.domain.list_purposes import lists_that_let_pass
from rules.domain.listed_values import FOREVER, listed_values
from rules.domain.lists import ItemType, item_types_for, normalise_item
from rules.errors import InvalidListItem
from sentinel.core.catalogue import BY_NAME
from sentinel.core.outcomes import Action
from tests.rules.examples import group, hits, payment, row, rule


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.mark.parametrize(
    ("item_type", "value", "other"),
    [(ItemType.CARD_TOKEN, "tok_1", "tok_2"), (ItemType.IP_ADDRESS, "203.0.113.9", "203.0.113.8")],
)
def test_a_value_counts_until_its_moment_or_until_it_is_removed(clock, item_type, value, other):
    values = listed_values(item_type, clock)
    values.put([value], until=1060.0)
    values.put([other], until=FOREVER)
    assert (value in values, other in values, len(values)) == (True, True, 2)

    clock.now = 1060.0
    assert (value in values, other in values) == (False, True)

    values.remove([other, "203.0.113.77"])
    assert other not in values
    values.put([value], until=FOREVER)
    assert value in values


def test_a_network_holds_its_addresses_whatever_their_kind(clock):
    values = listed_values(ItemType.IP_ADDRESS, clock)
    values.put(["203.0.113.0/24", "2001:db8::/32", "198.51.100.7"], until=FOREVER)

    inside = ("203.0.113.0", "203.0.113.255", "2001:db8::1", "198.51.100.7", "::ffff:cb00:7109")
    outside = ("203.0.114.0", "2001:db9::1", "198.51.100.8", "", "x", "203.0.113", None, 7)
    assert all(address in values for address in inside)
    assert not any(address in values for address in outside)
    values.remove(["203.0.113.0/24"])
    assert "203.0.113.9" not in values


def network(number: int, prefix: int) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network((number, prefix), strict=False)


networks = st.one_of(
    st.builds(network, st.integers(0, 2**32 - 1), st.integers(8, 32)),
    st.builds(network, st.integers(2**120, 2**128 - 1), st.integers(16, 128)),
)
addresses = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6))


@given(st.lists(networks, max_size=8), addresses)
@settings(deadline=None)
def test_look_ups_agree_with_the_standard_library(listed, address):
    values = listed_values(ItemType.IP_ADDRESS, lambda: 0.0)
    values.put([normalise_item(str(each), ItemType.IP_ADDRESS) for each in listed], until=FOREVER)

    assert (str(address) in values) is any(address in each for each in listed)
    for each in listed:
        assert str(each.network_address) in values
        assert str(each.broadcast_address) in values


def test_a_compiled_rule_asks_the_list_as_it_is_now(clock):
    cards = listed_values(ItemType.CARD_TOKEN, clock)
    compiled = compile_ruleset([rule(group(row("card_token", "in", list="blocked_cards")))], {"blocked_cards": cards})
    paying = payment(card_token="tok_9")
    assert hits(compiled, paying) == []

    cards.put(["tok_9"], until=1060.0)
    assert hits(compiled, paying) == ["a_rule"]

    clock.now = 1061.0
    assert hits(compiled, paying) == []


@pytest.mark.parametrize(
    ("item_type", "typed", "kept"),
    [
        (ItemType.IP_ADDRESS, "203.0.113.9/32", "203.0.113.9"),
        (ItemType.IP_ADDRESS, "203.0.113.0/24", "203.0.113.0/24"),
        (ItemType.IP_ADDRESS, "203.0.113.0/255.255.255.0", "203.0.113.0/24"),
        (ItemType.IP_ADDRESS, "2001:DB8::/32", "2001:db8::/32"),
        (ItemType.IP_ADDRESS, "::ffff:203.0.113.9", "203.0.113.9"),
        (ItemType.IP_ADDRESS, "::ffff:203.0.113.0/120", "203.0.113.0/24"),
        (ItemType.CARD_BIN, " 41111111 ", "41111111"),
    ],
)
def test_networks_and_bins_are_kept_in_their_short_form(item_type, typed, kept):
    assert normalise_item(typed, item_type) == kept


@pytest.mark.parametrize(
    ("item_type", "typed", "words"),
    [
        (ItemType.IP_ADDRESS, "203.0.113.9/24", "For the whole network write 203.0.113.0/24."),
        (ItemType.IP_ADDRESS, "0.0.0.0/0", "0.0.0.0/0 is too large a network: it may be /8 at the widest."),
        (ItemType.IP_ADDRESS, "::/8", "may be /16 at the widest"),
        (ItemType.IP_ADDRESS, "203.0.113.0/33", "Write an IP address"),
        (ItemType.IP_ADDRESS, "fe80::1%eth0", "Write an IP address"),
        (ItemType.CARD_BIN, "4111", "six to eight digits"),
        (ItemType.EMAIL_DOMAIN, "alice@example.com", "Write an e-mail domain"),
        (ItemType.EMAIL_DOMAIN, "example", "Write an e-mail domain"),
    ],
)
def test_what_is_no_such_value_is_refused_in_words(item_type, typed, words):
    with pytest.raises(InvalidListItem) as refused:
        normalise_item(typed, item_type)

    assert words in refused.value.detail


def test_a_bin_is_looked_up_in_lists_of_bins():
    assert item_types_for(BY_NAME["card_bin"]) == {ItemType.CARD_BIN, ItemType.TEXT}


LISTED = Condition("card_token", Operator.IN, NamedList("cards"))
NOT_LISTED = Condition("card_token", Operator.NOT_IN, NamedList("cards"))
NIGHT = Condition("is_night", Operator.IS_TRUE)


@pytest.mark.parametrize(
    ("action", "conditions", "combinator", "lets_pass"),
    [
        (Action.DECLINE, (LISTED,), Combinator.ALL, False),
        (Action.DECLINE, (NOT_LISTED,), Combinator.ALL, True),
        (Action.REVIEW, (NIGHT, LISTED), Combinator.NONE, True),
        (Action.REVIEW, (Group(Combinator.NONE, (NOT_LISTED,)),), Combinator.ALL, False),
        (Action.REVIEW, (Group(Combinator.NONE, (LISTED,)),), Combinator.NONE, False),
        (Action.ALLOW, (LISTED,), Combinator.ALL, True),
        (Action.ALLOW, (NOT_LISTED,), Combinator.ALL, True),
        (Action.ALLOW, (NIGHT,), Combinator.ALL, False),
    ],
)
def test_by_which_lists_payments_pass(action, conditions, combinator, lets_pass):
    assert bool(lists_that_let_pass(action, Group(combinator, conditions))) is lets_pass
