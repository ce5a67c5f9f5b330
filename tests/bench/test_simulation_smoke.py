"""`bench simulation` from beginning to end on a small past. Nothing is concluded from its figures."""

import subprocess
import sys

import pytest
from django.conf import settings

pytestmark = pytest.mark.journey


def test_a_small_past_is_made_and_simulated():
    command = [sys.executable, "-m", "bench.command", "simulation", "--history", "500", "--accounts", "20"]

    ended = subprocess.run(
        [*command, "--rounds", "1", "--not-durable"],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "numbers" in ended.stdout
    assert "texts" in ended.stdout
