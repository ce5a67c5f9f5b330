"""`bench nginx` from beginning to end, for half a second. Nothing is concluded from its figures."""

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings

from bench.scenarios import BEHIND_NGINX
from tests.nginx_copy import NGINX

pytestmark = [
    pytest.mark.journey,
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed: what it costs is NOT measured"),
]
ADDRESSES = {"DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "BROKER_URL"}


def test_payments_are_measured_directly_and_through_tls_and_the_record_is_sound(tmp_path):
    result_file = tmp_path / "result.json"
    command = [sys.executable, "-m", "bench.command", "nginx", "--seconds", "0.5", "--rounds", "1"]
    command += ["--accounts", "50", "--in-flight", "8", "--not-durable", "--json", str(result_file)]

    # On servers of its own: what merchants had in a record before it would stand in its Redis as well.
    told = {name: value for name, value in os.environ.items() if name not in ADDRESSES}
    ended = subprocess.run(
        command, cwd=settings.BASE_DIR, env=told, capture_output=True, text=True, timeout=600, check=False
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    result = json.loads(result_file.read_text())
    assert result["scenarios"].keys() == BEHIND_NGINX.keys()
    assert all(found["per_second"] > 0 and found["errors"] == 0 for found in result["scenarios"].values())
    assert result["scenarios"]["nginx"]["cpu_us"]["nginx"] > 0
    assert "nginx" not in result["scenarios"]["direct"]["cpu_us"]
    assert result["ratios"]["nginx_vs_direct_p50"] > 0
    assert result["correctness"] == {"loads_checked": len(BEHIND_NGINX), "violations": []}
