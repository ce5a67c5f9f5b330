"""A group of payments gets the verdicts that its members get alone."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from bench.rulesets import realistic_rules
from ledger.domain.decisions import Verdict
from ledger.domain.payments import PaymentRequest, TransactionType
from rules.domain.compiler import compile_ruleset
from scoring.domain.assess import MODEL_MISSING, RULE_FAILED
from scoring.domain.dataset import Dataset
from scoring.domain.policy import Policy
from scoring.services.assessing import Described, assess_group
from scoring.services.configuration import Configuration
from scoring.serving.champion import Champion
from sentinel.core.catalogue import FIELDS, INDEX, Values, unpack
from sentinel.core.outcomes import Action

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
POLICY = Policy(1, review_percentile=0.995, degraded_review_above=(("INR", "5000.00"),))


def configuration(champion: Champion | None) -> Configuration:
    return Configuration(1, compile_ruleset(realistic_rules(51), {}), POLICY, champion)


def described(snapshot: bytes, chance: random.Random) -> Described:
    known = unpack(snapshot) | {"amount_vs_usual_30d": chance.choice([1.0, 2.0, 12.0]), "channel": "ecommerce"}
    kind = chance.choice(list(TransactionType))
    request = PaymentRequest("acc_a", int(known["amount"] or 0), "INR", kind, NOW)
    return Described(request, tuple(known.get(field.name) for field in FIELDS))


@pytest.fixture
def group(snapshots: list[bytes]) -> list[Described]:
    chance = random.Random(5)
    return [described(each, chance) for each in chance.sample(snapshots, 300)]


def alone(group: Sequence[Described], configuration: Configuration) -> list[Verdict]:
    return [assess_group([each], configuration, degraded=["redis_unavailable"])[0] for each in group]


@pytest.mark.parametrize("size", [1, 2, 64, 65, 300])
def test_a_group_is_its_members_one_by_one(champion: Champion, group: list[Described], size: int) -> None:
    here = configuration(champion)

    verdicts = assess_group(group[:size], here, degraded=["redis_unavailable"])

    assert verdicts == alone(group[:size], here)
    if size == 300:
        kinds = {reason.kind for verdict in verdicts for reason in verdict.reasons}
        assert kinds == {"rule", "model", "policy"}


def test_the_order_of_a_group_does_not_matter(champion: Champion, group: list[Described]) -> None:
    here = configuration(champion)
    shuffled = random.Random(9).sample(range(len(group)), len(group))

    verdicts = assess_group([group[place] for place in shuffled], here)

    in_order = assess_group(group, here)
    assert verdicts == [in_order[place] for place in shuffled]


def test_money_coming_in_is_not_scored(champion: Champion, group: list[Described]) -> None:
    for each, verdict in zip(group, assess_group(group, configuration(champion)), strict=True):
        is_top_up = each.request.transaction_type is TransactionType.TOP_UP
        assert (verdict.score_percentile is None) == is_top_up
        assert MODEL_MISSING not in verdict.degraded


def test_without_a_model_the_group_is_decided_all_the_same(group: list[Described]) -> None:
    here = configuration(None)

    assert assess_group(group, here) == [assess_group([each], here)[0] for each in group]


def test_no_payments_have_no_verdicts(champion: Champion) -> None:
    assert assess_group([], configuration(champion)) == []


def test_a_rule_that_raises_for_one_payment_does_not_touch_the_others(
    champion: Champion, group: list[Described]
) -> None:
    values = list(group[3].values)
    values[INDEX["merchant_name"]] = 5  # text rules cannot read a number
    spoilt = [*group[:3], Described(group[3].request, tuple(values)), *group[4:8]]

    verdicts = assess_group(spoilt, configuration(champion))

    assert [RULE_FAILED in verdict.degraded for verdict in verdicts] == [place == 3 for place in range(8)]


def test_realistic_rules_are_the_same_each_time_and_seldom_hit(dataset: Dataset) -> None:
    assert realistic_rules(200) == realistic_rules(200)
    assert realistic_rules(200)[:50] == realistic_rules(50)
    assert len({rule.code for rule in realistic_rules(200)}) == 200
    ruleset = compile_ruleset(realistic_rules(50), {})

    hits = [ruleset.evaluate(values_of(row.tobytes()), second_pass=False).hits for row in dataset.columns[-4000:]]
    reviewed = sum(1 for found in hits if {hit.action for hit in found} == {Action.REVIEW})
    declined = sum(1 for found in hits if Action.DECLINE in {hit.action for hit in found})

    assert 0.002 < reviewed / len(hits) < 0.03
    assert 0 < declined / len(hits) < 0.005


def values_of(snapshot: bytes) -> Values:
    known = unpack(snapshot)
    return tuple(known.get(field.name) for field in FIELDS)
