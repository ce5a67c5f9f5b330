"""What a row of a file can tell of a payment, by names that people map their columns to."""

from collections.abc import Collection, Iterable, Mapping

from sentinel.core.catalogue import CHANNELS, TRANSACTION_TYPES
from sentinel.core.money import EXPONENTS

# Name -> words for people. The values are read by `rows`.
FIELDS: Mapping[str, str] = {
    "transaction_id": "Transaction id",
    "account_id": "Account",
    "amount": "Amount",
    "currency": "Currency",
    "transaction_type": "Type (purchase, withdrawal, transfer, top_up)",
    "occurred_at": "When it happened",
    "channel": "Channel",
    "merchant_id": "Merchant",
    "merchant_name": "Merchant's name",
    "merchant_category": "Merchant category (4 digits)",
    "merchant_country": "Merchant's country",
    "counterparty_account_id": "Receiving account",
    "card_token": "Card token",
    "card_bin": "Card BIN",
    "card_last4": "Card's last four digits",
    "device_id": "Device",
    "ip_address": "IP address",
    "user_agent": "User agent",
    "location_country": "Country of the payment",
    "location_city": "City of the payment",
    "latitude": "Latitude",
    "longitude": "Longitude",
}
REQUIRED = ("account_id", "amount", "currency", "transaction_type")
# What files without such a column may be told once for all rows, and what may be said.
CONSTANTS: Mapping[str, Collection[str]] = {
    "currency": EXPONENTS,
    "transaction_type": TRANSACTION_TYPES,
    "channel": CHANNELS,
}

# How other systems call their columns, in small letters and without anything but letters.
_SYNONYMS = {
    "transaction_id": "id txid txnid transactionid reference transnum",
    "account_id": "account accountid acct customer customerid cc ccnum",
    "amount": "amt value total txamount transactionamount",
    "currency": "ccy currencycode",
    "transaction_type": "type txtype kind",
    "occurred_at": "time timestamp datetime date txdatetime transdatetranstime transactiondate createdat",
    "merchant_id": "merchant merchantid terminal terminalid shop",
    "merchant_name": "merchantname",
    "merchant_category": "mcc categorycode merchantcategory",
    "merchant_country": "merchantcountry",
    "counterparty_account_id": "counterparty beneficiary recipient toaccount",
    "card_token": "card token cardtoken",
    "card_bin": "bin",
    "card_last4": "last4",
    "device_id": "device",
    "ip_address": "ip ipaddress",
    "user_agent": "useragent",
    "location_country": "country",
    "location_city": "city",
    "latitude": "lat",
    "longitude": "lon lng long",
}
_FIELD_OF = {synonym: name for name, words in _SYNONYMS.items() for synonym in words.split()}
_FIELD_OF |= {name.replace("_", ""): name for name in FIELDS}


def columns_guess(header: Iterable[str]) -> dict[str, str]:
    """Field -> the column whose name sounds like it; of several the first."""
    guessed: dict[str, str] = {}
    for column in header:
        name = _FIELD_OF.get("".join(filter(str.isalnum, column.casefold())))
        if name is not None:
            guessed.setdefault(name, column)
    return guessed
