"""A file is scored as its payments would have been decided live, one after the other."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from scoring.services.jobs.fetching import results_blocks
from scoring.services.jobs.steering import job_start
from scoring.services.jobs.working import job_work
from tests.gateway import purchase
from tests.rulesets import live_rules
from tests.scoring.jobs.conftest import job_folder  # noqa: F401 - files of the test's own
from tests.scoring.jobs.files import HEADER, uploaded

pytestmark = pytest.mark.journey

RULES: dict[str, Any] = {
    "review": {
        "combinator": "any",
        "conditions": [
            {"field": "payments_24h", "operator": "at_least", "value": 4},
            {"field": "merchant_is_new", "operator": "is_true"},
        ],
    },
    "decline": {"field": "amount_vs_usual_30d", "operator": "greater_than", "value": 3},
}
AMOUNTS = ("100.00", "120.00", "90.00", "900.00", "110.00", "80.00")


def scored(data: bytes, **fields) -> list[dict[str, str]]:
    job = uploaded(data, **fields)
    job_start(actor="tests", job=job, now=timezone.now())
    while job_work(job.pk):
        pass
    job.refresh_from_db()
    assert job.state == "done", job.error
    return list(csv.DictReader(io.StringIO(b"".join(results_blocks(job, may_explain=True)).decode())))


def told(answer: dict) -> tuple[str, set[str], float | None]:
    """Of a receipt or a score: outcome, reasons, percentile. What the money says is no matter of a file."""
    codes = {each["code"] for each in answer["reasons"] if each["kind"] not in ("account", "funds")}
    return answer["outcome"], codes, answer["score_percentile"]


def told_in_file(row: dict[str, str]) -> tuple[str, set[str], float | None]:
    score = row["score_percentile"]
    return row["outcome"], set(filter(None, row["reasons"].split("; "))), float(score) if score else None


def test_a_file_says_what_live_decisions_say_of_the_same_payments(gateway):
    start = timezone.now().replace(microsecond=0) - timedelta(hours=6)
    accounts = [
        gateway.open_account("1000000.00", opened_at=(start - timedelta(days=9)).isoformat()) for _ in range(3)
    ]
    for account_id in accounts[:2]:
        for number in range(3):
            at = (start + timedelta(minutes=number)).isoformat()
            gateway.pay(account_id, "100.00", occurred_at=at, merchant={"id": "m_old"})
    payments = [
        (account_id, amount, start + timedelta(hours=1, minutes=10 * number), f"m_{number % 2}")
        for number, amount in enumerate(AMOUNTS)
        for account_id in accounts
    ]
    lines = [
        f"T-{number},{account_id},{amount},INR,purchase,{at.isoformat()},{merchant}"
        for number, (account_id, amount, at, merchant) in enumerate(payments)
    ]
    with live_rules(**RULES):
        by_file = scored("\n".join([HEADER, *lines]).encode(), client=gateway.client)
        (first,) = gateway.post("score", {"items": [_body(*payments[0])]}).json()["results"]
        live = [gateway.post("transactions", _body(*payment)).json() for payment in payments]

    assert told_in_file(by_file[0]) == told(first)
    assert [told_in_file(row) for row in by_file] == [told(answer) for answer in live]
    assert {row["outcome"] for row in by_file} == {"approve", "review", "decline"}


def test_payments_that_are_recorded_already_do_not_count_twice(gateway):
    account_id = gateway.open_account("1000000.00")
    start = timezone.now().replace(microsecond=0) - timedelta(hours=2)
    moments = [start + timedelta(minutes=number) for number in range(5)]
    lines = [f"T-{number},{account_id},100.00,INR,purchase,{at.isoformat()},m_1" for number, at in enumerate(moments)]
    rules = {"field": "payments_24h", "operator": "at_least", "value": 3}
    with live_rules(review=rules):
        live = [gateway.post("transactions", _body(account_id, "100.00", at, "m_1")).json() for at in moments]
        by_file = scored("\n".join([HEADER, *lines]).encode(), client=gateway.client)

    assert [row["outcome"] for row in by_file] == [each["outcome"] for each in live]
    assert [each["outcome"] for each in live] == ["approve"] * 3 + ["review"] * 2


def test_an_account_of_somebody_else_has_no_past_in_a_file(gateway, stranger):
    account_id = stranger.open_account()
    stranger.pay(account_id)
    line = f"T-1,{account_id},100.00,INR,purchase,{timezone.now().isoformat()},m_1"
    with live_rules(review={"field": "payments_1h", "operator": "greater_than", "value": 0}):
        (theirs,) = scored(f"{HEADER}\n{line}\n".encode(), client=gateway.client)
        (own,) = scored(f"{HEADER}\n{line}\n".encode(), client=stranger.client)
        (banks,) = scored(f"{HEADER}\n{line}\n".encode())

    assert [each["outcome"] for each in (theirs, own, banks)] == ["approve", "review", "review"]


def test_mobile_money_is_scored_as_by_the_api(gateway):
    names = ("type", "amount", "nameOrig", "oldbalanceOrg", "newbalanceOrig", "nameDest")
    rows = [
        ("TRANSFER", "5000.00", "C1", "5000.00", "0.00", "C2"),
        ("PAYMENT", "20.00", "C3", "900.00", "880.00", "M1"),
        ("CASH_OUT", "700.00", "C4", "700.00", "0.00", "C5"),
    ]
    items = [
        {"step": 7, **dict(zip(names, row, strict=True)), "oldbalanceDest": "0.00", "newbalanceDest": "0.00"}
        for row in rows
    ]
    lines = [",".join(["7", *row, "0.00", "0.00"]) for row in rows]
    header = ",".join(["step", *names, "oldbalanceDest", "newbalanceDest"])
    by_file = scored("\n".join([header, *lines, "x,GIFT,1,C1,1,1,C2,1,1"]).encode(), client=gateway.client)
    by_api = gateway.post("score", {"items": items}).json()["results"]

    assert [told_in_file(row) for row in by_file[:3]] == [told(answer) for answer in by_api]
    assert by_file[0]["outcome"] != "approve"
    assert (by_file[3]["outcome"], by_file[3]["problems"].partition(" ")[0]) == ("", "row:")


def _body(account_id, amount, at, merchant):
    return purchase(account_id, amount, occurred_at=at.isoformat(), merchant={"id": merchant})
