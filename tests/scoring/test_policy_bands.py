"""Thresholds by channel and amount: which band judges a payment, what cannot be saved, and what only tightens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.domain.policy import Band, Policy, Thresholds, is_tighter, unreachable_bands
from scoring.domain.policy_json import policy_errors, policy_from
from scoring.domain.policy_words import band_words, compare_policies, policy_sentence
from sentinel.core.outcomes import Outcome
from tests.scoring.policies import bands, payments, policies, scores

ONLINE = {"channels": ["ecommerce"], "currency": "INR", "amount_from": "5000.00", "review_percentile": 0.9}
TOLD = {
    "review_percentile": 0.99,
    "decline_probability": 0.95,
    "degraded_review_above": {"INR": "5000.00"},
    "bands": [ONLINE],
}


def reviews(policy: Policy, percentile: float, **payment) -> bool:
    told = {"channel": "ecommerce", "currency": "INR", "amount_minor": 500_000, **payment}
    return policy.outcome(None, percentile, **told) is Outcome.REVIEW


def test_a_band_stands_in_for_the_thresholds_it_names():
    policy = policy_from(3, TOLD)

    assert reviews(policy, 0.9)
    assert policy.outcome(0.95, 0.1, channel="ecommerce", currency="INR", amount_minor=500_000) is Outcome.DECLINE


@pytest.mark.parametrize(
    "other",
    [{"amount_minor": 499_999}, {"channel": "pos"}, {"channel": None}, {"currency": "EUR"}],
)
def test_a_band_leaves_other_payments_alone(other):
    assert not reviews(policy_from(3, TOLD), 0.9, **other)
    assert reviews(policy_from(3, TOLD), 0.99, **other)


def test_the_first_band_that_fits_counts():
    wide, narrow = {"review_percentile": 0.5}, ONLINE

    assert reviews(policy_from(1, {**TOLD, "bands": [narrow, wide]}), 0.5) is False
    assert reviews(policy_from(1, {**TOLD, "bands": [narrow, wide]}), 0.5, channel="pos") is True


def test_a_policy_of_before_there_were_bands_reads_as_it_was():
    policy = policy_from(1, {"review_percentile": 0.995, "degraded_review_above": {"INR": "5000.00"}})

    assert policy == Policy(1, review_percentile=0.995, degraded_review_above=(("INR", "5000.00"),))


def test_words():
    policy = policy_from(3, TOLD)

    assert policy_sentence(policy) == (
        "Decline from fraud probability 0.95; review from score percentile 0.99. 1 band beside."
    )
    assert band_words(policy.bands[0]) == "online payments from 5,000 INR"
    assert policy_sentence(Policy(0)) == "Only rules decide."


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"amount_from": None}, "online payments in INR"),
        ({"amount_from": None, "amount_below": "100"}, "online payments below 100 INR"),
        ({"amount_below": "9000"}, "online payments from 5,000 INR below 9,000 INR"),
    ],
)
def test_a_band_says_which_payments_it_judges(change, words):
    assert band_words(policy_from(3, {**TOLD, "bands": [{**ONLINE, **change}]}).bands[0]) == words


def test_a_comparison_says_what_changed_only():
    after = policy_from(4, {**TOLD, "review_percentile": 0.98})

    changed = [
        (line.mark, line.words) for line in compare_policies(policy_from(3, TOLD), after) if line.mark != "same"
    ]

    assert changed == [
        ("removed", "all payments: decline from fraud probability 0.95; review from score percentile 0.99"),
        ("added", "all payments: decline from fraud probability 0.95; review from score percentile 0.98"),
    ]


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"review_percentile": 1.5}, "review_percentile", "from 0.0 to 1.0"),
        ({"review_percentile": "0.9"}, "review_percentile", "from 0.0 to 1.0"),
        ({"review_percentile": float("nan")}, "review_percentile", "from 0.0 to 1.0"),
        ({"review_score": 0.5}, "review_score", "Known are"),
        ({"decline_percentile": 0.99}, "decline_percentile", "No score percentile would lead to a review"),
        ({"degraded_review_above": {"INR": "5000.001"}}, "degraded_review_above.INR", "INR has 2 decimals"),
        ({"degraded_review_above": {"INR": "-5"}}, "degraded_review_above.INR", "not negative"),
        ({"degraded_review_above": ["INR"]}, "degraded_review_above", "one amount for each currency"),
        ({"bands": {"a": 1}}, "bands", "a list"),
        ({"bands": [ONLINE] * 51}, "bands", "at most 50"),
        ({"bands": [{**ONLINE, "channels": ["fax"]}]}, "bands.1.channels", "“fax” is no channel"),
        ({"bands": [{**ONLINE, "channels": "atm"}]}, "bands.1.channels", "a list"),
        ({"bands": [{**ONLINE, "channels": ["pos", *["ecommerce"] * 9]}]}, "bands.1.channels", "more than once"),
        ({"bands": [{**ONLINE, "currency": "XXX"}]}, "bands.1.currency", "not an ISO 4217 currency"),
        ({"bands": [{"amount_from": "5", "review_percentile": 0.9}]}, "bands.1.currency", "in which currency"),
        ({"bands": [{**ONLINE, "amount_from": "5.001"}]}, "bands.1.amount_from", "INR has 2 decimals"),
        ({"bands": [{**ONLINE, "amount_below": "5000"}]}, "bands.1.amount_below", "No amount is in the band"),
        ({"bands": [{"channels": ["atm"]}]}, "bands.1.review_percentile", "at least one threshold"),
        ({"bands": [{**ONLINE, "colour": "red"}]}, "bands.1.colour", "Known are"),
        ({"bands": [{**ONLINE, "decline_percentile": 0.9}]}, "bands.1.decline_percentile", "No score percentile"),
        ({"bands": [{"review_percentile": 0.9}, ONLINE]}, "bands.2.channels", "No payment reaches this band"),
    ],
)
def test_what_cannot_be_is_named_with_its_field(change, field, words):
    errors = policy_errors({**TOLD, **change})

    assert [error.field for error in errors] == [field]
    assert words in errors[0].message


def test_a_policy_that_can_be_has_no_errors():
    assert policy_errors(TOLD) == []
    assert policy_errors({**TOLD, "bands": [{**ONLINE, "amount_below": "9000"}]}) == []
    assert policy_errors([]) != []


def test_two_bands_together_may_cover_a_third():
    below, above = {"amount_below": "5000.00"}, {"amount_from": "5000.00"}
    halves = [{"currency": "INR", "review_percentile": 0.9, **half} for half in (below, above)]

    errors = policy_errors({"bands": [*halves, ONLINE]})

    assert [(error.field, error.code) for error in errors] == [("bands.3.channels", "unreachable")]


@given(st.lists(bands(), max_size=4).map(tuple), payments)
def test_no_payment_is_judged_by_an_unreachable_band(chosen, payment):
    policy = Policy(1, bands=chosen)
    band = policy.band_for(**payment)

    assert band is None or chosen.index(band) not in unreachable_bands(chosen)


@given(policies(), policies(), payments, scores, scores)
def test_a_tighter_policy_is_never_milder(new, old, payment, probability, percentile):
    if is_tighter(new, old):
        assert new.outcome(probability, percentile, **payment) >= old.outcome(probability, percentile, **payment)
        without_model = payment["amount_minor"], payment["currency"]
        assert new.reviews_without_model(*without_model) or not old.reviews_without_model(*without_model)


@given(policies())
def test_a_policy_is_as_tight_as_itself(policy):
    assert is_tighter(policy, policy)


def test_what_is_milder_somewhere_is_not_tighter():
    strict = Policy(1, review_percentile=0.9)
    band = Band(Thresholds(review_percentile=0.95), channels=("atm",))

    assert is_tighter(Policy(2, review_percentile=0.8), strict)
    assert not is_tighter(Policy(2, review_percentile=0.8, bands=(band,)), strict)
    assert not is_tighter(Policy(2, decline_percentile=0.8), strict)
    assert not is_tighter(Policy(2, review_percentile=0.9, degraded_review_above=(("INR", "5"),)), strict)
