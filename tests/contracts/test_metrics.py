"""/metrics: for the networks of the settings, or for a client with the scope; bounded labels and no ids."""

import re
from ipaddress import ip_network

import pytest

from dashboard.views.metrics import metric_names
from sentinel.ops.request_meter import meter

pytestmark = pytest.mark.contract


@pytest.fixture
def elsewhere(settings):
    """The machine itself is in no network of the settings."""
    settings.METRICS_NETWORKS = [ip_network("192.0.2.0/24")]


def test_the_machine_itself_reads_them_without_credentials(gateway):
    answer = gateway.get("/metrics", headers={"X-API-Key": ""})

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert answer.headers["Cache-Control"] == "no-store"
    assert 'sentinel_service_down{subject="database"} 0.0' in answer.text
    assert re.search(r'sentinel_queue_depth\{subject="sentinel.tasks"\} \d', answer.text)


def test_from_elsewhere_a_scope_is_needed(elsewhere, new_gateway):
    may, may_not = new_gateway(scopes=["monitoring:read"]), new_gateway(scopes=["analytics:read"])

    assert may.get("/metrics").status_code == 200
    assert may_not.get("/metrics").status_code == 403
    refused = may.get("/metrics", headers={"X-API-Key": ""})
    assert (refused.status_code, refused.headers["Content-Type"]) == (401, "application/problem+json")
    assert "sentinel_" not in refused.text
    assert may.request("POST", "/metrics").status_code in (403, 405)


def test_payments_are_counted_by_outcome_and_no_id_is_a_label(gateway):
    def approved() -> float:
        text = gateway.get("/metrics").text
        found = re.search(r'sentinel_decisions_total\{mode="live",outcome="approve"\} (\S+)', text)
        return float(found[1]) if found else 0.0

    account_id, before = gateway.open_account(), approved()
    for _ in range(3):
        assert gateway.pay(account_id).json()["outcome"] == "approve"
    gateway.loop.run(_fold())

    text = gateway.get("/metrics").text
    assert approved() == before + 3
    assert 'sentinel_requests_total{method="POST",route="/api/v1/transactions",status="2xx"}' in text
    assert 'sentinel_degraded_decisions_total{lacking="model_missing"}' in text
    assert account_id not in text
    assert gateway.client.pk.hex not in text
    assert gateway.client.name not in text


def test_every_sample_has_a_name_that_is_told(gateway):
    gateway.loop.run(_fold())
    text = gateway.get("/metrics").text
    shown = {line.split("{")[0].split(" ")[0] for line in text.splitlines() if not line.startswith("#")}

    assert {name for name in shown if not name.endswith("_created")} <= metric_names()


async def _fold() -> None:
    meter.second()
