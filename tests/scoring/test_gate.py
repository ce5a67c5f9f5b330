"""The gate: what lets a challenger pass, and the one line that refuses it."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from scoring.domain.gate import Verdict, judge
from scoring.domain.gate_rows import GateInputError
from scoring.domain.leaks import StrongestInput, ap_limit, strongest_input
from tests.scoring.gates import CHALLENGER, CHAMPION, FACTS, UNSUPERVISED, measured_rows, taken, with_frauds

ROWS = measured_rows()
MOMENT = timedelta(seconds=1)


def failed(verdict: Verdict) -> list[str]:
    return [line.code for line in verdict.failed]


def words(verdict: Verdict, code: str) -> str:
    return next(line.words for line in verdict.lines if line.code == code)


def test_a_better_challenger_passes_every_line_in_order():
    verdict = judge(ROWS, FACTS)

    assert verdict.passed
    assert (verdict.needs_approval, verdict.proposed_threshold) == (False, None)
    assert [line.code for line in verdict.lines] == [
        "frauds",
        "window_later",
        "window_matured",
        "training_matured",
        "training_frauds",
        "average_precision",
        "card_precision",
        "recall",
        "calibration",
        "alerts",
        "segment.new_card",
        "segment.night",
        "parity",
        "latency",
        "inputs",
        "leak.model",
        "leak.input",
    ]


def test_the_same_model_again_passes_without_any_difference():
    verdict = judge(replace(ROWS, champion=ROWS.challenger), FACTS)

    assert verdict.passed
    assert "+0.0000, 95 % interval +0.0000 to +0.0000" in words(verdict, "average_precision")


@pytest.mark.parametrize("decimals", [1, 4])
def test_the_order_of_the_payments_says_nothing(decimals):
    tied = replace(ROWS, champion=ROWS.champion.round(decimals), challenger=ROWS.challenger.round(decimals))
    order = np.random.default_rng(5).permutation(len(ROWS))

    assert judge(taken(tied, order), FACTS) == judge(tied, FACTS)


def test_a_worse_challenger_is_refused():
    verdict = judge(replace(ROWS, champion=ROWS.challenger, challenger=ROWS.champion), FACTS)

    assert {"average_precision", "card_precision", "recall"} <= set(failed(verdict))


def test_a_difference_that_chance_explains_is_refused_although_it_is_above_zero():
    # Of two models that see equally little, one is better by luck.
    chance = np.random.default_rng(8)
    jitter = np.clip(ROWS.challenger + chance.normal(0, 0.02, len(ROWS)), 0, 1)
    other = np.clip(ROWS.challenger + chance.normal(0, 0.02, len(ROWS)), 0, 1)
    found = [
        judge(replace(ROWS, champion=one, challenger=two), FACTS) for one, two in ((jitter, other), (other, jitter))
    ]

    assert all("average_precision" in failed(verdict) for verdict in found)
    assert any(": +0.0" in words(verdict, "average_precision") for verdict in found)


def test_a_hundred_matured_frauds_are_needed():
    assert "frauds" not in failed(judge(with_frauds(ROWS, 100), FACTS))
    verdict = judge(with_frauds(ROWS, 99), FACTS)

    assert "frauds" in failed(verdict)
    assert words(verdict, "frauds") == "99 matured frauds; at least 100 are needed."
    assert not verdict.needs_approval


def test_without_any_fraud_nothing_is_ranked_and_the_gate_is_closed():
    verdict = judge(with_frauds(ROWS, 0), FACTS)

    assert "frauds" in failed(verdict)
    assert "average_precision" not in [line.code for line in verdict.lines]


class TestWhileTheChampionIsUnsupervised:
    early = replace(FACTS, champion=UNSUPERVISED)

    def test_twenty_frauds_suffice_if_a_person_approves(self):
        verdict = judge(with_frauds(ROWS, 40), self.early)

        assert {"frauds", "average_precision"}.isdisjoint(failed(verdict))
        assert verdict.needs_approval
        assert "its lower end at least 0.000" in words(verdict, "average_precision")

    @pytest.mark.parametrize(("frauds", "is_enough"), [(19, False), (20, True)])
    def test_fewer_do_not(self, frauds, is_enough):
        verdict = judge(with_frauds(ROWS, frauds), self.early)

        assert ("frauds" not in failed(verdict)) is is_enough
        assert verdict.needs_approval is is_enough

    def test_from_a_hundred_on_nobody_needs_to_approve(self):
        assert not judge(with_frauds(ROWS, 100), self.early).needs_approval

    def test_the_lower_bound_may_not_be_below_zero(self):
        few = with_frauds(ROWS, 40)
        slightly_worse = few.challenger - 0.2 * (np.arange(len(few)) == np.argmax(few.challenger * few.is_fraud))
        rows = replace(few, champion=few.challenger, challenger=np.clip(slightly_worse, 0, 1))

        assert "average_precision" in failed(judge(rows, self.early))

    def test_frauds_of_one_card_prove_nothing(self):
        few = with_frauds(ROWS, 40)
        verdict = judge(replace(few, card=np.where(few.is_fraud, -1, few.card)), self.early)

        assert "average_precision" in failed(verdict)
        assert "95 % interval -1.0000" in words(verdict, "average_precision")

    def test_its_threshold_is_on_another_scale_so_one_is_proposed(self):
        percentiles = (np.argsort(np.argsort(ROWS.champion)) / len(ROWS)).round(4)
        verdict = judge(replace(ROWS, champion=percentiles), replace(self.early, alert_threshold=0.995))

        wanted = int((percentiles >= 0.995).sum())
        assert "alerts" not in failed(verdict)
        assert (ROWS.challenger >= (verdict.proposed_threshold or 0)).sum() == pytest.approx(wanted, rel=0.2)
        assert words(verdict, "alerts").startswith("The champion's threshold is on another scale")


def test_a_model_of_another_kind_brings_its_own_threshold_even_if_the_live_one_keeps_the_alerts():
    assert judge(ROWS, FACTS).proposed_threshold is None
    assert judge(ROWS, replace(FACTS, champion=UNSUPERVISED)).proposed_threshold is not None


def test_an_overconfident_challenger_is_refused():
    verdict = judge(replace(ROWS, challenger=np.minimum(1, ROWS.challenger * 2)), FACTS)

    assert failed(verdict) == ["calibration"]


def test_an_unsupervised_challenger_promises_no_probability():
    verdict = judge(ROWS, replace(FACTS, challenger=replace(CHALLENGER, is_supervised=False, trained_frauds=0)))

    assert {"calibration", "training_frauds"}.isdisjoint(line.code for line in verdict.lines)


def test_a_challenger_with_other_alerts_brings_the_threshold_that_keeps_them():
    bolder = ROWS.challenger**0.5
    verdict = judge(replace(ROWS, champion=ROWS.challenger, challenger=bolder), FACTS)

    wanted = (ROWS.challenger >= FACTS.alert_threshold).sum()
    assert "alerts" not in failed(verdict)
    assert (bolder.round(4) >= (verdict.proposed_threshold or 0)).sum() == wanted
    assert str(verdict.proposed_threshold) in words(verdict, "alerts")


@pytest.mark.parametrize(("alerts", "is_proposed"), [(79, True), (80, False), (120, False), (121, True)])
def test_a_fifth_more_or_fewer_alerts_are_no_other_volume(alerts, is_proposed):
    places = np.arange(len(ROWS))
    champion = np.where(places < 100, 0.9, 0.1)
    challenger = np.where(places < alerts, 0.9 - places * 0.001, 0.2 - places * 5e-6)
    verdict = judge(replace(ROWS, champion=champion, challenger=challenger), FACTS)

    assert (verdict.proposed_threshold is not None) is is_proposed


def test_no_threshold_keeps_the_alerts_of_a_challenger_that_says_the_same_of_all():
    verdict = judge(replace(ROWS, challenger=np.full(len(ROWS), 0.5)), FACTS)

    assert "alerts" in failed(verdict)
    assert verdict.proposed_threshold is None


def test_a_segment_that_loses_recall_refuses_and_a_small_one_does_not():
    blind = np.where(ROWS.segments["night"], ROWS.challenger * 0.2, ROWS.challenger)
    small = np.cumsum(ROWS.segments["night"] & ROWS.is_fraud) <= 29
    rows = replace(ROWS, challenger=blind)

    assert "segment.night" in failed(judge(rows, FACTS))
    assert "segment.new_card" not in failed(judge(rows, FACTS))
    few = judge(replace(rows, segments={"night": ROWS.segments["night"] & small}), FACTS)
    assert words(few, "segment.night") == "29 frauds, fewer than 30: too few to judge."
    assert "segment.night" not in failed(few)


@pytest.mark.parametrize(
    ("code", "at_the_limit", "beyond"),
    [
        ("parity", {"parity_difference": 1e-6}, {"parity_difference": 1.1e-6}),
        ("parity", {"parity_rows": 1000}, {"parity_rows": 999}),
        ("latency", {"latency_us": 30.0}, {"latency_us": 30.1}),
        ("latency", {}, {"latency_us": float("nan")}),
        ("inputs", {}, {"served_inputs_sha256": "other"}),
        ("window_later", {}, {"window_start": CHALLENGER.trained_until}),
        ("window_later", {}, {"champion": replace(CHAMPION, trained_until=FACTS.window_start)}),
        ("window_matured", {}, {"window_end": FACTS.window_end + MOMENT}),
        ("training_matured", {}, {"challenger": replace(CHALLENGER, labels_until=CHALLENGER.labels_until - MOMENT)}),
        (
            "training_frauds",
            {"challenger": replace(CHALLENGER, trained_frauds=20)},
            {"challenger": replace(CHALLENGER, trained_frauds=19)},
        ),
        ("leak.input", {}, {"strongest_input": StrongestInput("merchant_frauds_7d", 0.63)}),
    ],
)
def test_a_fact_beyond_its_limit_refuses_alone(code, at_the_limit, beyond):
    assert judge(ROWS, replace(FACTS, **at_the_limit)).passed
    assert failed(judge(ROWS, replace(FACTS, **beyond))) == [code]


def test_a_challenger_that_knows_the_answer_is_not_believed():
    verdict = judge(replace(ROWS, challenger=np.where(ROWS.is_fraud, 0.99, ROWS.challenger * 0.5)), FACTS)

    assert "leak.model" in failed(verdict)
    assert "a label that was known too early" in words(verdict, "leak.model")


def test_the_limit_of_belief_grows_with_the_share_of_fraud():
    assert ap_limit(385 / 58_264, 0.80) == pytest.approx(0.8013, abs=1e-4)  # the published split
    assert ap_limit(0.5, 0.80) == pytest.approx(0.9)


def test_the_strongest_input_is_found_by_high_and_by_low_values():
    truth = np.array([True, False, False, False])
    inputs = {"high": np.array([3.0, 4, 1, 2]), "low": np.array([0.1, 0.4, np.nan, 0.2]), "same": np.ones(4)}

    assert strongest_input(truth, inputs) == StrongestInput("low", 1.0)
    assert strongest_input(truth, {"high": inputs["high"]}) == StrongestInput("high", 0.5)
    assert strongest_input(truth, {"gone": np.array([np.nan, 1, 2, 2])}) == StrongestInput("gone", 0.25)


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("card", ROWS.card[:-1]),
        ("champion", np.where(ROWS.is_fraud, np.nan, ROWS.champion)),
        ("challenger", ROWS.challenger * 100),
        ("is_fraud", ROWS.is_fraud.astype(int)),
    ],
)
def test_payments_that_cannot_be_compared_are_refused_by_the_name_of_their_column(name, column):
    with pytest.raises(GateInputError, match=rf"^{name}: "):
        replace(ROWS, **{name: column})


def test_a_segment_of_another_length_and_no_payments_at_all_are_refused():
    with pytest.raises(GateInputError, match=r"^segments\.night: 1 values for 40000 payments"):
        replace(ROWS, segments={"night": np.array([True])})
    with pytest.raises(GateInputError, match=r"^is_fraud: there are no payments"):
        taken(ROWS, np.empty(0, dtype=int))
