"""Pages that say what was asked for name a place and a test for each line, and both exist."""

import ast
import re

import pytest

from tests.docs.documents import DOCS, ROOT

PAGES = ("fraudshield.md", "sentinelstream.md", "srs.md")
SERVICES = ("Gateway", "Model", "Ingest", "Database", "Analytics", "Notification", "Batch", "Monitoring")
_ROOMS = "sentinel|ledger|rules|scoring|webhooks|dashboard|clients|bench|frontend|docker|nginx|tests"
_PATH = re.compile(rf"`((?:{_ROOMS})/[\w./]+)`")
_TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(test_\w+))?`")
_SHOWN = "shown by"


def lines_of(page: str) -> list[tuple[str, ...]]:
    """The rows of those tables whose last column says what shows it."""
    rows: list[tuple[str, ...]] = []
    is_shown = False
    for line in (DOCS / page).read_text().splitlines():
        cells = tuple(cell.strip() for cell in line.strip("|").split(" | "))
        if not line.startswith("|"):
            is_shown = False
        elif cells[-1].strip(" |") == _SHOWN:
            is_shown = True
        elif is_shown and not line.startswith("|---"):
            rows.append(cells)
    return rows


ROWS = [row for page in PAGES for row in lines_of(page)]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_what_a_row_names_exists(row):
    *told, shown = row

    assert all(told)
    for path in _PATH.findall(" ".join(told)):
        assert (ROOT / path).exists(), path
    named = _TEST.findall(shown)
    assert named, shown
    for path, test in named:
        assert (ROOT / path).is_file(), path
        assert not test or test in functions_of(path), f"{path}::{test}"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_many_such_rows(page):
    assert len(lines_of(page)) > 40


def test_each_of_the_eight_services_has_its_rows():
    text = (DOCS / "fraudshield.md").read_text()

    sections = {section.partition(":")[0]: section for section in text.split("\n## ")[1:]}
    assert [name for name in SERVICES if sections.get(name, "").count("\n| ") < 3] == []


def test_each_requirement_has_a_number_of_its_own():
    numbers = [row[0] for row in lines_of("srs.md")]

    assert len(set(numbers)) == len(numbers)
    assert [number for number in numbers if not re.fullmatch(r"N?FR-\d{2}", number)] == []


def functions_of(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
