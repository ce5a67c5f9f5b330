"""Rules and model on their own, timed in this process: microseconds per payment in a group, one thread."""

import time
from collections.abc import Callable
from datetime import timedelta
from statistics import median
from typing import Any

import joblib
from django.utils import timezone

from bench.rulesets import realistic_rules
from ledger.domain.payments import AccountProfile, AccountStatus, PaymentRequest, TransactionType
from rules.domain.compiler import compile_ruleset
from scoring.domain.features import describe
from scoring.domain.history import AccountHistory, PastPayment
from scoring.domain.snapshots import columns_of
from scoring.models import ModelVersion
from scoring.selectors.models import model_folder, model_load
from scoring.serving.artefact import PIPELINE_FILE
from sentinel.core.catalogue import Values, pack

GROUP = 64
_PAST_PAYMENTS = 30


def rules_figures(seconds: float) -> dict[str, float]:
    """Both passes of 50 and of 200 rules over a group of everyday payments."""
    group = described_payments()
    found = {}
    for count in (50, 200):
        ruleset = compile_ruleset(realistic_rules(count), {})

        def evaluate(ruleset: Any = ruleset) -> None:
            for values in group:
                ruleset.evaluate(values, second_pass=False)
                ruleset.evaluate(values, second_pass=True)

        found[f"us_{count}"] = microseconds(evaluate, seconds / 2) / GROUP
    return found


def model_figures(seconds: float) -> dict[str, float]:
    """The champion on a group, against scikit-learn's own call on one row of the very pipeline it was made from."""
    row = ModelVersion.objects.get(state=ModelVersion.State.CHAMPION, family=ModelVersion.Family.CARD)
    champion, pipeline = model_load(row), joblib.load(model_folder(row.version) / PIPELINE_FILE)["forest"]
    snapshots = [pack(values) for values in described_payments()]
    one = columns_of(snapshots[:1])
    return {
        "us_per_row": microseconds(lambda: champion.score(snapshots), seconds / 2) / GROUP,
        "sklearn_us": microseconds(lambda: pipeline.score_samples(one), seconds / 2),
    }


def microseconds(work: Callable[[], object], seconds: float) -> float:
    """The median time of a call, called for this long, at least five times; the first call is not counted."""
    work()
    took: list[float] = []
    ends_at = time.perf_counter() + seconds
    while len(took) < 5 or time.perf_counter() < ends_at:
        started = time.perf_counter()
        work()
        took.append((time.perf_counter() - started) * 1e6)
    return median(took)


def described_payments() -> list[Values]:
    """A group of payments by different accounts with a month of history each."""
    return [_described(number) for number in range(GROUP)]


def _described(number: int) -> Values:
    now = timezone.now()
    profile = AccountProfile(
        account_id=f"acc_{number}", currency="INR", home_country="IN", home_zone="Asia/Kolkata",
        status=AccountStatus.ACTIVE, risk="normal", opened_at=now - timedelta(days=400), livemode=True, version=1,
        granted_to=frozenset(),
    )  # fmt: skip
    past = [
        PastPayment(
            seq=place + 1,
            occurred_at_seconds=(now - timedelta(hours=22 * (_PAST_PAYMENTS - place))).timestamp(),
            amount_minor=40_000 + 1_700 * ((place * 7 + number) % 11),
            merchant_id=f"m_{(place + number) % 6}",
            latitude=19.08,
            longitude=72.88,
        )
        for place in range(_PAST_PAYMENTS)
    ]
    request = PaymentRequest(
        account_id=profile.account_id, amount_minor=45_000 + 100 * number, currency="INR",
        transaction_type=TransactionType.PURCHASE, occurred_at=now, channel="ecommerce",
        merchant_id=f"m_{number % 6}", merchant_name="Corner Books", merchant_category="5942", merchant_country="IN",
        card_token="tok_9f",  # noqa: S106
        card_bin="411111", card_last4="1111", device_id="dev_31", ip_address="203.0.113.9",
        location_country="IN", location_city="Mumbai", latitude=19.09, longitude=72.87,
    )  # fmt: skip
    return describe(request, profile, AccountHistory.of(past))
