"""`python3 manage.py test`: the tests, on a real PostgreSQL and a real Valkey that are thrown away after."""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from sentinel.ops import state
from sentinel.ops.console import Refusal, say
from sentinel.ops.services import Services, start_services
from sentinel.ops.supervisor import StopRequested, Supervisor

# Words of pytest after which a value follows: such a value is not the name of a test.
TAKES_VALUE = {"-k", "-m", "-n", "-p", "-o", "-c", "-W", "-r", "--maxfail", "--durations", "--tb", "--numprocesses"}


def main(arguments: list[str]) -> int:
    # Root's server runs as another user, which must be able to walk in.
    folder = state.make_var_folder(Path(tempfile.mkdtemp(prefix="sentinelstream-test-")))
    try:
        with Supervisor(folder / "log") as supervisor:
            services = start_services(supervisor, folder, for_tests=True)
            return run_pytest(pytest_arguments(arguments), test_environment(services, folder))
    except Refusal as refusal:
        say(f"\n{refusal}")
        return 1
    except StopRequested:
        return 130
    finally:
        state.wipe(folder)
        shutil.rmtree(folder, ignore_errors=True)


def pytest_arguments(given: list[str]) -> list[str]:
    """All tests run on both cores and are measured; a chosen few are not, their coverage would say nothing."""
    added = [] if has_word(given, "-n", "--numprocesses") or "no:xdist" in given else ["-n", "2"]
    if not is_choice(given) and not has_word(given, "--cov", "--no-cov"):
        added += ["--cov", "--cov-branch"]
    return [*given, *added]


def has_word(given: list[str], *words: str) -> bool:
    return any(argument.split("=")[0] in words or (argument[:2] == "-n" in words) for argument in given)


def is_choice(given: list[str]) -> bool:
    names = [
        argument
        for before, argument in zip(["", *given], given, strict=False)
        if not argument.startswith("-") and before not in TAKES_VALUE
    ]
    return bool(names) or has_word(given, "-k", "-m", "--lf", "--last-failed", "--co", "--collect-only")


def test_environment(services: Services, folder: Path) -> dict[str, str]:
    return {
        **os.environ,
        **services.environment(),
        "SENTINEL_DB_ROLE": "owner",
        "SENTINEL_DEVELOPMENT": "true",
        "SENTINEL_SECRET_KEY": secrets.token_urlsafe(48),
        "SENTINEL_VAR_DIR": str(folder),
        "DJANGO_SETTINGS_MODULE": "sentinel.settings",
        "OMP_NUM_THREADS": "1",
    }


def run_pytest(arguments: list[str], environment: dict[str, str]) -> int:
    """Its exit code. It shares this terminal, so that Ctrl-C reaches it too; it may then still report."""
    process = subprocess.Popen([sys.executable, "-m", "pytest", *arguments], env=environment, cwd=state.ROOT)
    try:
        return process.wait()
    except BaseException:
        process.terminate() if not sys.stdin.isatty() else None
        process.wait()
        raise
