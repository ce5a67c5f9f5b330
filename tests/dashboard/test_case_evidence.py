"""What a case page reckons: habits, journeys, the map's frame, usual values."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from dashboard.domain.habits import habits_of, nine_tenths, shortest_span
from dashboard.domain.journeys import Stop, legs_of, stays_of
from dashboard.domain.land import LAND
from dashboard.domain.map_frame import HEIGHT, WIDTH, frame_of, graticule
from dashboard.domain.past import History, Past
from dashboard.domain.usual_values import Values, fields_of_reason, usual_value
from sentinel.core.catalogue import BY_NAME

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
KOLKATA = ZoneInfo("Asia/Kolkata")
PAST = Past(
    id=UUID(int=1),
    occurred_at=NOON,
    amount_minor=10_000,
    currency="INR",
    transaction_type="purchase",
    channel="pos",
    merchant_id="m_17",
    merchant_name="Corner Books",
    merchant_category="5411",
    location_country="IN",
    counterparty_account_id=None,
    card_token="tok_1",
    device_id="dev_1",
    location_city="Mumbai",
    latitude=19.08,
    longitude=72.88,
    outcome="approve",
    is_fraud=None,
)
MUMBAI, PUNE, LAGOS = (19.08, 72.88, "Mumbai"), (18.52, 73.86, "Pune"), (6.52, 3.38, "Lagos")


def history(*, days: int = 10, **changes) -> History:
    before = [
        replace(PAST, id=UUID(int=100 + ago), occurred_at=NOON - timedelta(days=ago)) for ago in range(days, 0, -1)
    ]
    return History(before, replace(PAST, **changes), [])


def differences(found: History, **told) -> dict[str, str]:
    rows = habits_of(found, KOLKATA, **{"shows_personal": True, **told})
    return {row.name: row.differs for row in rows if row.differs}


def stop(hours: float, place) -> Stop:
    latitude, longitude, city = place
    return Stop(NOON + timedelta(hours=hours), latitude, longitude, city, "IN")


def test_a_payment_like_all_others_differs_in_nothing():
    assert differences(history()) == {}


def test_what_differs_is_named():
    unlike = history(
        amount_minor=95_000,
        location_country="NG",
        merchant_id="m_99",
        merchant_name="Far Shop",
        merchant_category="5732",
        channel="ecommerce",
        device_id="dev_9",
        card_token="tok_9",
        occurred_at=NOON.replace(hour=21),
    )

    assert differences(unlike) == {
        "Amount": "the largest, 9.5 times the median",
        "Country": "new",
        "With": "new",
        "Category": "new",
        "Channel": "new",
        "Time at home": "at an unusual hour",
        "Device": "new",
        "Card": "new",
    }


def test_habits_are_told_in_words():
    rows = {row.name: (row.usual, row.this) for row in habits_of(history(), KOLKATA, shows_personal=True)}

    assert rows["Amount"] == (
        "median 100 INR; nine of ten up to 100 INR; largest 100 INR",
        "100 INR",
    )
    assert rows["Country"] == ("India 100%", "India")
    assert rows["With"] == ("Corner Books 100%", "Corner Books")
    assert rows["Channel"] == ("shop 100%", "shop")
    assert rows["Time at home"] == ("17:00 to 17:59", "17:30")
    assert rows["Payments a day"] == ("1.0 on average; 1 at most", "the 1st of its day")
    assert rows["Device"] == ("1 device", "used 10 times before")


def test_cards_and_devices_are_never_named_and_left_out_for_whoever_may_not_see_them():
    names = {row.name for row in habits_of(history(), KOLKATA, shows_personal=False)}
    words = " ".join(f"{row.usual} {row.this}" for row in habits_of(history(), KOLKATA, shows_personal=True))

    assert not {"Device", "Card"} & names
    assert "dev_1" not in words
    assert "tok_1" not in words


def test_an_amount_within_the_largest_may_still_be_larger_than_nine_of_ten():
    found = history(amount_minor=15_000)
    found.before[0] = replace(found.before[0], amount_minor=20_000)

    assert differences(found) == {"Amount": "larger than nine of ten"}


def test_of_many_merchants_three_are_named():
    found = history(merchant_id="m_9")
    found.before[:] = [replace(past, merchant_id=f"m_{number}") for number, past in enumerate(found.before)]
    (habit,) = [row for row in habits_of(found, KOLKATA, shows_personal=True) if row.name == "With"]

    assert habit.usual.endswith(", and 7 more")


def test_with_two_payments_nothing_is_usual():
    assert habits_of(history(days=2), KOLKATA, shows_personal=True) == []


def test_declined_payments_and_frauds_are_no_habit():
    found = history(location_country="NG")
    stolen = [
        replace(PAST, location_country="NG", is_fraud=True),
        replace(PAST, location_country="NG", outcome="decline"),
    ]

    assert differences(History([*found.before, *stolen], found.this, []))["Country"] == "new"


def test_more_payments_than_on_any_day_are_told():
    found = history()
    burst = [replace(PAST, occurred_at=NOON - timedelta(minutes=minutes)) for minutes in (30, 20, 10)]

    assert differences(History([*found.before, *burst], found.this, [])) == {"Payments a day": "more than on any day"}


def test_what_was_not_told_is_not_called_new():
    assert differences(history(device_id=None, location_country=None)) == {}


def test_nine_of_ten_and_the_shortest_span_across_midnight():
    assert nine_tenths(range(1, 11)) == 9
    assert nine_tenths([7]) == 7
    assert shortest_span(Counter({22: 3, 23: 3, 0: 3, 1: 3})) == (22, 4)
    assert shortest_span(Counter({9: 50, 10: 45, 3: 1})) == (9, 2)


def test_payments_near_to_one_another_are_one_stay():
    stays = stays_of([stop(0, MUMBAI), stop(1, MUMBAI), stop(9, PUNE), stop(12, MUMBAI)])

    assert [(stay.first.city, len(stay.stops)) for stay in stays] == [("Mumbai", 2), ("Pune", 1), ("Mumbai", 1)]


@pytest.mark.parametrize(("hours", "is_impossible"), [(2, True), (20, False)])
def test_a_journey_is_timed_from_the_last_payment_to_the_first_of_the_next_place(hours, is_impossible):
    (leg,) = legs_of(stays_of([stop(-5, MUMBAI), stop(0, MUMBAI), stop(hours, LAGOS), stop(30, LAGOS)]))

    assert round(leg.km) == 7621
    assert leg.kmh == pytest.approx(leg.km / hours)
    assert leg.is_impossible is is_impossible


def test_a_short_way_in_no_time_is_not_impossible():
    (leg,) = legs_of(stays_of([stop(0, MUMBAI), stop(0, PUNE)]))

    assert leg.kmh > 5_000
    assert not leg.is_impossible


@pytest.mark.parametrize(
    "places",
    [[(72.9, 19.1)], [(72.9, 19.1), (3.4, 6.5)], [(-180, -60), (180, 84)], [(179, 80), (178, -50)], [(0, -90)]],
)
def test_the_frame_holds_all_places_and_no_more_than_the_world(places):
    frame = frame_of(places)

    assert frame.east - frame.west >= 60
    assert frame.west >= -180
    assert frame.east <= 180.001
    for longitude, latitude in places:
        across, down = frame.at((longitude, latitude))
        assert 0 <= across <= WIDTH
        assert 0 <= down <= HEIGHT or latitude < -60


def test_a_small_picture_has_a_finer_net():
    meridians, parallels = graticule(frame_of([(72.9, 19.1)]))

    assert meridians == [50.0, 60.0, 70.0, 80.0, 90.0, 100.0]
    assert parallels == [10.0, 20.0, 30.0]


def test_the_land_lies_on_the_globe():
    assert all(-180 <= longitude <= 180 and -90 <= latitude <= 90 for shape in LAND for longitude, latitude in shape)


def test_usual_values_are_those_of_the_snapshot():
    values: Values = {"usual_amount_30d": 5_000, "payments_30d": 60, "history_days": 30.0, "home_country": "IN"}

    assert usual_value("amount", values) == 5_000
    assert usual_value("payments_24h", values) == 2.0
    assert usual_value("amount_24h", values) == 10_000
    assert usual_value("location_country", values) == "IN"
    assert usual_value("device_is_new", values) is False
    assert usual_value("payments_24h", {"payments_30d": 0, "history_days": None}) is None
    assert usual_value("amount_24h", {"payments_30d": 60, "history_days": 30.0}) is None
    assert usual_value("speed_kmh", values) is None


def test_reasons_speak_of_fields_of_the_catalogue():
    reasons = ("amount_vs_history", "velocity", "merchant", "time_of_day", "travel", "card_and_device", "account")

    for reason in reasons:
        assert all(name in BY_NAME for name in fields_of_reason(f"model.{reason}", "model"))
        assert fields_of_reason(f"model.{reason}", "model")
    assert fields_of_reason("policy.score", "policy") == ("fraud_probability", "score_percentile")
    assert fields_of_reason("rule.far", "rule") == ()
