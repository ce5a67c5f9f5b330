"""The shape of the JSON and of the table."""

import argparse
import json
import sys
from contextlib import redirect_stdout

import pytest

from bench.finish import STDOUT, finish
from bench.memory import described
from bench.report import as_json, as_table, table
from bench.run import Results


@pytest.fixture
def results() -> Results:
    found = Results()
    found.rounds["single"] += [
        {"per_second": speed, "p50_ms": 10.0, "p99_ms": 40.0, "cpu_us.web": 300.0, "foreign_share": 0.1}
        for speed in (2000.0, 1000.0, 3000.0)
    ]
    found.rounds["stock-hello"] += [{"per_second": 500.0, "p50_ms": 60.0, "p99_ms": 90.0}] * 3
    found.rounds["fdatasync"].append({"p50_ms": 0.2, "p99_ms": 0.9})
    found.rounds["rules"].append({"us_50": 1.7, "us_200": 5.2})
    found.outcomes["single"] = {"approve": 98, "review": 2}
    found.unavailable["bulk"] = "not available: answered 405"
    found.checked = 3
    return found


def result_of(results: Results) -> dict:
    result = as_json(results, service_versions={"postgresql": "18.6"}, options={"rounds": 3})
    return json.loads(json.dumps(result))


def test_the_json_holds_medians_ratios_and_noise(results):
    result = result_of(results)

    single = result["scenarios"]["single"]
    assert (single["per_second"], single["p50_ms"], single["p99_ms"]) == (2000.0, 10.0, 40.0)
    assert single["cpu_us"] == {"web": 300.0}
    assert (single["errors"], single["rounds"]) == (0, 3)
    assert single["outcomes"] == {"approve": 0.98, "review": 0.02}
    assert result["scenarios"]["bulk"] == {"unavailable": "not available: answered 405"}
    assert result["ratios"]["single_vs_stock_hello"] == 4.0
    assert result["ratios"]["bulk_vs_single"] is None
    assert result["ratios"]["rules_us_50"] == 1.7
    assert result["fdatasync"] == {"p50_ms": 0.2, "p99_ms": 0.9}
    assert result["noise"]["single"]["per_second"] == [1000.0, 3000.0]
    assert result["noise"]["ratios"]["single_vs_stock_hello"] == [2.0, 6.0]
    assert result["correctness"] == {"loads_checked": 3, "violations": []}
    assert result["versions"]["postgresql"] == "18.6"
    assert result["machine"]["foreign_share"]["mean"] == pytest.approx(0.1)


def test_the_table_says_what_was_measured_and_what_was_not(results):
    text = as_table(result_of(results))

    assert "single            2,000      10      40" in text
    assert "bulk         not available: answered 405" in text
    assert "rules: 1.70 µs a payment with 50, 5.20 µs with 200" in text
    assert "fdatasync of 4 KiB: p50 0.20 ms, p99 0.90 ms" in text
    assert "single_vs_stock_hello       4       2        6" in text
    assert "3 loads checked, 0 violations" in text


def test_violations_and_errors_fail_the_bench_and_are_shown(results):
    assert not results.has_failed
    results.violations.append("single: the ledger does not sum to zero in INR: 5")

    assert results.has_failed
    assert "does not sum to zero in INR" in as_table(result_of(results))


def test_an_error_alone_fails_the_bench():
    results = Results()
    results.errors["single"] += 1

    assert results.has_failed


def test_nothing_measured_makes_a_report_all_the_same():
    assert "0 loads checked" in as_table(result_of(Results()))


def test_numbers_stand_under_each_other():
    assert table([("name", "a", "b"), ("x", "1,000", "2")]) == "name      a  b\nx     1,000  2"


def test_memory_is_compared_with_that_after_the_warm_up():
    assert described(100, [200, 210, 190])["end_vs_warm"] == 0.95


def test_where_json_is_asked_for_nothing_else_is_on_the_output(results, capfd):
    options = argparse.Namespace(json=STDOUT, api_key="sk_live_secret", rounds=3)

    with redirect_stdout(sys.stderr):
        code = finish(results, options, {})

    printed = capfd.readouterr()
    assert code == 0
    assert json.loads(printed.out)["options"] == {"json": "-", "rounds": 3}
    assert "3 loads checked" in printed.err


def test_a_bench_that_found_something_wrong_fails(results, tmp_path):
    results.violations.append("single: key k-1 has no transaction")
    file = tmp_path / "result.json"

    assert finish(results, argparse.Namespace(json=str(file)), {}) == 1
    assert json.loads(file.read_text())["correctness"]["violations"] == ["single: key k-1 has no transaction"]
