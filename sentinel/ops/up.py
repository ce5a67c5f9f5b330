"""`python3 manage.py up`: the whole product on one machine, until Ctrl-C."""

import argparse
import json
import os
import platform
import sys
import time
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from sentinel.ops import state
from sentinel.ops.check import run_checks
from sentinel.ops.children import (
    PREFERRED_PORT,
    background_children,
    child_environment,
    manage,
    traffic_child,
    web_child,
    web_port,
)
from sentinel.ops.console import Refusal, overwrite, say, step
from sentinel.ops.services import Services, start_services
from sentinel.ops.supervisor import StopRequested, Supervisor

# Whatever these hold can change tables, demo data, the model or the static files.
PREPARED_FROM = ("sentinel", "ledger", "rules", "scoring", "webhooks", "dashboard", "static", "requirements/base.txt")


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    folder = state.var_folder()
    try:
        state.make_var_folder(folder)
        with state.locked(folder / state.LOCK_NAME, wait=False) as is_first:
            return run(options, folder) if is_first else beside_running(options, folder)
    except Refusal as refusal:
        say(f"\n{refusal}")
        return 1
    except PermissionError as error:
        say(f"\n{error.filename} belongs to another user. Start as that user, or delete {folder} and start again.")
        return 1
    except (StopRequested, KeyboardInterrupt):
        say("\nStopped.")
        return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="manage.py up", description="Starts SentinelStream on this machine.")
    parser.add_argument("--check", action="store_true", help="send one payment through everything, then stop")
    parser.add_argument(
        "--traffic", nargs="?", type=float, const=2.0, metavar="RATE", help="also send payments, RATE a second"
    )
    parser.add_argument("--port", type=int, help=f"the web port; else {PREFERRED_PORT} or the next free one")
    parser.add_argument("--fresh", action="store_true", help="delete all data in var/ first")
    parser.add_argument("--yes", action="store_true", help="do not ask before deleting")
    return parser.parse_args(arguments)


def beside_running(options: argparse.Namespace, folder: Path) -> int:
    about = state.read_json(folder / "up.json")
    if options.check and about and not options.fresh:
        say(f"Checking the SentinelStream that runs at {about['base_url']}.\n")
        return run_checks(about)
    where = f" at {about['base_url']}" if about else ", and is still starting"
    say(f"SentinelStream already runs in this folder{where}. Stop that one first (Ctrl-C where it runs).")
    return 1


def run(options: argparse.Namespace, folder: Path) -> int:
    if options.fresh:
        wipe_if_agreed(folder, is_agreed=options.yes)
    about_path = folder / "up.json"
    about_path.unlink(missing_ok=True)
    started = time.monotonic()
    say("SentinelStream is starting.")
    with Supervisor(folder / "log") as supervisor:
        try:
            about = start_everything(supervisor, folder, options)
            say(f"  {'ready':<46} {time.monotonic() - started:6.1f} s in all\n")
            state.write_private(about_path, json.dumps(about, indent=2))
            if options.check:
                return run_checks(about)
            say(welcome(about, folder))
            supervisor.watch()
        except (StopRequested, KeyboardInterrupt):
            overwrite("")
            say("\nStopping …")
        finally:
            about_path.unlink(missing_ok=True)
    say("Everything is stopped. The data stay in var/.")
    return 0


def wipe_if_agreed(folder: Path, *, is_agreed: bool) -> None:
    if not is_agreed:
        if not sys.stdin.isatty():
            raise Refusal("--fresh deletes all data. Add --yes to agree.")
        is_agreed = input(f"Delete all data in {folder}? Type yes: ").strip().lower() == "yes"
    if not is_agreed:
        raise Refusal("Nothing was deleted.")
    state.wipe(folder)


def start_everything(supervisor: Supervisor, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    services = start_services(supervisor, folder)
    environment = child_environment(services, folder)
    prepare(supervisor, services, environment, folder)
    port = web_port(options.port)
    base_url = f"http://127.0.0.1:{port}"
    environment.setdefault("SENTINEL_PUBLIC_URL", base_url)
    for child in background_children(environment):
        supervisor.start(child)
    with step("web"):
        supervisor.start(web_child(environment, port, base_url))
    if options.traffic:
        supervisor.start(traffic_child(environment, base_url, options.traffic))
    return describe(services, folder, base_url)


# -- preparing the data, only when something changed


def fingerprint_of_inputs(root: Path, today: str) -> str:
    """Changes with every file that preparing depends on, and every day, for the partitions made ahead."""
    digest = sha256(today.encode())
    for name in PREPARED_FROM:
        top = root / name
        files = [top] if top.is_file() else sorted(path for path in top.rglob("*") if path.is_file())
        for path in files:
            if path.suffix != ".pyc":
                about = path.stat()
                digest.update(f"{path.relative_to(root)} {about.st_size} {about.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def prepare(supervisor: Supervisor, services: Services, environment: dict[str, str], folder: Path) -> None:
    """Migrations, partitions, model, demo data and static files, in one process of the owner role."""
    record = folder / "prepared.json"
    inputs = {
        "fingerprint": fingerprint_of_inputs(state.ROOT, datetime.now(UTC).date().isoformat()),
        # A cluster that was made anew is empty, whatever this record says.
        "cluster": str((folder / "postgres" / "PG_VERSION").stat().st_ctime_ns)
        if services.has_embedded_database
        else "",
    }
    is_known = bool(inputs["cluster"]) and (folder / "demo.json").exists()
    if is_known and state.read_json(record) == inputs:
        return
    record.unlink(missing_ok=True)
    supervisor.run(manage("prepare"), {**environment, "SENTINEL_DB_ROLE": "owner"}, state.ROOT)
    state.write_private(record, json.dumps(inputs))


# -- what the person is told


def describe(services: Services, folder: Path, base_url: str) -> dict[str, Any]:
    from django import get_version

    return {
        "base_url": base_url,
        "admin_url": f"{base_url}/admin/",
        **state.read_json(folder / "demo.json"),
        **{key: getattr(services, key) for key in state.SERVICE_VARIABLES.values()},
        "pid": os.getpid(),
        "versions": {"python": platform.python_version(), "django": get_version(), **services.versions},
    }


def welcome(about: dict[str, Any], folder: Path) -> str:
    logins = about.get("logins", [])
    widths = [max((len(login[key]) for login in logins), default=0) for key in ("role", "username")]
    people = [
        f"    {login['role']:<{widths[0]}}   {login['username']:<{widths[1]}}   {login['password']}"
        for login in logins
    ]
    return "\n".join(
        [
            "SentinelStream is running.",
            "",
            f"  Admin      {about['admin_url']}",
            f"  API        {about['base_url']}/api/v1/",
            f"  API guide  {about['base_url']}/api/docs/",
            f"  Health     {about['base_url']}/health",
            "",
            "  Log in as (role, name, password)",
            *people,
            "",
            f"  API key    {about.get('api_key', '')}",
            f"  Account    {about.get('account_id', '')}",
            "",
            f"  Everything above stands in {folder / 'up.json'}; logs are in {folder / 'log'}.",
            "  Ctrl-C stops everything.",
            "",
        ]
    )
