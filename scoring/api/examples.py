"""Requests of the documentation. Tests send each of them to a running service."""

from drf_spectacular.utils import OpenApiExample

PURCHASE = {
    "account_id": "acc_alice",
    "amount": "5400.00",
    "currency": "INR",
    "transaction_type": "purchase",
    "reference": "order-42",
    "channel": "ecommerce",
    "merchant": {"id": "m_17", "name": "Corner Books", "category_code": "5942", "country": "IN"},
    "card": {"token": "tok_9f31", "bin": "411111", "last4": "1111"},
    "device": {"id": "dev_31", "ip": "203.0.113.9", "user_agent": "Mozilla/5.0"},
    "location": {"country": "FR", "city": "Paris", "latitude": 48.85, "longitude": 2.35},
    "metadata": {"order": "42"},
}
WITHDRAWAL = {
    "account_id": "acc_alice",
    "amount": "2000.00",
    "currency": "INR",
    "transaction_type": "withdrawal",
    "channel": "atm",
    "location": {"country": "IN", "city": "Pune"},
}
TRANSFER = {
    "account_id": "acc_alice",
    "amount": "750.00",
    "currency": "INR",
    "transaction_type": "transfer",
    "counterparty_account_id": "acc_bob",
}
TOP_UP = {"account_id": "acc_alice", "amount": "10000.00", "currency": "INR", "transaction_type": "top_up"}

PAYMENT_EXAMPLES = [
    OpenApiExample("A purchase from abroad", value=PURCHASE, request_only=True),
    OpenApiExample("A withdrawal", value=WITHDRAWAL, request_only=True),
    OpenApiExample("A transfer", value=TRANSFER, request_only=True),
    OpenApiExample("A top-up", value=TOP_UP, request_only=True),
]

BULK = {
    "transactions": [
        PURCHASE | {"idempotency_key": "5b0b6d0e-0d2c-4a51-8f0c-6f7d1c9b7a01"},
        WITHDRAWAL | {"idempotency_key": "5b0b6d0e-0d2c-4a51-8f0c-6f7d1c9b7a02"},
    ]
}
BULK_EXAMPLES = [OpenApiExample("Two payments", value=BULK, request_only=True)]
MOBILE_TRANSFER = {
    "transaction_id": "t-7",
    "step": 1,
    "type": "TRANSFER",
    "amount": "181.00",
    "nameOrig": "C1305486145",
    "oldbalanceOrg": "181.00",
    "newbalanceOrig": "0.00",
    "nameDest": "C553264065",
    "oldbalanceDest": "0.00",
    "newbalanceDest": "0.00",
}
SCORE_EXAMPLES = [
    OpenApiExample("Two payments", value={"items": [PURCHASE, WITHDRAWAL]}, request_only=True),
    OpenApiExample("Mobile money", value={"items": [MOBILE_TRANSFER]}, request_only=True),
]
ELSEWHERE = {
    "reference": "order-42",
    "account_id": "acc_alice",
    "amount": "5400.00",
    "currency": "INR",
    "occurred_at": "2026-01-31T12:00:00Z",
    "model": "acme-risk 3.2",
    "fraud_probability": 0.12,
    "outcome": "approve",
}
PREDICTIONS_EXAMPLES = [OpenApiExample("One score", value={"items": [ELSEWHERE]}, request_only=True)]
