"""What the front door decides before anything is installed."""

import subprocess
import sys

import pytest

from sentinel.ops import bootstrap, install, state
from sentinel.ops.testing import pytest_arguments

HASHES = {"base": "b1", "dev": "d1"}


@pytest.mark.parametrize(
    ("command", "has_venv", "has_django", "lock"),
    [
        ("up", False, False, "base"),
        ("up", True, True, "base"),
        ("test", True, True, "dev"),
        ("bench", True, True, "base"),
        ("migrate", True, False, ""),
        ("migrate", False, True, ""),
        ("migrate", False, False, "base"),
    ],
)
def test_each_command_asks_for_its_lock(command, has_venv, has_django, lock):
    assert bootstrap.wanted_lock(command, has_venv=has_venv, has_django=has_django) == lock


def test_an_environment_with_dev_serves_up_as_well():
    recorded = bootstrap.record_after("dev", HASHES)

    assert bootstrap.is_installed("base", recorded, HASHES)
    assert bootstrap.is_installed("dev", recorded, HASHES)


def test_an_environment_with_base_does_not_serve_the_tests():
    recorded = bootstrap.record_after("base", HASHES)

    assert bootstrap.is_installed("base", recorded, HASHES)
    assert not bootstrap.is_installed("dev", recorded, HASHES)


def test_a_changed_lock_is_installed_again():
    recorded = bootstrap.record_after("dev", HASHES)

    assert not bootstrap.is_installed("base", recorded, {"base": "b2", "dev": "d1"})


def test_an_environment_whose_python_is_gone_is_made_again(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "pyvenv.cfg").touch()
    (tmp_path / "bin" / "python").symlink_to(tmp_path / "gone")

    assert not bootstrap.venv_works(tmp_path)


def test_dev_pins_whatever_base_pins():
    def pins(name):
        return {line.split(" ")[0] for line in bootstrap.lock_path(name).read_text().splitlines() if "==" in line}

    assert pins("base") <= pins("dev")


def test_front_door_needs_nothing_but_the_standard_library():
    code = "from sentinel.ops import bootstrap; import sys; print('django' in sys.modules, 'psycopg' in sys.modules)"

    answer = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=state.ROOT, capture_output=True, text=True, check=True
    )

    assert answer.stdout.split() == ["False", "False"]


def test_pip_may_install_only_what_the_lock_names(tmp_path):
    command = install.install_command(tmp_path, tmp_path / "base.txt", uv=None)

    assert "--require-hashes" in command
    assert command[command.index("--only-binary") + 1] == ":all:"


def test_progress_is_read_from_pips_lines():
    progress = install.Progress(total=2)

    progress.read("Collecting django==5.2.19 (from -r base.txt (line 3))\n")
    assert progress.words(installed=0, elapsed_seconds=3) == "  downloading 1 of 2 packages, 3 s  django"

    progress.read("Installing collected packages: django, redis\n")
    assert progress.words(installed=1, elapsed_seconds=9) == "  installing 1 of 2 packages, 9 s"


def test_every_pin_of_the_lock_is_counted():
    assert install.pinned_names("# x\ndjango==5.2 \\\n    --hash=sha256:00\nredis[hiredis]==8.1 \\\n") == [
        "django",
        "redis",
    ]


@pytest.mark.parametrize(
    ("given", "arguments"),
    [
        ([], ["-n", "2", "--cov", "--cov-branch"]),
        (["-x"], ["-x", "-n", "2", "--cov", "--cov-branch"]),
        (["-n0"], ["-n0", "--cov", "--cov-branch"]),
        (["tests/ops"], ["tests/ops", "-n", "2"]),
        (["-k", "money", "-n", "0"], ["-k", "money", "-n", "0"]),
        (["-p", "no:randomly"], ["-p", "no:randomly", "-n", "2", "--cov", "--cov-branch"]),
    ],
)
def test_a_full_run_is_measured_and_a_chosen_few_are_not(given, arguments):
    assert pytest_arguments(given) == arguments
