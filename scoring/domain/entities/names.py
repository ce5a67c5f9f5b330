"""The entities that a payment names."""

from enum import StrEnum

from ledger.domain.payments import PaymentRequest


class EntityKind(StrEnum):
    CARD = "card"
    DEVICE = "device"
    IP = "ip"
    MERCHANT = "merchant"
    ACCOUNT = "account"  # for labels alone: its payments are in AccountHistory


KINDS = tuple(EntityKind)

Names = tuple[str | None, str | None, str | None, str | None, str]


def entity_names(request: PaymentRequest) -> Names:
    """What a payment names, in the order of KINDS."""
    return request.card_token, request.device_id, request.ip_address, request.merchant_id, request.account_id
