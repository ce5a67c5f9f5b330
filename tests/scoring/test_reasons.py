from scoring.domain.model_inputs import INPUT_NAMES
from scoring.domain.model_words import describe_input
from scoring.domain.scores import Contribution
from scoring.serving.champion import Champion
from scoring.serving.reasons import CONTRIBUTION_MIN, REASONS_MAX
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
    codes = {reason.code for reason in reasons_of(champion, large_payment(12.0, is_night=True, hour=2))}

    assert "model.time_of_day" in codes


def test_reasons_are_few_strongest_first_and_only_raise(champion: Champion, snapshots: list[bytes]) -> None:
    for each in snapshots[:100]:
        contributions = [reason.contribution for reason in reasons_of(champion, each)]

        assert len(contributions) <= REASONS_MAX
        assert contributions == sorted(contributions, reverse=True)
        assert all(contribution >= CONTRIBUTION_MIN for contribution in contributions)


def test_the_group_never_changes_a_reason(champion: Champion, snapshots: list[bytes]) -> None:
    group = [*snapshots[:80], large_payment(12.0), snapshot(amount_1h=1_000_00, amount_24h=1_050_00)]

    assert champion.explain(group) == [reasons_of(champion, each) for each in group]
    assert champion.explain([]) == []


def test_every_input_has_words() -> None:
    values = unpack(snapshot(amount_1h=60_00, amount_24h=60_00, distance_km=700.0, speed_kmh=950.0))
    for name in INPUT_NAMES:
        described = describe_input(name, values)
        assert described is not None
        assert described[0][0].isupper() or described[0][0].isdigit()
