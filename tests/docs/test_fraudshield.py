"""docs/fraudshield.md names files and tests that exist, and each row has both a place and a test."""

import ast
import re

import pytest

from tests.docs.documents import DOCS, ROOT

ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in (DOCS / "fraudshield.md").read_text().splitlines()
    if line.startswith("| ") and not line.startswith("| there ")
]
SERVICES = ("Gateway", "Model", "Ingest", "Database", "Analytics", "Notification", "Batch", "Monitoring")
_PATH = re.compile(r"`((?:sentinel|ledger|rules|scoring|webhooks|dashboard|clients)/[\w./]+)`")
_TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(test_\w+))?`")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_what_a_row_names_exists(row):
    there, here, shown = row

    assert there
    assert here
    for path in _PATH.findall(here):
        assert (ROOT / path).exists(), path
    named = _TEST.findall(shown)
    assert named, shown
    for path, test in named:
        assert (ROOT / path).is_file(), path
        assert not test or test in functions_of(path), f"{path}::{test}"


def test_each_of_the_eight_services_has_its_rows():
    text = (DOCS / "fraudshield.md").read_text()

    sections = {section.partition(":")[0]: section for section in text.split("\n## ")[1:]}
    assert [name for name in SERVICES if sections.get(name, "").count("\n| ") < 3] == []


def functions_of(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
