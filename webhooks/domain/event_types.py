"""What is told, in words. The shape of each is in `bodies`."""

TRANSACTION_EVENTS: dict[str, str] = {
    "transaction.approved": "A payment was approved, and its money moved.",
    "transaction.declined": "A payment was declined. No money moved.",
    "transaction.review_opened": "A payment waits for a person; its money is held.",
    "transaction.review_resolved": "A person approved or declined a payment that was held.",
    "transaction.expired": "Nobody decided a held payment in time. Its money is free again.",
    "transaction.reversed": "Money of a payment was given back, in part or whole.",
    "transaction.voided": "A payment was given up by its key.",
}
# About the bank's own system: only for clients with the scope `alerts:read`, and only when asked for by name.
BANK_EVENTS: dict[str, str] = {
    "case.opened": "A payment was opened for a look without a hold.",
    "case.assigned": "A case was given to a reviewer, or to nobody again.",
    "case.escalated": "A case waits for somebody with more experience.",
    "case.overdue": "A case is past the time in which it should have been decided.",
    "case.decided": "Somebody said what a payment looked at without a hold was.",
    "model.alarm": "A model strays from what it was trained on, was braked, or could not be trained again.",
    "system.alert": "A rule, a policy, an endpoint or a server needs somebody, or a client said so.",
    "fraud.alert": "A client reports fraud.",
}
# Sent by hand only, to see whether an endpoint hears.
TEST_EVENT = "endpoint.test"

EVENT_TYPES = TRANSACTION_EVENTS | BANK_EVENTS


def wants(event_types: list[str], event_type: str) -> bool:
    """Whether an endpoint that subscribes to these is told of this one. None named: all that tell of transactions."""
    return event_type in (event_types or TRANSACTION_EVENTS)
