"""Lists of values that analysts keep, each of one type, and which fields may be looked up in which."""

import ipaddress
from enum import StrEnum

from rules.errors import InvalidListItem
from sentinel.core.card_numbers import contains_card_number
from sentinel.core.catalogue import Field, FieldType
from sentinel.core.countries import COUNTRIES

ITEM_LENGTH_MAX = 200


class ItemType(StrEnum):
    ACCOUNT = "account"
    CARD_TOKEN = "card_token"  # noqa: S105
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
    ItemType.IP_ADDRESS: "IP address",
    ItemType.EMAIL_DOMAIN: "e-mail domain",
    ItemType.CATEGORY: "merchant category",
}

_TYPE_OF_FIELD = {
    "account_id": ItemType.ACCOUNT,
    "counterparty_account_id": ItemType.ACCOUNT,
    "card_token": ItemType.CARD_TOKEN,
    "ip_address": ItemType.IP_ADDRESS,
    "merchant_id": ItemType.MERCHANT,
    "device_id": ItemType.DEVICE,
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
            return _ip_address(value)
        case ItemType.CATEGORY:
            return _category(value)
        case ItemType.EMAIL_DOMAIN:
            return value.lower().removeprefix("@")
    return value


def _country(value: str) -> str:
    if value not in COUNTRIES:
        raise InvalidListItem("Write a country as two letters (ISO 3166-1), for example FR.")
    return value


def _ip_address(value: str) -> str:
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        raise InvalidListItem("Write one IP address, for example 203.0.113.9.") from None


def _category(value: str) -> str:
    if not (len(value) == 4 and value.isascii() and value.isdigit()):
        raise InvalidListItem("Write a merchant category as four digits (ISO 18245), for example 5732.")
    return value
