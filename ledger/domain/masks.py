"""Personal values as most people see them: enough to tell what kind of thing it is, too little to know whose.

The name of a field says how its value is masked.
"""

import re
from ipaddress import ip_address
from typing import Any

DOTS = "•••"
_EMAIL = re.compile(r"([^\s@<>\"']{1,64})@([^\s@<>\"']+)")
_OF_A_PERSON = re.compile(r"name|mail|phone|mobile|address|street|birth|dob|passport|ssn|tax|customer|holder", re.I)
_IN_FULL = frozenset(("card_last4", "location_city", "email_domain"))


def mask(field: str, value: Any) -> str:
    """A personal detail by its field. What is shown in full: the last four digits, the city, an e-mail's domain."""
    if field in _IN_FULL:
        return str(value)
    if field in ("latitude", "longitude"):
        return f"{int(value)}.{DOTS}"
    if field == "ip_address":
        return mask_address(str(value))
    return DOTS if field in ("card_bin", "user_agent") else mask_token(str(value))


def mask_address(text: str) -> str:
    """203.0.113.•, or the first three groups of IPv6."""
    try:
        address = ip_address(text)
    except ValueError:
        return DOTS
    if address.version == 4:
        return f"{text.rpartition('.')[0]}.•"
    groups = address.exploded.split(":")[:3]
    return f"{':'.join(group.lstrip('0') or '0' for group in groups)}:•"


def mask_token(text: str) -> str:
    """What stands before the first underscore tells the kind: tok_•••."""
    kind, sign, _ = text.partition("_")
    return f"{kind}_{DOTS}" if sign and len(kind) <= 5 else DOTS


def mask_name(text: str) -> str:
    """Initials: A••• R•••."""
    return " ".join(f"{word[0]}{DOTS}" for word in text.split())


def mask_metadata(key: str, value: Any) -> str:
    """All of it under a key that names somebody; elsewhere e-mail addresses, up to their domain."""
    text = str(value)
    hidden = _EMAIL.sub(lambda found: f"{found[1][0]}{DOTS}@{found[2]}", text)
    return DOTS if hidden == text and _OF_A_PERSON.search(key) else hidden
