#!/usr/bin/env python3
"""The front door: `python3 manage.py up`, `test`, `bench` and `faults`, and every Django command.

Nothing needs to be installed first but Python 3.11. This file keeps to words that old Pythons read too, so that
they can say what is missing.
"""

import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.abspath(__file__))
OWNER_COMMANDS = {
    "migrate",
    "make_partitions",
    "detach_partitions",
    "erase_person",
    "prepare",
    "sqlmigrate",
    "showmigrations",
}


def is_python_311(path: str) -> bool:
    question = "import sys; sys.exit(sys.version_info[:2] != (3, 11))"
    try:
        return subprocess.call([path, "-c", question], stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def run_in_python_311() -> None:
    """Replaces this process by Python 3.11, or ends it with a message. Returns when this is Python 3.11."""
    if sys.hexversion >> 16 == 0x030B:
        return
    found = [os.path.join(ROOT, ".venv", "bin", "python"), shutil.which("python3.11")]
    found += ["/usr/bin/python3.11", "/usr/local/bin/python3.11", "/opt/homebrew/bin/python3.11"]
    for path in found:
        if path and os.path.exists(path) and is_python_311(path):
            os.execv(path, [path, os.path.abspath(__file__)] + sys.argv[1:])  # noqa: RUF005, S606
    sys.exit(
        "SentinelStream needs Python 3.11, and this is Python {}.{}.\n"
        "Install it (on Debian or Ubuntu: apt-get install python3.11 python3.11-venv) and start again.".format(
            *sys.version_info[:2]
        )
    )


def main() -> None:
    run_in_python_311()
    sys.path.insert(0, ROOT)
    command = sys.argv[1] if len(sys.argv) > 1 else "help"

    from sentinel.ops import bootstrap

    bootstrap.enter(command)
    if command == "up":
        from sentinel.ops import up

        sys.exit(up.main(sys.argv[2:]))
    if command == "bench":
        from bench import command as bench_command

        sys.exit(bench_command.main(sys.argv[2:]))
    if command == "faults":
        from tests.faults import command as faults_command

        sys.exit(faults_command.main(sys.argv[2:]))
    if command == "test":
        from sentinel.ops import testing

        sys.exit(testing.main(sys.argv[2:]))

    from sentinel.ops import state

    state.borrow_running_services()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sentinel.settings")
    if command in OWNER_COMMANDS:
        os.environ.setdefault("SENTINEL_DB_ROLE", "owner")

    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
