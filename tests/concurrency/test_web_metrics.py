"""Two web processes count together, whichever is asked; a process that dies takes nothing with it."""

import os
import re
import signal
import time
from pathlib import Path

import httpx
import pytest

from tests.gateway import purchase
from tests.servers import web_processes

pytestmark = pytest.mark.concurrency

COUNTED = r'sentinel_requests_total\{method="GET",route="/api/v1/transactions",status="2xx"\} (\S+)'


def test_the_sum_of_both_whoever_answers(gateway, tmp_path):
    with web_processes(2, PROMETHEUS_MULTIPROC_DIR=str(tmp_path), SENTINEL_REQUEST_LOG="none") as base_url:
        account_id = gateway.open_account()
        for number in range(40):
            # A connection each, so that both processes get some.
            with httpx.Client(base_url=base_url, headers={"X-API-Key": gateway.api_key}) as client:
                assert client.get("/api/v1/transactions").status_code == 200
                if number < 10:
                    paid = client.post(
                        "/api/v1/transactions", json=purchase(account_id), headers={"Idempotency-Key": f"m-{number}"}
                    )
                    assert paid.status_code == 201
        time.sleep(1.5)  # each tells once a second
        texts = [httpx.get(f"{base_url}/metrics").text for _ in range(6)]
        pids = _counting(tmp_path)

        assert len(pids) == 2
        assert [re.findall(COUNTED, text) for text in texts] == [["40.0"]] * 6
        assert all(re.search(r'sentinel_decisions_total\{mode="live",outcome="\w+"\} 10\.0', text) for text in texts)
        assert all("sentinel_requests_in_flight " in text for text in texts)

        os.kill(min(pids), signal.SIGKILL)
        more = _ask_until_another_answers(base_url, gateway.api_key, tmp_path)
        assert re.findall(COUNTED, httpx.get(f"{base_url}/metrics").text) == [f"{40 + more}.0"]


def _counting(folder: Path) -> set[int]:
    """The processes that have counted something."""
    return {int(found) for path in os.listdir(folder) for found in re.findall(r"counter_(\d+)\.db", path)}


def _ask_until_another_answers(base_url: str, api_key: str, folder: Path) -> int:
    """Until the process in the place of the one that is gone has answered too; returns how often that was asked."""
    answered, deadline = 0, time.monotonic() + 60
    while len(_counting(folder)) < 3:
        assert time.monotonic() < deadline
        with httpx.Client(base_url=base_url, headers={"X-API-Key": api_key}, timeout=20) as client:
            answered += client.get("/api/v1/transactions").status_code == 200
        time.sleep(0.1)
    time.sleep(1.5)
    return answered
