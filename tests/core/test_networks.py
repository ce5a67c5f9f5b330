import pytest

from sentinel.core.networks import NetworkError, is_within, network_named, networks_read

OFFICE = networks_read(["203.0.113.0/24", "2001:db8::/32"])


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("203.0.113.0/24", "203.0.113.0/24"),
        (" 203.0.113.7 ", "203.0.113.7/32"),
        ("10.0.0.0/255.0.0.0", "10.0.0.0/8"),
        ("2001:DB8:0::/32", "2001:db8::/32"),
        ("2001:db8::1", "2001:db8::1/128"),
    ],
)
def test_a_network_has_one_spelling(text, kept):
    assert network_named(text) == kept


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not a network"),
        ("office", "is not a network"),
        ("203.0.113.0/33", "is not a network"),
        ("203.0.113.256", "is not a network"),
        ("010.0.0.0/8", "is not a network"),
        ("fe80::1%eth0", "is not a network"),
        ("203.0.113.7/24", "one address of 203.0.113.0/24"),
        ("0.0.0.0/0", "everybody"),
        ("::/0", "everybody"),
        ("::ffff:203.0.113.0/120", "as the IPv4 network"),
    ],
)
def test_what_is_no_network_is_refused_in_words(text, words):
    with pytest.raises(NetworkError, match=words):
        network_named(text)


@pytest.mark.parametrize("address", ["203.0.113.0", "203.0.113.255", "::ffff:203.0.113.9", "2001:db8:ffff::1"])
def test_an_address_inside(address):
    assert is_within(address, OFFICE)


@pytest.mark.parametrize(
    "address", ["203.0.112.255", "203.0.114.0", "2001:db9::1", "::cb00:7109", "", "unix:", "1" * 999]
)
def test_an_address_outside_and_what_is_none(address):
    assert not is_within(address, OFFICE)


def test_a_link_local_address_is_found_whatever_its_scope():
    assert is_within("fe80::1%eth0", networks_read(["fe80::/10"]))
