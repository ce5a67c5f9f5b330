"""Lists of values that analysts keep, each of one type, and which fields may be looked up in which."""

import ipaddress
from enum import StrEnum

from rules.errors import InvalidListItem
from sentinel.core.card_numbers import contains_card_number
from sentinel.core.catalogue import Field, FieldType
from sentinel.core.countries import COUNTRIES

ITEM_LENGTH_MAX = 200
REASON_LENGTH_MAX = 200

# A wider network would take in whole providers and countries by a slip of one digit.
PREFIX_MIN = {4: 8, 6: 16}

Address = ipaddress.IPv4Network | ipaddress.IPv6Network


class ItemType(StrEnum):
    ACCOUNT = "account"
    CARD_TOKEN = "card_token"  # noqa: S105
    CARD_BIN = "card_bin"
    IP_ADDRESS = "ip_address"
    COUNTRY = "country"
    MERCHANT = "merchant"
    DEVICE = "device"
    EMAIL_DOMAIN = "email_domain"
    CATEGORY = "category"
    TEXT = "text"

    @property
    def words(self) -> str:
        return _WORDS.get(self, self.value.replace("_", " "))


_WORDS = {
    ItemType.CARD_BIN: "card BIN",
    ItemType.IP_ADDRESS: "IP address",
    ItemType.EMAIL_DOMAIN: "e-mail domain",
    ItemType.CATEGORY: "merchant category",
}


class Purpose(StrEnum):
    """What a list is kept for. Payments may pass because of an allow list, so each of its items takes two people."""

    BLOCK = "block"
    WATCH = "watch"
    ALLOW = "allow"

    @property
    def words(self) -> str:
        return _PURPOSES[self]


_PURPOSES = {
    Purpose.BLOCK: "stop payments",
    Purpose.WATCH: "look closer",
    Purpose.ALLOW: "let payments pass (a second person approves each item)",
}


class Source(StrEnum):
    """Where an item came from."""

    MANUAL = "manual"
    IMPORT = "import"
    CASE = "case"
    API = "api"

    @property
    def words(self) -> str:
        return _SOURCES[self]


_SOURCES = {
    Source.MANUAL: "typed in",
    Source.IMPORT: "import",
    Source.CASE: "a payment's page",
    Source.API: "API",
}

# Two items of each type, to show how they are written.
EXAMPLES = {
    ItemType.ACCOUNT: ("acc_alice", "acc_bob"),
    ItemType.CARD_TOKEN: ("tok_9f", "tok_a3"),
    ItemType.CARD_BIN: ("411111", "55555555"),
    ItemType.IP_ADDRESS: ("203.0.113.9", "198.51.100.0/24"),
    ItemType.COUNTRY: ("FR", "KP"),
    ItemType.MERCHANT: ("m_17", "m_18"),
    ItemType.DEVICE: ("dev_31", "dev_32"),
    ItemType.EMAIL_DOMAIN: ("example.com", "example.org"),
    ItemType.CATEGORY: ("5732", "7995"),
    ItemType.TEXT: ("Corner Books", "Paris"),
}

_TYPE_OF_FIELD = {
    "account_id": ItemType.ACCOUNT,
    "counterparty_account_id": ItemType.ACCOUNT,
    "card_token": ItemType.CARD_TOKEN,
    "card_bin": ItemType.CARD_BIN,
    "ip_address": ItemType.IP_ADDRESS,
    "merchant_id": ItemType.MERCHANT,
    "device_id": ItemType.DEVICE,
    "email_domain": ItemType.EMAIL_DOMAIN,
}


def item_types_for(field: Field) -> frozenset[ItemType]:
    """The types of list a field can be looked up in. A text list fits every text field."""
    match field.type:
        case FieldType.COUNTRY:
            return frozenset({ItemType.COUNTRY})
        case FieldType.CATEGORY:
            return frozenset({ItemType.CATEGORY})
        case FieldType.TEXT:
            return frozenset({_TYPE_OF_FIELD.get(field.name, ItemType.TEXT), ItemType.TEXT})
    return frozenset()


def normalise_item(value: str, item_type: ItemType) -> str:
    """The value as payments carry it: trimmed, countries in capitals, addresses in their short form.

    Errors: InvalidListItem with words for the person who typed it.
    """
    value = value.strip()
    if not value or len(value) > ITEM_LENGTH_MAX or not value.isprintable():
        raise InvalidListItem(f"Write 1 to {ITEM_LENGTH_MAX} printable characters.")
    if contains_card_number(value):
        raise InvalidListItem("This looks like a full card number. Use the card's token.")
    match item_type:
        case ItemType.COUNTRY:
            return _country(value.upper())
        case ItemType.IP_ADDRESS:
            return _short(_network(value))
        case ItemType.CATEGORY:
            return _category(value)
        case ItemType.CARD_BIN:
            return _card_bin(value)
        case ItemType.EMAIL_DOMAIN:
            return _email_domain(value.lower().removeprefix("@"))
    return value


def _country(value: str) -> str:
    if value not in COUNTRIES:
        raise InvalidListItem("Write a country as two letters (ISO 3166-1), for example FR.")
    return value


def _network(value: str) -> Address:
    """The network, which is a single address when all its bits are given."""
    try:
        network = ipaddress.ip_network(value, strict=False)
        if "%" in value:
            raise ValueError("an address of one machine's cable")
    except ValueError:
        words = "Write an IP address such as 203.0.113.9, or a network such as 203.0.113.0/24."
        raise InvalidListItem(words) from None
    if "/" in value and ipaddress.ip_address(value.partition("/")[0]) != network.network_address:
        raise InvalidListItem(f"{value} is an address inside a network. For the whole network write {network}.")
    if network.prefixlen < PREFIX_MIN[network.version]:
        raise InvalidListItem(
            f"{network} is too large a network: it may be /{PREFIX_MIN[network.version]} at the widest."
        )
    return _plain_address(network)


def _short(network: Address) -> str:
    is_one_address = network.prefixlen == network.max_prefixlen
    return str(network.network_address if is_one_address else network)


def _plain_address(network: Address) -> Address:
    """An IPv4 address that is written as IPv6 is the IPv4 address, as in payments."""
    if isinstance(network, ipaddress.IPv6Network) and network.prefixlen >= 96:
        mapped = network.network_address.ipv4_mapped
        if mapped is not None:
            return _network(f"{mapped}/{network.prefixlen - 96}")
    return network


def _category(value: str) -> str:
    if not (len(value) == 4 and value.isascii() and value.isdigit()):
        raise InvalidListItem("Write a merchant category as four digits (ISO 18245), for example 5732.")
    return value


def _card_bin(value: str) -> str:
    if not (6 <= len(value) <= 8 and value.isascii() and value.isdigit()):
        raise InvalidListItem("Write a card BIN as its six to eight digits, for example 411111.")
    return value


def _email_domain(value: str) -> str:
    if not ("." in value and value.strip(".") == value and not {" ", "@", "/"} & set(value)):
        raise InvalidListItem("Write an e-mail domain, for example example.com.")
    return value
