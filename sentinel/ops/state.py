"""The folder `var/`: everything a running installation keeps. Standard library only."""

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LOCK_NAME = "up.lock"
SERVICE_VARIABLES = {
    "DATABASE_URL": "database_url",
    "DATABASE_OWNER_URL": "database_owner_url",
    "REDIS_URL": "redis_url",
    "BROKER_URL": "broker_url",
}


def var_folder() -> Path:
    return Path(os.environ.get("SENTINEL_VAR_DIR") or ROOT / "var").absolute()


def make_var_folder(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    # Files inside are 0600. Root leaves the way through open, for the database server that runs as another user.
    folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
    return folder


def write_private(path: Path, text: str) -> None:
    """Writes a file that only its owner reads, whole or not at all."""
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    new.replace(path)


def secret(folder: Path, name: str) -> str:
    """The random secret of that name, made at the first call."""
    path = folder / name
    if not path.exists():
        write_private(path, secrets.token_urlsafe(48))
    return path.read_text()


def read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


@contextmanager
def locked(path: Path, *, wait: bool) -> Iterator[bool]:
    """Yields whether the lock was got. The kernel frees it when its holder dies, however it dies."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True


def running(folder: Path) -> dict[str, Any]:
    """What the `up` that runs on this folder wrote about itself; empty when none does."""
    if not (folder / LOCK_NAME).exists():
        return {}
    with locked(folder / LOCK_NAME, wait=False) as nobody_runs:
        return {} if nobody_runs else read_json(folder / "up.json")


def borrow_running_services() -> None:
    """Lets a command work beside a running `up`, unless the environment names a database of its own."""
    if "DATABASE_URL" in os.environ:
        return
    folder = var_folder()
    about = running(folder)
    if not about:
        return
    for variable, key in SERVICE_VARIABLES.items():
        os.environ.setdefault(variable, about[key])
    os.environ.setdefault("SENTINEL_SECRET_KEY", secret(folder, "secret_key"))
    os.environ.setdefault("SENTINEL_VAR_DIR", str(folder))
    os.environ.setdefault("SENTINEL_DEVELOPMENT", "true")


def wipe(folder: Path) -> None:
    """Deletes all that the folder keeps, and where its links lead. Call while holding the lock."""
    for path in folder.iterdir():
        if path.name in {LOCK_NAME, "install.lock"}:
            continue
        if path.is_symlink():
            shutil.rmtree(path.resolve(), ignore_errors=True)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
