"""What shares something with a payment, in words."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from dashboard.selectors.links import Link
from dashboard.selectors.shared import LOOKED_AT_MAX, PERSONAL_KINDS
from ledger.domain.masks import mask
from ledger.selectors.transactions import TransactionState

_WORDS = {"card_token": "Card", "device_id": "Device", "ip_address": "IP address", "merchant_id": "Merchant"}


def shown_links(
    links: Sequence[Link], states: Mapping[UUID, TransactionState], *, is_revealed: bool
) -> list[dict[str, Any]]:
    return [
        {
            "words": _WORDS[link.kind],
            "value": mask(link.kind, link.value) if link.kind in PERSONAL_KINDS and not is_revealed else link.value,
            "payments": _count(link.payments, "payment", is_more=link.is_more),
            "accounts": _count(link.accounts, "account", is_more=link.is_more),
            "frauds": link.frauds,
            "frauds_words": _count(link.frauds, "known fraud", is_more=link.is_more),
            "is_more": link.is_more,
            "looked_at": LOOKED_AT_MAX,
            "newest": [(each, states[each.id].status.value) for each in link.newest],
        }
        for link in links
    ]


def _count(number: int, word: str, *, is_more: bool) -> str:
    """ "100+ payments": where not all were looked at, each number is the least that there is."""
    return f"{number}{'+' if is_more else ''} {word}{'' if number == 1 and not is_more else 's'}"
