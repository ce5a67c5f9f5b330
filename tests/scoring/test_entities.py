"""What the bank knows of cards, devices, IP addresses and merchants: the pure state."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.payments import PaymentRequest, TransactionType
from scoring.domain.entities import (
    ALL_MISSING,
    KINDS,
    LAG_SECONDS,
    MEMORY_SECONDS,
    PARTNERS_MAX,
    WINDOWS,
    EntityKind,
    EntityState,
    entity_values,
    label_record,
    merchant_fraud_values,
    payment_records,
)
from scoring.domain.entities.labels import LABELS_MAX, Labels, Said
from sentinel.core.catalogue import FIELDS

START = datetime(2026, 1, 5, 3, 30, tzinfo=UTC)
PAYMENT = PaymentRequest("acc_a", 100, "INR", TransactionType.PURCHASE, START, merchant_id="m_1", card_token="tok_1")
_FIRST = next(place for place, field in enumerate(FIELDS) if field.name == "card_payments_1m")
NAMES = [field.name for field in FIELDS[_FIRST : _FIRST + 4 * 12 + 2]]

payments = st.lists(
    st.tuples(
        st.integers(-3000, 3 * 86_400),  # seconds since the payment before
        st.integers(1, 500_000),
        st.sampled_from(["INR", "INR", "EUR"]),
        st.sampled_from(["acc_a", "acc_b", "acc_c"]),
        st.none() | st.sampled_from(["tok_1", "tok_2"]),
    ),
    max_size=60,
)


def requests(rows) -> list[PaymentRequest]:
    moment, found = START, []
    for gap, amount, currency, account_id, card in rows:
        moment += timedelta(seconds=gap)
        found.append(
            replace(
                PAYMENT,
                occurred_at=moment,
                amount_minor=amount,
                currency=currency,
                account_id=account_id,
                card_token=card,
            )
        )
    return found


def record(request: PaymentRequest, kind: EntityKind = EntityKind.MERCHANT) -> bytes:
    return payment_records(request)[KINDS.index(kind)]


def merchant_of(past, *, state: EntityState | None = None) -> EntityState:
    state = state or EntityState()
    for request in past:
        state.add(record(request))
    return state


def values_of(request: PaymentRequest, state: EntityState, kind: EntityKind = EntityKind.MERCHANT) -> dict:
    known = [state if each in (kind, EntityKind.ACCOUNT) else None for each in KINDS]
    return dict(zip(NAMES, entity_values(request, known), strict=True))


@given(payments, st.integers(0, 40 * 86_400))
def test_a_state_counts_what_its_payments_say(rows, later):
    past = requests(rows)
    latest = max((each.occurred_at for each in past), default=START)
    asked = replace(PAYMENT, occurred_at=latest + timedelta(seconds=later), amount_minor=7)
    at = int(asked.occurred_at.timestamp())

    found = values_of(asked, merchant_of(past))

    in_order = sorted(past, key=lambda each: each.occurred_at)
    known = remembered(in_order, at)
    for name, (bucket_seconds, buckets) in zip(("1m", "1h", "24h", "30d"), WINDOWS, strict=True):
        since = (at // bucket_seconds - buckets + 1) * bucket_seconds
        inside = [each for each in known if each.occurred_at.timestamp() >= since]
        own = [each.amount_minor for each in inside if each.currency == "INR"]
        assert found[f"merchant_payments_{name}"] == len(inside)
        if name in ("1h", "24h"):
            assert found[f"merchant_accounts_{name}"] == len({each.account_id for each in inside})
        if name == "24h":
            assert found["merchant_amount_24h"] == sum(own)
        if name == "30d":
            assert found["merchant_amount_max_30d"] == max(own, default=None)
            average = (2 * sum(own) + len(own)) // (2 * len(own)) if own else None
            assert found["merchant_amount_average_30d"] == average
            assert found["amount_vs_merchant_average_30d"] == (7 / average if average else None)


def remembered(in_order, at):
    """Those after the last gap that was longer than the memory."""
    known, next_moment = [], at
    for each in reversed(in_order):
        if next_moment - int(each.occurred_at.timestamp()) > MEMORY_SECONDS:
            break
        next_moment = int(each.occurred_at.timestamp())
        known.append(each)
    return known


@given(payments, st.integers(0, 60), st.integers(0, 86_400))
def test_a_stored_state_goes_on_as_if_it_had_never_been_stored(rows, cut, later):
    past = requests(rows)
    records = b"".join(record(each) for each in past[cut:])
    latest = max((each.occurred_at for each in past), default=START)
    asked = replace(PAYMENT, occurred_at=latest + timedelta(seconds=later))

    stored, count = EntityState.read(merchant_of(past[:cut]).to_base() + records)

    assert count == len(past[cut:])
    assert values_of(asked, stored) == values_of(asked, merchant_of(past))


def test_merging_old_payments_changes_no_answer_and_keeps_the_state_small():
    chance, past, moment = Random(3), [], START
    state = EntityState()
    for number in range(6000):
        moment += timedelta(seconds=chance.expovariate(1 / 600))
        account_id = f"acc_{number % 40}"
        past.append(replace(PAYMENT, occurred_at=moment, amount_minor=1 + number, account_id=account_id))
        state.add(record(past[-1]))
        if number % 13 == 0:
            state, _ = EntityState.read(state.to_base())
    at = int(moment.timestamp())

    found = values_of(replace(PAYMENT, occurred_at=moment), state)

    assert len(state.to_base()) < 6000
    for name, (seconds, buckets) in zip(("1m", "1h", "24h", "30d"), WINDOWS, strict=True):
        since = (at // seconds - buckets + 1) * seconds
        assert found[f"merchant_payments_{name}"] == sum(each.occurred_at.timestamp() >= since for each in past)


def test_each_kind_is_counted_with_its_own_partners():
    past = [replace(PAYMENT, merchant_id=f"m_{n}", account_id=f"acc_{n % 2}", card_token="tok_1") for n in range(5)]
    card, device = EntityState(), EntityState()
    for each in past:
        card.add(record(each, EntityKind.CARD))
        device.add(record(each, EntityKind.DEVICE))

    of_card, of_device = values_of(PAYMENT, card, EntityKind.CARD), values_of(PAYMENT, device, EntityKind.DEVICE)

    assert (of_card["card_merchants_1h"], of_card["card_accounts_30d"]) == (5, 2)
    assert (of_device["device_accounts_24h"], of_device["device_cards_24h"]) == (2, 1)
    assert of_card["device_payments_1h"] is None  # the payment named no device


def test_whoever_was_never_seen_has_zeros_and_no_average():
    found = values_of(PAYMENT, EntityState())

    assert (found["merchant_payments_30d"], found["merchant_age_days"]) == (0, 0.0)
    assert (found["merchant_amount_average_30d"], found["amount_vs_merchant_average_30d"]) == (None, None)
    assert found["confirmed_frauds_of_merchant_90d"] == 0


def test_a_payment_a_little_late_counts_as_now_and_a_backdated_one_has_no_such_fields():
    state = merchant_of([PAYMENT])
    late = replace(PAYMENT, occurred_at=START - timedelta(seconds=LAG_SECONDS))
    backdated = replace(PAYMENT, occurred_at=START - timedelta(seconds=LAG_SECONDS + 1))

    assert values_of(late, state)["merchant_payments_1m"] == 1
    assert tuple(values_of(backdated, state).values())[36:48] == ALL_MISSING


def test_the_age_grows_to_thirty_days_and_begins_anew_after_a_long_absence():
    state = merchant_of([PAYMENT, replace(PAYMENT, occurred_at=START + timedelta(days=20))])

    def age_after(days: float) -> object:
        return values_of(replace(PAYMENT, occurred_at=START + timedelta(days=days)), state)["merchant_age_days"]

    assert [age_after(20.5), age_after(29), age_after(35), age_after(50.5)] == [20.5, 29, 30, 0.0]


def test_of_more_partners_than_can_be_kept_the_last_ones_count():
    past = [replace(PAYMENT, account_id=f"acc_{number}") for number in range(PARTNERS_MAX + 10)]

    assert values_of(PAYMENT, merchant_of(past))["merchant_accounts_1h"] == PARTNERS_MAX


@pytest.mark.parametrize(
    ("labels", "frauds"),
    [
        ([], 0),
        ([("t1", 0, True), ("t2", -5, True)], 2),
        ([("t1", 0, True), ("t1", 0, True)], 1),  # told twice
        ([("t1", 60, True)], 0),  # not known yet
        ([("t1", -60, True), ("t1", -30, False)], 0),  # taken back
        ([("t1", -91 * 86_400, True)], 0),  # long ago
    ],
)
def test_labels_count_once_they_are_known(labels, frauds):
    state = EntityState()
    for transaction, seconds, is_fraud in labels:
        known_at, made_at = START.timestamp() + seconds, START.timestamp() - 100 * 86_400
        state.add(
            label_record(
                transaction,
                known_at_seconds=known_at,
                made_at_seconds=made_at,
                is_fraud=is_fraud,
                is_ordinary=True,
            )
        )
    state, _ = EntityState.read(state.to_base())

    found = values_of(PAYMENT, state)

    assert found["confirmed_frauds_of_merchant_90d"] == found["confirmed_frauds_of_account_90d"] == frauds


# -- what is known of fraud at the merchant

DAY = 86_400
NOON = START.replace(hour=12)


def known_fraud(*, paid_days_ago, frauds=(), known_days_ago=None, is_ordinary=True) -> dict:
    """The merchant's fields at noon. Its payments were made at noon so many days ago; `frauds` are those days of them
    that were fraud, which became known seven days after each, or so many days ago.
    """
    state = EntityState()
    for days in sorted(paid_days_ago, reverse=True):
        state.add(payment_records(replace(PAYMENT, occurred_at=NOON - timedelta(days=days)))[3])
    for days in frauds:
        known = days - 7 if known_days_ago is None else known_days_ago
        state.add(
            label_record(
                f"paid {days} days ago",
                known_at_seconds=NOON.timestamp() - known * DAY,
                made_at_seconds=NOON.timestamp() - days * DAY,
                is_fraud=True,
                is_ordinary=is_ordinary,
            )
        )
    state, _ = EntityState.read(state.to_base())
    values = merchant_fraud_values(replace(PAYMENT, occurred_at=NOON), [None, None, None, state, EntityState()])
    return dict(zip([field.name for field in FIELDS][-len(values) :], values, strict=True))


def test_a_merchant_without_fraud_has_none_and_rates_of_zero():
    found = known_fraud(paid_days_ago=range(40))

    assert found["frauds_of_merchant_30d"] == found["ordinary_frauds_of_merchant_30d"] == 0
    assert found["merchant_days_since_fraud"] is found["merchant_payments_since_fraud"] is None
    assert found["merchant_fraud_rate_last_day"] == found["merchant_fraud_rate_30d"] == 0.0


def test_frauds_are_counted_from_when_they_became_known():
    found = known_fraud(paid_days_ago=range(40), frauds=[8, 14.5, 20, 36])

    counts = [found[f"frauds_of_merchant_{days}d"] for days in (7, 14, 30)]
    assert counts == [1, 3, 4]
    assert found["ordinary_frauds_of_merchant_14d"] == 3


def test_days_go_from_when_frauds_were_made():
    found = known_fraud(paid_days_ago=range(40), frauds=[9, 20, 36])

    assert found["merchant_days_since_fraud"] == found["merchant_days_since_ordinary_fraud"] == 9
    assert found["merchant_fraud_run_days"] == 20  # the one before is older than 35 days


def test_payments_since_the_last_fraud_are_those_on_later_days_that_are_old_enough():
    assert known_fraud(paid_days_ago=range(40), frauds=[12])["merchant_payments_since_fraud"] == 4  # 8 to 11 days ago
    assert known_fraud(paid_days_ago=[7.3, 8, 12], frauds=[12])["merchant_payments_since_fraud"] == 2


def test_the_rate_is_of_payments_whose_outcome_is_known():
    found = known_fraud(paid_days_ago=range(40), frauds=[8, 9])

    assert found["merchant_fraud_rate_30d"] == 2 / 22  # of 8 to 29 days ago
    assert found["merchant_fraud_rate_last_day"] == 1.0
    assert found["merchant_fraud_rate_last_3_days"] == 2 / 3


def test_days_without_payments_are_no_last_days():
    found = known_fraud(paid_days_ago=[9, 9.1, 14, 20, 26], frauds=[9, 20])

    assert found["merchant_fraud_rate_last_day"] == 1 / 2
    assert found["merchant_fraud_rate_last_3_days"] == 2 / 4


def test_a_fraud_that_is_known_early_counts_before_the_others_are_old_enough():
    found = known_fraud(paid_days_ago=range(40), frauds=[2], known_days_ago=1)

    assert found["merchant_fraud_rate_30d"] == 1 / 23
    assert found["merchant_fraud_rate_last_day"] == 1.0
    assert found["merchant_fraud_rate_last_3_days"] == 1 / 3
    assert found["frauds_of_merchant_7d"] == 1


def test_a_fraud_of_a_high_amount_is_not_ordinary():
    found = known_fraud(paid_days_ago=range(40), frauds=[9], is_ordinary=False)

    assert (found["frauds_of_merchant_7d"], found["ordinary_frauds_of_merchant_14d"]) == (1, 0)
    assert found["merchant_days_since_ordinary_fraud"] is found["merchant_fraud_run_days"] is None


def test_a_busy_merchant_whose_payments_were_merged_has_the_same_rates():
    some = [days + hour / 30 for days in range(40) for hour in range(8)]
    found = known_fraud(paid_days_ago=some, frauds=[7.2, 9])

    state = EntityState()
    for days in sorted(some, reverse=True):
        state.add(payment_records(replace(PAYMENT, occurred_at=NOON - timedelta(days=days)))[3])
    assert state.merged_rows
    matured = [days for days in some if 7 < days < 29.5]  # to the midnight 29 days ago
    assert found["merchant_fraud_rate_30d"] == 2 / len(matured)
    assert found["merchant_fraud_rate_last_day"] == 1 / len([days for days in some if 7 < days < 7.5])


def test_without_a_merchant_nothing_is_known():
    assert set(merchant_fraud_values(PAYMENT, None)) == {None}
    assert set(merchant_fraud_values(PAYMENT, [None, None, None, None, EntityState()])) == {None}


def test_a_payment_that_lags_far_behind_its_merchant_has_no_such_fields():
    merchant = merchant_of([replace(PAYMENT, occurred_at=START + timedelta(seconds=LAG_SECONDS + 1))])

    assert set(merchant_fraud_values(PAYMENT, [None, None, None, merchant, None])) == {None}


def test_a_fraud_on_a_day_that_is_not_old_enough_counts_for_no_last_day():
    found = known_fraud(paid_days_ago=[], frauds=[36], known_days_ago=1)

    assert found["merchant_fraud_rate_last_day"] is found["merchant_fraud_rate_last_3_days"] is None


def test_of_two_words_on_a_payment_the_later_counts_whichever_comes_first():
    labels = Labels()
    labels.learn(1, Said(20, 5, True, True))
    labels.learn(1, Said(10, 5, False, True))

    assert labels.said[1].is_fraud


def test_of_very_many_labels_the_last_known_are_kept():
    labels = Labels()
    for number in range(LABELS_MAX + 3):
        labels.learn(number, Said(number, 5, True, True))

    assert sorted(labels.said) == list(range(3, LABELS_MAX + 3))


def test_nothing_is_a_state_that_was_never_seen():
    assert EntityState.read(None) == (EntityState(), 0)


def test_payments_out_of_order_count_whatever_they_do_not_tell():
    bare = replace(PAYMENT, card_token=None, merchant_id=None)
    for place in range(4):
        state = EntityState()
        for hours in (5, 3, 4):
            state.add(payment_records(replace(bare, occurred_at=START + timedelta(hours=hours)))[place])

        assert list(state.moments) == sorted(state.moments)
        assert sum(state.payments) == 3
