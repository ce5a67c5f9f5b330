"""Makes the project's own virtual environment and moves the command into it. Standard library only."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

from sentinel.ops import state
from sentinel.ops.console import Refusal, say
from sentinel.ops.install import install_packages

ROOT = state.ROOT
VENV = ROOT / ".venv"
RECORD = VENV / "installed-locks.json"
LOCKS = {"up": "base", "test": "dev", "bench": "base", "faults": "dev"}


def enter(command: str) -> None:
    """Returns when this interpreter can run `command`; otherwise replaces the process by one that can."""
    try:
        _enter(command)
    except Refusal as refusal:
        sys.exit(f"\n{refusal}")
    except KeyboardInterrupt:
        sys.exit("\nStopped.")


def _enter(command: str) -> None:
    was_moved = os.environ.pop("SENTINEL_MOVED", "") == "true"
    lock = wanted_lock(command, has_venv=venv_works(VENV), has_django=can_import("django"))
    if lock:
        ensure_installed(lock)
    if runs_inside(VENV) or not venv_works(VENV):
        return
    if was_moved:
        raise Refusal(f"{VENV}/bin/python does not run inside {VENV}. Delete that folder and start again.")
    os.environ["SENTINEL_MOVED"] = "true"
    python = str(VENV / "bin" / "python")
    os.execv(python, [python, *sys.argv])  # noqa: S606 - no shell is wanted


def wanted_lock(command: str, *, has_venv: bool, has_django: bool) -> str:
    """The lock that must be installed before `command`; empty when the command takes what there is."""
    if command in LOCKS:
        return LOCKS[command]
    return "" if has_venv or has_django else "base"


def can_import(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def runs_inside(venv: Path) -> bool:
    return Path(sys.prefix).resolve() == venv.resolve()


def venv_works(venv: Path) -> bool:
    """False as well when the Python that it was made from is gone."""
    return (venv / "bin" / "python").exists() and (venv / "pyvenv.cfg").exists()


def lock_path(lock: str) -> Path:
    return ROOT / "requirements" / f"{lock}.txt"


def lock_hashes() -> dict[str, str]:
    return {name: sha256(lock_path(name).read_bytes()).hexdigest() for name in ("base", "dev")}


def is_installed(lock: str, recorded: dict[str, str], hashes: dict[str, str]) -> bool:
    return recorded.get(lock) == hashes[lock]


def record_after(lock: str, hashes: dict[str, str]) -> dict[str, str]:
    """dev is base and more, so that installing it installs both."""
    return dict(hashes) if lock == "dev" else {"base": hashes["base"]}


def ensure_installed(lock: str) -> None:
    folder = state.make_var_folder(ROOT / "var")
    with state.locked(folder / "install.lock", wait=False) as is_ours:
        if is_ours:
            return _ensure_installed(lock)
    say("Another start is installing packages in this folder. Waiting for it …")
    with state.locked(folder / "install.lock", wait=True):
        return _ensure_installed(lock)


def _ensure_installed(lock: str) -> None:
    hashes = lock_hashes()
    if venv_works(VENV) and is_installed(lock, state.read_json(RECORD), hashes):
        return
    uv = shutil.which("uv")
    if not venv_works(VENV):
        make_venv(has_uv=uv is not None)
    install_packages(VENV, lock_path(lock), uv=uv)
    RECORD.write_text(json.dumps(record_after(lock, hashes), indent=2))


def make_venv(*, has_uv: bool) -> None:
    """uv installs from outside; without it the environment needs pip, which Debian packs separately."""
    if not has_uv and not can_import("ensurepip"):
        raise Refusal(
            "Python's `ensurepip` is missing, so no virtual environment can be made.\n"
            "On Debian or Ubuntu: apt-get install python3.11-venv. Then start again."
        )
    say("Making a virtual environment in .venv …")
    arguments = ["--clear", "--without-pip"] if has_uv else ["--clear"]
    made = subprocess.run(
        [sys.executable, "-m", "venv", *arguments, str(VENV)], capture_output=True, text=True, check=False
    )
    if made.returncode:
        raise Refusal(f"The virtual environment {VENV} could not be made:\n{made.stdout}{made.stderr}")
