from scoring.domain import classifier_inputs
from scoring.domain.forest_inputs import INPUT_NAMES
from scoring.domain.model_words import describe_field, describe_habit
from scoring.domain.scores import Contribution
from scoring.serving.champion import ANOMALY_FALL_MIN, Champion
from scoring.serving.reasons import REASONS_MAX
from sentinel.core.catalogue import unpack
from tests.scoring.payments import large_payment, snapshot


def reasons_of(champion: Champion, payment: bytes) -> list[Contribution]:
    return champion.explain([payment])[0]


def test_an_ordinary_payment_has_no_reason(champion: Champion) -> None:
    assert reasons_of(champion, snapshot()) == []


def test_a_large_amount_is_told_in_usual_amounts(champion: Champion) -> None:
    reason = reasons_of(champion, large_payment(12.0))[0]

    assert reason.code == "model.amount_vs_history"
    assert reason.words == "12 times this account's usual amount"
    assert (reason.value, reason.usual) == (12.0, 1.0)


def test_a_burst_of_payments_is_told_with_the_usual_number(champion: Champion) -> None:
    reason = reasons_of(champion, snapshot(payments_1h=15, payments_24h=16, payments_7d=22, amount_1h=10_00))[0]

    assert reason.code == "model.velocity"
    assert reason.value > reason.usual


def test_one_large_payment_is_not_told_twice(champion: Champion) -> None:
    codes = [reason.code for reason in reasons_of(champion, large_payment(12.0))]

    assert codes == ["model.amount_vs_history"]


def test_heavy_spending_is_told_by_its_sum(champion: Champion) -> None:
    reason = reasons_of(champion, snapshot(amount_1h=1_000_00, amount_24h=1_050_00, amount_7d=1_350_00))[0]

    assert reason.code == "model.velocity"
    assert "this account's usual amount spent within" in reason.words


def test_a_large_night_payment_names_the_night(champion: Champion) -> None:
    codes = {reason.code for reason in reasons_of(champion, large_payment(5.0, is_night=True, hour=2))}

    assert "model.time_of_day" in codes


def test_reasons_are_few_strongest_first_and_only_raise(champion: Champion, snapshots: list[bytes]) -> None:
    for each in snapshots[:100]:
        contributions = [reason.contribution for reason in reasons_of(champion, each)]

        assert len(contributions) <= REASONS_MAX
        assert contributions == sorted(contributions, reverse=True)
        assert all(contribution >= ANOMALY_FALL_MIN for contribution in contributions)


def test_the_group_never_changes_a_reason(champion: Champion, snapshots: list[bytes]) -> None:
    group = [*snapshots[:80], large_payment(12.0), snapshot(amount_1h=1_000_00, amount_24h=1_050_00)]

    assert champion.explain(group) == [reasons_of(champion, each) for each in group]
    assert champion.explain([]) == []


def test_every_input_has_words() -> None:
    values = unpack(snapshot(amount_1h=60_00, amount_24h=60_00, distance_km=700.0, speed_kmh=950.0))
    for name in INPUT_NAMES:
        described = describe_habit(name, values, 0.0)
        assert described is not None
        assert described[0][0].isupper() or described[0][0].isdigit()


def test_every_field_of_a_classifier_has_words() -> None:
    values = unpack(snapshot(is_night=True, merchant_is_new=True, distance_km=700.0, speed_kmh=950.0))
    told = [
        described[0]
        for name in classifier_inputs.INPUT_NAMES
        if (described := describe_field(name, values, 1.0)) is not None
    ]

    assert "The amount: 50 INR" in told
    assert "The account's payments in the last 24 hours: 1, usual is 1" in told
    assert "The merchant is new to the account (not seen for 90 days)" in told
    assert all(words[0].isupper() or words[0].isdigit() for words in told)


def test_what_is_missing_is_no_reason() -> None:
    assert describe_field("distance_km", unpack(snapshot()), 1.0) is None
    assert describe_field("merchant_is_new", unpack(snapshot()), 1.0) is None


def test_reasons_for_a_probability_come_before_those_for_strangeness(
    supervised: Champion, snapshots: list[bytes]
) -> None:
    scores = supervised.score(snapshots)
    likely = max(range(len(snapshots)), key=lambda place: scores[place].fraud_probability or 0)
    reasons = reasons_of(supervised, snapshots[likely])

    assert 0 < len(reasons) <= REASONS_MAX
    assert reasons[0].name in classifier_inputs.INPUT_NAMES
    assert len({reason.code for reason in reasons}) == len(reasons)
    assert supervised.explain(snapshots[:80]) == [reasons_of(supervised, each) for each in snapshots[:80]]
