"""Features: online equals offline, whatever Redis does; and the pure history keeps its promises."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from math import inf, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.payments import AccountProfile, AccountStatus, PaymentRequest, TransactionType
from ledger.models import Decision
from ledger.selectors.hot import past_payments_load
from scoring.domain.features import _travel, describe, values_by_name
from scoring.domain.history import PEAKS_MAX, SKEW_SECONDS, AccountHistory, PastPayment
from scoring.domain.windows import MONTH, WINDOWS
from scoring.services import contexts
from scoring.services.account_copies import AccountCopies
from scoring.services.contexts import REDIS_DOWN
from sentinel.core.catalogue import FIELDS, unpack
from sentinel.core.geo import distance_km
from sentinel.core.money import MAX_AMOUNT_MINOR
from sentinel.ops.connections import redis_ask, redis_key
from sentinel.ops.redis_line import redis_connect

START = datetime(2026, 1, 5, 3, 30, tzinfo=UTC)

payments = st.lists(
    st.tuples(
        st.integers(0, 3 * 86_400),  # seconds since the payment before
        st.integers(1, 500_000),
        st.sampled_from(["m1", "m2", "m3", "m4"]),
        st.none() | st.tuples(st.floats(-80, 80), st.floats(-170, 170)),
    ),
    max_size=40,
)


def as_past(rows):
    at_seconds, past = START.timestamp(), []
    for seq, (gap, amount, merchant, place) in enumerate(rows, start=1):
        at_seconds += gap
        latitude, longitude = place or (None, None)
        past.append(PastPayment(seq, at_seconds, amount, merchant, latitude, longitude))
    return past


def in_window(past, window, at_seconds):
    """The definition of the catalogue, spelt out: payments whose bucket is among the window's last ones."""
    bucket = int(at_seconds // window.bucket_seconds)
    return [
        p for p in past if bucket - window.buckets < int(p.occurred_at_seconds // window.bucket_seconds) <= bucket
    ]


def test_a_place_of_long_ago_says_nothing_of_a_journey():
    past = PastPayment(1, START.timestamp(), 100, latitude=19.08, longitude=72.88)
    request = PaymentRequest(
        "acc_a", 100, "INR", TransactionType.PURCHASE, START, latitude=6.52, longitude=3.38, merchant_id="m_1"
    )
    history = AccountHistory.of([past])

    distance, _ = _travel(request, history, START.timestamp() + 29 * 86_400)
    assert distance is not None
    assert distance > 7_000
    assert _travel(request, history, START.timestamp() + 31 * 86_400) == (None, None)


def test_of_very_many_falling_amounts_as_many_are_kept_as_there_is_room_for():
    at_seconds = START.timestamp()
    history = AccountHistory.of(
        PastPayment(number, at_seconds + 60 * number, 10_000 - number) for number in range(1, PEAKS_MAX + 10)
    )

    assert len(history.peaks) == PEAKS_MAX
    assert history.peaks[0][1] == 9_999


@given(payments, st.integers(0, 86_400))
def test_a_history_counts_what_its_payments_say(rows, later):
    past = as_past(rows)
    history = AccountHistory.of(past)
    now = (past[-1].occurred_at_seconds if past else START.timestamp()) + later

    for window, tally, merchants in zip(WINDOWS, history.tallies(now), history.merchants_seen(now), strict=True):
        expected = in_window(past, window, now)
        assert tally.payments == len(expected)
        assert tally.total_minor == sum(p.amount_minor for p in expected)
        assert tally.total_squares == sum(p.amount_minor**2 for p in expected)
        assert merchants == len({p.merchant_id for p in expected})


@given(payments)
def test_a_stored_history_comes_back_as_it_was(rows):
    history = AccountHistory.of(as_past(rows))

    assert AccountHistory.from_bytes(history.to_bytes()) == history


@given(payments, st.integers(0, 40))
def test_a_history_continued_is_a_history_rebuilt(rows, cut):
    past = as_past(rows)
    continued = AccountHistory.from_bytes(AccountHistory.of(past[:cut]).to_bytes())
    assert continued is not None
    for payment in past[cut:]:
        continued.add(payment)

    assert continued == AccountHistory.of(past)


@given(payments, st.lists(st.integers(0, 40 * 86_400), max_size=40), st.integers(0, 40))
def test_a_history_with_backdated_payments_counts_and_continues_the_same(rows, lags, cut):
    past = as_past(rows)
    for place, (payment, lag) in enumerate(zip(past, lags, strict=False)):
        past[place] = replace(payment, occurred_at_seconds=payment.occurred_at_seconds - lag)
    effective, latest = [], -inf
    for payment in past:
        is_small_lag = latest - SKEW_SECONDS <= payment.occurred_at_seconds < latest
        at_seconds = latest if is_small_lag else payment.occurred_at_seconds
        effective.append(replace(payment, occurred_at_seconds=at_seconds))
        latest = max(latest, at_seconds)
    continued = AccountHistory.from_bytes(AccountHistory.of(past[:cut]).to_bytes())
    assert continued is not None
    for payment in past[cut:]:
        continued.add(payment)

    assert continued == AccountHistory.of(past)
    seen: dict[str | None, float] = {}
    for payment in effective:
        seen[payment.merchant_id] = max(payment.occurred_at_seconds, seen.get(payment.merchant_id, -inf))
    if not past:
        return
    counted = zip(WINDOWS, continued.tallies(latest), continued.merchants_seen(latest), strict=True)
    for window, tally, merchants in counted:
        expected = in_window(effective, window, latest)
        assert tally.total_minor == sum(p.amount_minor for p in expected)
        since = window.first_bucket(latest) * window.bucket_seconds
        assert merchants == sum(1 for moment in seen.values() if moment >= since)


@given(payments, st.integers(0, 86_400), st.integers(0, 40 * 86_400))
def test_asking_about_one_moment_changes_no_answer_about_another(rows, later, much_later):
    past = as_past(rows)
    asked, fresh = AccountHistory.of(past), AccountHistory.of(past)
    now = (past[-1].occurred_at_seconds if past else START.timestamp()) + later
    asked.tallies(now + much_later)

    assert asked.tallies(now) == fresh.tallies(now)
    assert asked.reach_days(MONTH, now) == fresh.reach_days(MONTH, now)
    asked.add(PastPayment(len(past) + 1, now, 100, "m1"))
    fresh.add(PastPayment(len(past) + 1, now, 100, "m1"))
    assert asked == fresh
    assert asked.tallies(now) == fresh.tallies(now)


def test_sums_beyond_64_bits_are_stored_exactly():
    largest, payments_in_a_minute = MAX_AMOUNT_MINOR, 20_000
    history = AccountHistory.of(
        PastPayment(seq, START.timestamp(), largest) for seq in range(1, payments_in_a_minute + 1)
    )

    stored = AccountHistory.from_bytes(history.to_bytes())

    assert stored == history
    *_, tally = stored.tallies(START.timestamp())
    assert tally.total_minor == payments_in_a_minute * largest > 2**64
    assert tally.total_squares == payments_in_a_minute * largest**2


def test_a_description_is_written_in_the_order_of_the_catalogue():
    request = PaymentRequest("acc_a", 100, "INR", TransactionType.PURCHASE, START)
    profile = AccountProfile(
        "acc_a", "INR", "IN", "Asia/Kolkata", AccountStatus.ACTIVE, "normal", START, True, 1, frozenset()
    )

    described = list(values_by_name(request, profile, AccountHistory()))

    assert described == [field.name for field in FIELDS[: len(described)]]
    assert len(describe(request, profile, AccountHistory())) == len(FIELDS)
    assert FIELDS[len(described)].name == "card_payments_1m"  # and from there on those of entities


def test_a_small_lag_counts_as_now_and_a_large_one_is_backdated():
    history = AccountHistory.of([PastPayment(1, 10_000.0, 100)])

    assert history.effective_seconds(10_000.0 - SKEW_SECONDS) == 10_000.0
    assert not history.is_backdated(10_000.0 - SKEW_SECONDS)
    assert history.is_backdated(10_000.0 - SKEW_SECONDS - 1)


def test_a_history_of_another_format_is_not_read():
    assert AccountHistory.from_bytes(b"[1, 0, null, [[], [], [], []], [], null]") is None


def pay_at(gateway, account_id, minutes, amount="100.00", **fields):
    moment = START + timedelta(minutes=minutes)
    return gateway.pay(account_id, amount, occurred_at=moment.isoformat(), **fields).json()


def features_of(receipt):
    from sentinel.core.ids import parse_public_id

    return unpack(bytes(Decision.objects.get(pk=parse_public_id("txn", receipt["id"])).snapshot))


def test_the_features_of_a_payment_are_those_of_the_catalogue(gateway):
    account_id = gateway.open_account("100000.00")
    pune, paris = {"latitude": 18.52, "longitude": 73.86}, {"latitude": 48.85, "longitude": 2.35}
    pay_at(gateway, account_id, 0, "100.00", location=pune)
    pay_at(gateway, account_id, 30, "300.00", merchant={"id": "m_2"})
    pay_at(gateway, account_id, 26 * 60, "500.00")

    found = features_of(pay_at(gateway, account_id, 26 * 60 + 20, "900.00", location=paris, merchant={"id": "m_9"}))

    assert (found["payments_1h"], found["payments_24h"], found["payments_7d"]) == (1, 1, 3)
    assert (found["amount_1h"], found["amount_7d"]) == (50_000, 90_000)
    assert (found["merchants_1h"], found["merchants_7d"]) == (1, 2)
    assert found["usual_amount_30d"] == 30_000
    assert found["amount_vs_usual_30d"] == pytest.approx(3.0)
    assert found["amount_deviation_30d"] == pytest.approx(60_000 / sqrt((2 * 20_000**2) / 2))
    assert found["seconds_since_last"] == 1200
    assert found["merchant_is_new"] is True
    assert (found["hour"], found["weekday"], found["is_night"]) == (11, 2, False)
    assert found["distance_km"] == pytest.approx(distance_km(18.52, 73.86, 48.85, 2.35))
    assert found["speed_kmh"] == pytest.approx(found["distance_km"] / ((26 * 60 + 20) / 60))


def test_the_first_payment_has_no_past(gateway):
    found = features_of(pay_at(gateway, gateway.open_account(), 0))

    assert found["payments_30d"] == 0
    missing = ("usual_amount_30d", "amount_vs_usual_30d", "amount_deviation_30d", "seconds_since_last", "speed_kmh")
    assert [found[name] for name in missing] == [None] * 5
    assert found["merchant_is_new"] is True


def test_declined_payments_count_too_and_top_ups_do_not(gateway):
    account_id = gateway.open_account("1.00")
    top_up = {"account_id": account_id, "amount": "5.00", "currency": "INR", "transaction_type": "top_up"}
    gateway.post("transactions", top_up | {"occurred_at": START.isoformat()})
    pay_at(gateway, account_id, 1, "999.00")

    assert features_of(pay_at(gateway, account_id, 2))["payments_1h"] == 1


def test_a_backdated_payment_sees_only_what_came_before_it(gateway):
    account_id = gateway.open_account("100000.00")
    for minutes in (0, 10, 600):
        pay_at(gateway, account_id, minutes)

    backdated = features_of(pay_at(gateway, account_id, 20))
    afterwards = features_of(pay_at(gateway, account_id, 610))

    assert backdated["payments_1h"] == 2
    assert backdated["seconds_since_last"] == 600
    assert (afterwards["payments_1h"], afterwards["payments_24h"]) == (1, 4)


def test_an_emptied_redis_changes_no_feature(gateway, event_loop_thread):
    account_id = gateway.open_account("100000.00")
    for minutes in range(3):
        pay_at(gateway, account_id, minutes)

    event_loop_thread.run(forget(account_id))

    assert features_of(pay_at(gateway, account_id, 4))["payments_1h"] == 3


def test_a_redis_that_is_behind_is_brought_up_to_date(gateway, event_loop_thread):
    account_id = gateway.open_account("100000.00")
    pay_at(gateway, account_id, 0)
    old = event_loop_thread.run(stored_history(account_id))
    pay_at(gateway, account_id, 1)

    event_loop_thread.run(store_history(account_id, old))

    assert features_of(pay_at(gateway, account_id, 2))["payments_1h"] == 2


@pytest.fixture
def without_redis(gateway, monkeypatch):
    """Port 1 answers nobody: a real refused connection, not a stand-in."""
    monkeypatch.setattr("sentinel.ops.connections.redis_line", partial(redis_connect, "redis://127.0.0.1:1/0"))


def test_without_redis_payments_go_on_and_say_so(gateway, without_redis):
    account_id = gateway.open_account("100000.00")
    pay_at(gateway, account_id, 0)

    receipt = pay_at(gateway, account_id, 1)

    assert receipt["outcome"] == "approve"
    assert REDIS_DOWN in receipt["degraded"]
    assert features_of(receipt)["payments_1h"] == 1


def test_without_redis_the_past_of_an_account_is_not_read_again_for_each_payment(gateway, without_redis, monkeypatch):
    account_id = gateway.open_account("100000.00")
    read = []

    async def loaded(*of, **told):
        read.append(of)
        return await past_payments_load(*of, **told)

    monkeypatch.setattr(contexts, "past_payments_load", loaded)

    seen = [features_of(pay_at(gateway, account_id, minutes))["payments_1h"] for minutes in range(4)]

    assert (seen, len(read)) == ([0, 1, 2, 3], 1)


def test_what_another_process_wrote_while_redis_was_away_is_read_from_the_ledger(gateway, without_redis, monkeypatch):
    account_id = gateway.open_account("100000.00")
    pay_at(gateway, account_id, 0)
    here = contexts._copies
    monkeypatch.setattr(contexts, "_copies", AccountCopies())
    pay_at(gateway, account_id, 1)
    monkeypatch.setattr(contexts, "_copies", here)

    assert features_of(pay_at(gateway, account_id, 2))["payments_1h"] == 2


async def forget(account_id):
    await redis_ask([("DEL", redis_key("account", account_id))])


async def stored_history(account_id):
    return (await redis_ask([("GET", redis_key("account", account_id))]))[0]


async def store_history(account_id, data):
    await redis_ask([("SET", redis_key("account", account_id), data)])


def high_payments(*amounts: int, hours: int = 1, later_hours: float = 0) -> list[int]:
    """So many hours apart; counted when the last one was made, or later."""
    moments = [START.timestamp() + 3600 * hours * place for place in range(len(amounts))]
    past = [PastPayment(place + 1, at, amounts[place]) for place, at in enumerate(moments)]
    history = AccountHistory.from_bytes(AccountHistory.of(past).to_bytes())
    assert history is not None
    return history.high_payments(moments[-1] + 3600 * later_hours)


def test_payments_are_high_against_what_was_usual_at_their_time():
    assert high_payments(100, 100, 100, 301) == [1, 1, 1]
    assert high_payments(100, 100, 100, 300) == [0, 0, 0]  # not over three times
    assert high_payments(100, 100, 301) == [0, 0, 0]  # nobody knows the habits yet
    assert high_payments(100, 100, 100, 301, 301) == [1, 1, 1]  # the second one is usual by then


def test_high_payments_are_counted_in_windows():
    assert high_payments(100, 100, 100, 301, later_hours=25) == [0, 1, 1]
    assert high_payments(100, 100, 100, 301, later_hours=8 * 24) == [0, 0, 1]
    assert high_payments(100, 100, 100, 301, later_hours=15 * 24) == [0, 0, 0]


def test_a_backdated_payment_is_not_high():
    past = [PastPayment(seq, START.timestamp() + 3600 * seq, 100) for seq in (1, 2, 3)]
    backdated = PastPayment(4, START.timestamp() + 3600, 1000)

    assert AccountHistory.of([*past, backdated]).high_payments(START.timestamp() + 4 * 3600) == [0, 0, 0]
