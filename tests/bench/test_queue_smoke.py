"""`bench queue` from beginning to end over a small bank. Nothing is concluded from its figures."""

import json
import subprocess
import sys

import pytest
from django.conf import settings

pytestmark = pytest.mark.journey
PAGES = {
    "queue, first page",
    "queue, deep",
    "queue, filtered",
    "queue, escalated",
    "next case",
    "case",
    "account",
}


def test_the_pages_of_reviewers_are_measured(tmp_path):
    result_file = tmp_path / "result.json"
    command = [sys.executable, "-m", "bench.command", "queue", "--history", "3000", "--cases", "900"]

    ended = subprocess.run(
        [*command, "--accounts", "20", "--not-durable", "--json", str(result_file)],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    result = json.loads(result_file.read_text())
    assert result["payments"] == 3000
    assert 600 < result["open_cases"] < 1200
    assert set(result["pages"]) == PAGES
    assert all(page["queries"] > 0 and page["p95_ms"] > 0 for page in result["pages"].values())
