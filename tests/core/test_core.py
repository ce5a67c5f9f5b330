"""Ids, outcomes, places, the catalogue; and that the core stays pure."""

import math
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.core.catalogue import BY_NAME, FIELDS, INDEX, FieldType, pack, unpack
from sentinel.core.countries import COUNTRIES
from sentinel.core.geo import distance_km, speed_kmh
from sentinel.core.ids import first_uuid7_at, parse_public_id, public_id, uuid7, uuid_in
from sentinel.core.outcomes import Outcome


def test_ids_sort_by_time_and_carry_it():
    made = [uuid7(now_ns) for now_ns in (10**18, 10**18 + 1_000_000, 10**18 + 2_000_000)]

    assert made == sorted(made)
    assert made[0].version == 7
    assert made[0].int >> 80 == 10**12
    assert first_uuid7_at(10**12) <= made[0] < first_uuid7_at(10**12 + 1)


def test_a_public_id_is_read_back_only_with_its_own_prefix():
    value = uuid7()

    assert parse_public_id("txn", public_id("txn", value)) == value
    assert parse_public_id("ent", public_id("txn", value)) is None
    assert parse_public_id("txn", "txn_0") is None


@pytest.mark.parametrize("form", ["txn_{0.hex}", "{0}", "{0.hex}"])
def test_an_id_that_somebody_pasted_is_found_in_each_form(form):
    value = uuid7()

    assert uuid_in("txn", form.format(value)) == value


@pytest.mark.parametrize("text", ["", "acc_alice", "ent_" + "0" * 32, "txn_0"])
def test_other_words_are_no_id(text):
    assert uuid_in("txn", text) is None


def test_outcomes_are_ordered_by_severity():
    assert Outcome.APPROVE < Outcome.REVIEW < Outcome.DECLINE
    assert max(Outcome.REVIEW, Outcome.APPROVE) is Outcome.REVIEW
    assert Outcome.DECLINE >= Outcome.DECLINE > Outcome.REVIEW
    assert Outcome.APPROVE <= Outcome.REVIEW


def test_a_known_distance():
    assert distance_km(48.8566, 2.3522, 18.5204, 73.8567) == pytest.approx(7125, rel=0.001)  # Paris to Pune
    assert distance_km(0, 0, 0, 180) == pytest.approx(math.pi * 6371.0088)


def test_a_short_journey_is_timed_as_a_minute():
    assert speed_kmh(10, 0) == pytest.approx(600)
    assert speed_kmh(100, 3600) == pytest.approx(100)


values = {
    FieldType.MONEY: st.integers(-(10**15), 10**15),
    FieldType.WHOLE: st.integers(0, 10**6),
    FieldType.NUMBER: st.floats(-1e9, 1e9),
    FieldType.FLAG: st.booleans(),
    FieldType.COUNTRY: st.sampled_from(sorted(COUNTRIES)),
    FieldType.CURRENCY: st.sampled_from(["INR", "JPY", "AAA", "ZZZ"]),
    FieldType.CATEGORY: st.integers(0, 9999).map("{:04d}".format),
    FieldType.TEXT: st.text(max_size=5),
}
any_values = st.tuples(
    *(st.none() | (st.sampled_from(field.choices) if field.choices else values[field.type]) for field in FIELDS)
)


@given(any_values)
def test_a_snapshot_gives_back_what_was_packed(described):
    assert unpack(pack(described)) == {f.name: described[INDEX[f.name]] for f in FIELDS if f.packed}


def test_personal_details_are_in_no_snapshot():
    personal = ("card_token", "device_id", "ip_address", "location_city", "account_id", "merchant_name")

    assert not any(BY_NAME[name].packed for name in personal)


def test_every_field_says_what_it_is():
    for field in FIELDS:
        assert field.words.startswith(("the ", "different ", "how far ")), field.name
        assert field.type is not FieldType.CHOICE or field.choices, field.name


def test_the_core_and_the_domains_load_no_framework():
    modules = "sentinel.core.catalogue, sentinel.core.card_numbers, ledger.domain.rows, ledger.domain.receipts"
    modules += ", rules.domain.compiler, scoring.domain.assess, scoring.domain.features"
    frameworks = "('django', 'rest_framework', 'celery', 'psycopg', 'redis', 'sklearn', 'onnxruntime')"
    code = f"import sys, {modules}; print([name for name in {frameworks} if name in sys.modules])"

    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert printed.strip() == "[]"


def test_moments_are_written_in_utc():
    from ledger.domain.receipts import rfc3339

    assert rfc3339(datetime(2026, 1, 31, 12, tzinfo=UTC)) == "2026-01-31T12:00:00.000000Z"
