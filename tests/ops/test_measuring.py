"""What a request is noted as: a template, never a path; an id that nobody can forge."""

import asyncio
import json
import time
from types import SimpleNamespace
from uuid import uuid4

import pytest

from sentinel.ops import metrics, request_log
from sentinel.ops.measuring import route_label
from sentinel.ops.request_ids import call_id, request_id_begin
from sentinel.ops.request_meter import FOLD_AT, FinishedRequest, RequestMeter, count_requests

CLIENT = uuid4()


def finished(**fields):
    usual = FinishedRequest(
        1_769_860_800.5, "/api/v1/labels", "GET", 200, 12.345, "req_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f", CLIENT
    )
    return usual._replace(**fields)


@pytest.mark.parametrize(
    ("route", "label"),
    [
        ("api/v1/accounts/<str:account_id>/balance", "/api/v1/accounts/{account_id}/balance"),
        ("api/v1/jobs/<uuid:job_id>", "/api/v1/jobs/{job_id}"),
        ("admin/ledger/transaction/<path:object_id>/change/", "/admin/ledger/"),
        ("admin/", "/admin/"),
        ("admin/(?P<url>.*)$", "/admin/"),
        ("admin/<app_label>/", "/admin/"),
        ("", "/"),
        ("livez", "/livez"),
    ],
)
def test_a_route_is_a_template(route, label):
    assert route_label(route) == label


@pytest.mark.parametrize("sent", ["trace-0123456789", "0af7651916cd43dd8448eb211c80319c", "a.b_c-d" * 9])
def test_a_well_formed_id_is_taken(sent):
    assert request_id_begin(sent) == sent
    assert call_id(sent) is None


@pytest.mark.parametrize(
    "sent",
    [
        "", "short", "a" * 65, "-beginsbadly", "with space in it", "new\nline-in-it", "é" * 10, "<script>alert(1)",
        "req_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f",
    ],
)  # fmt: skip
def test_any_other_id_is_replaced_by_one_of_ours(sent):
    request_id = request_id_begin(sent)

    assert request_id != sent
    own = call_id(request_id)
    assert own
    assert own.version == 7


def test_requests_are_handed_on_together_and_one_listener_spoils_nothing():
    meter = RequestMeter()
    heard: list[FinishedRequest] = []

    def broken(requests):
        raise RuntimeError("no room")

    meter.listen(broken)
    meter.listen(heard.extend)
    for _ in range(FOLD_AT + 1):
        meter.finish(time.perf_counter() - 0.25, "/livez", "GET", 200, "req_x")
    assert len(heard) == FOLD_AT

    meter.fold()
    meter.fold()
    assert len(heard) == FOLD_AT + 1
    assert 250 <= heard[0].milliseconds < 1000


def test_they_are_counted_by_route_method_and_class_of_status():
    def count(status):
        labels = {"route": "/api/v1/labels", "method": "GET", "status": status}
        return metrics.REGISTRY.get_sample_value("sentinel_requests_total", labels) or 0

    before = count("2xx"), count("4xx")
    count_requests([finished(), finished(status=201), finished(status=422)])

    assert (count("2xx"), count("4xx")) == (before[0] + 2, before[1] + 1)
    assert b'sentinel_request_seconds_bucket{le="0.02",method="GET",route="/api/v1/labels"}' in metrics.metrics_text()


def told(monkeypatch, capsys, requests, **of_settings):
    usual = {"REQUEST_LOG": "all", "LOG_FORMAT": "json"}
    monkeypatch.setattr(request_log, "settings", SimpleNamespace(**usual | of_settings))
    request_log.requests_log(requests)
    return capsys.readouterr().err.splitlines()


def test_a_line_for_each_request(monkeypatch, capsys):
    lines = told(monkeypatch, capsys, [finished(), finished(status=503, code="unavailable", client_id=None)])

    assert [json.loads(line) for line in lines] == [
        {
            "timestamp": "2026-01-31T12:00:00.500000Z", "level": "info", "logger": "sentinel.requests",
            "event": "request", "request_id": "req_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f", "client": CLIENT.hex,
            "method": "GET", "route": "/api/v1/labels", "status": 200, "code": None, "latency_ms": 12.35,
        },
        {
            "timestamp": "2026-01-31T12:00:00.500000Z", "level": "error", "logger": "sentinel.requests",
            "event": "request", "request_id": "req_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f", "client": None,
            "method": "GET", "route": "/api/v1/labels", "status": 503, "code": "unavailable", "latency_ms": 12.35,
        },
    ]  # fmt: skip


@pytest.mark.parametrize(("wanted", "statuses"), [("all", 4), ("unusual", 3), ("none", 0)])
def test_the_setting_says_which(monkeypatch, capsys, wanted, statuses):
    requests = [finished(), finished(status=404), finished(status=500), finished(milliseconds=501.0)]

    assert len(told(monkeypatch, capsys, requests, REQUEST_LOG=wanted)) == statuses


def test_a_plain_line_is_for_people(monkeypatch, capsys):
    (line,) = told(monkeypatch, capsys, [finished(status=422, code="key_reused")], LOG_FORMAT="plain")

    assert line == (
        "2026-01-31 12:00:00 INFO sentinel.requests GET /api/v1/labels 422 key_reused 12.3 ms "
        f"client={CLIENT.hex} req_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f"
    )


def test_requests_of_other_tasks_do_not_share_an_id():
    async def one(sent):
        own = request_id_begin(sent)
        await asyncio.sleep(0.01)
        from sentinel.ops.request_ids import request_id_now

        return own == request_id_now.get() == sent

    async def both():
        return await asyncio.gather(one("first-request"), one("second-request"))

    assert asyncio.run(both()) == [True, True]
