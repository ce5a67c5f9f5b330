"""Stored fingerprints and commitments stay valid: their bytes are those of the json module."""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ledger.domain.fingerprints import canonical_json, detail_commitment, payment_content, request_fingerprint
from ledger.domain.payments import PaymentRequest, TransactionType

texts = st.text(max_size=8) | st.sampled_from(
    ["e-7", '"', "\\", "\x7f", "\b\f\n\r\t\x1b", "/", "é", "😀", "1e-7]", "\ud800"]
)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
small_numbers = st.floats(-1e-3, 1e-3)
moments = st.datetimes(timezones=st.timezones() | st.just(UTC))
leaves = (
    st.none()
    | st.booleans()
    | numbers
    | small_numbers
    | texts
    | moments
    | st.uuids()
    | st.sampled_from(TransactionType)
)
values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4))


def plain(value):
    return value.isoformat() if isinstance(value, datetime) else str(value)


@given(values)
@example([1e-5, 9.9e-5, 1e-7, 1e-10, 1e16, -0.0, 5e-324, 2**63, 2**64])
@example(1e-7)
@example({"b": 1, "a": {"ü": 1, "z": 2}})
def test_the_bytes_are_those_of_json(value):
    written = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=plain)

    assert canonical_json(value) == written.encode()


@pytest.mark.parametrize(
    ("name", "fingerprint"),
    [
        ("Corner Books", "cb1690323d129f0370b4cb361091892e581c69238e5f52fe279256daec9c55a4"),
        ("Café", "5dbd37f28e387c74546d75e75caf974126c54ce55ab63b60756d53982f94289b"),
    ],
)
def test_a_stored_fingerprint_is_met_again(name, fingerprint):
    request = PaymentRequest(
        "acc_alice",
        540_000,
        "INR",
        TransactionType.PURCHASE,
        datetime(2026, 1, 31, 12, 0, 0, 5, tzinfo=UTC),
        merchant_id="m_17",
        merchant_name=name,
        latitude=0.00005,
        longitude=2.35,
        metadata={"order": "42", "a": "b"},
    )

    content = payment_content(request, occurred_at_given=True)

    assert request_fingerprint("payment", content).hex() == fingerprint


def test_a_stored_commitment_is_met_again():
    details = {"card_token": "tok_9f", "latitude": 1e-7, "metadata": {"order": "42"}, "client": UUID(int=7)}

    assert (
        detail_commitment(b"salt" * 4, details).hex()
        == "794ceb3c2f262de5d051e060b5e48a1edf1daaf302ef71e9ccc41ec67dc8deef"
    )
