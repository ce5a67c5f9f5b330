"""docs/settings.md names every environment variable the sources read, and no other."""

import ast
import re
from collections.abc import Iterator

from tests.docs.documents import DOCS, ROOT

SOURCES = ("manage.py", "sentinel", "ledger", "rules", "scoring", "webhooks", "dashboard")
# Messages between a start of manage.py and the one it is replaced by.
INTERNAL = {"SENTINEL_MOVED"}
SECRETS = {"env_secret", "env_secrets", "env_database", "env_email"}


def variables_read() -> Iterator[tuple[str, str]]:
    """The name of each variable, and the reader: env_str("NAME"), os.environ.get("NAME"), os.environ["NAME"]."""
    for source in SOURCES:
        top = ROOT / source
        for path in [top] if top.is_file() else top.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                match node:
                    case ast.Call(ast.Name(reader), [ast.Constant(str(name)), *_]) if reader.startswith("env_"):
                        yield name, reader
                    case ast.Call(ast.Attribute(ast.Attribute(_, "environ")), [ast.Constant(str(name)), *_]):
                        yield name, "environ"
                    case ast.Subscript(ast.Attribute(_, "environ"), ast.Constant(str(name))):
                        yield name, "environ"


def rows() -> dict[str, str]:
    found = re.findall(r"^\| `([A-Z_]+)` \| (.*?) \|", (DOCS / "settings.md").read_text(), re.MULTILINE)
    assert len(found) == len(dict(found))
    return dict(found)


def test_every_variable_is_described_and_every_described_one_is_read():
    assert rows().keys() == {name for name, _ in variables_read()} - INTERNAL


def test_secrets_are_marked():
    secrets = {name for name, reader in variables_read() if reader in SECRETS}

    assert {name for name, words in rows().items() if words.startswith("*secret*")} == secrets


def test_every_described_variable_has_a_default_or_is_needed():
    for line in (DOCS / "settings.md").read_text().splitlines():
        if line.startswith("| `"):
            assert line.split(" | ")[-1].strip(" |"), line
