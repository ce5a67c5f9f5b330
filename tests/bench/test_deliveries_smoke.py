"""`bench deliveries` from beginning to end with few events. Nothing is concluded from its figures."""

import json
import subprocess
import sys

import pytest
from django.conf import settings

pytestmark = pytest.mark.journey


def test_a_few_events_arrive_signed_at_a_receiver_that_fails_at_random():
    command = [sys.executable, "-m", "bench.command", "deliveries", "--events", "100", "--not-durable", "--json"]

    ended = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=240, check=False)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    told = json.loads(ended.stdout)
    assert (told["events"], told["lost"], told["pending"], told["wrongly signed"]) == (100, 0, 0, 0)
    assert told["refused"] == told["attempts"] - 100
