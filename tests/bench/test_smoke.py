"""The bench from beginning to end, for half a second. Nothing is concluded from its figures."""

import json
import subprocess
import sys

import pytest
from django.conf import settings

pytestmark = pytest.mark.journey


def test_a_short_bench_measures_and_finds_the_record_sound(tmp_path):
    result_file = tmp_path / "result.json"
    command = [
        sys.executable,
        "-m",
        "bench.command",
        "--seconds",
        "0.5",
        "--rounds",
        "1",
        "--only",
        "single",
        "fdatasync",
    ]
    command += ["--accounts", "50", "--in-flight", "4", "--not-durable", "--json", str(result_file)]
    command += ["--everything"]

    ended = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=300, check=False)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    result = json.loads(result_file.read_text())
    assert result["scenarios"]["single"]["per_second"] > 0
    assert result["scenarios"]["single"]["errors"] == 0
    assert result["correctness"] == {"loads_checked": 1, "violations": []}
    assert result["fdatasync"]["p99_ms"] > 0
