"""Who may read the bank's figures, and what cannot be asked."""

import pytest

pytestmark = pytest.mark.contract

PATHS = ("fraud-trends", "transaction-patterns", "risk-distribution", "model-performance")


@pytest.mark.parametrize("path", PATHS)
def test_figures_of_the_last_thirty_days_or_of_others(gateway, path):
    answer = gateway.get(f"analytics/{path}")
    assert (answer.status_code, answer.json()["period"]["step"], answer.json()["currency"]) == (200, "day", None)

    day = gateway.get(f"analytics/{path}", params={"days": "1", "currency": "INR"}).json()
    assert (day["period"]["step"], day["currency"]) == ("hour", "INR")


@pytest.mark.parametrize("path", PATHS)
def test_they_take_a_scope_of_their_own(new_gateway, path):
    assert new_gateway(scopes=["transactions:read"]).get(f"analytics/{path}").status_code == 403


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"days": "0"}, "days"),
        ({"days": "367"}, "days"),
        ({"days": "many"}, "days"),
        ({"days": "٣"}, "days"),
        ({"days": "7", "from": "2026-01-01", "to": "2026-01-02"}, "days"),
        ({"from": "2026-02-30", "to": "2026-03-01"}, "from"),
        ({"from": "2026-01-01"}, "to"),
        ({"from": "2026-01-02", "to": "2026-01-01"}, "to"),
        ({"currency": "XXZ"}, "currency"),
        ({"period": "7d"}, "period"),
        ({"currency": "IN\0R"}, "currency"),
    ],
)
def test_what_cannot_be_asked_is_named(gateway, query, field):
    answer = gateway.get("analytics/fraud-trends", params=query)

    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, [field])
