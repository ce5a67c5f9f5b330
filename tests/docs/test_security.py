"""The audit names each requirement once, and tests that are there."""

import ast
import re

from tests.docs.documents import DOCS, ROOT

# OWASP ASVS 5.0.0: what it wants at level 1.
LEVEL_1 = (
    "1.2.1 1.2.2 1.2.3 1.2.4 1.2.5 1.3.1 1.3.2 1.5.1 2.1.1 2.2.1 2.2.2 2.3.1 3.2.1 3.2.2 3.3.1 3.4.1 3.4.2 3.5.1"
    " 3.5.2 3.5.3 4.1.1 4.4.1 5.2.1 5.2.2 5.3.1 5.3.2 6.1.1 6.2.1 6.2.2 6.2.3 6.2.4 6.2.5 6.2.6 6.2.7 6.2.8 6.3.1"
    " 6.3.2 6.4.1 6.4.2 7.2.1 7.2.2 7.2.3 7.2.4 7.4.1 7.4.2 8.1.1 8.2.1 8.2.2 8.3.1 9.1.1 9.1.2 9.1.3 9.2.1 10.4.1"
    " 10.4.2 10.4.3 10.4.4 10.4.5 11.3.1 11.3.2 11.4.1 12.1.1 12.2.1 12.2.2 13.4.1 14.2.1 14.3.1 15.1.1 15.2.1 15.3.1"
).split()
TOP_10 = [f"API{number}" for number in range(1, 11)]


def rows() -> dict[str, tuple[str, str]]:
    """How each is met, and what shows it, by its number."""
    text = (DOCS / "security-audit.md").read_text()
    found = re.findall(r"^\| ((?:\d+\.){2}\d+|API\d+) \| [^|]+ \| ([^|]+) \| ([^|]+) \|$", text, re.MULTILINE)
    assert len(found) == len({number for number, *_ in found})
    return {number: (how, shown) for number, how, shown in found}


def test_each_requirement_is_answered_once():
    assert len(LEVEL_1) == 70
    assert list(rows()) == LEVEL_1 + TOP_10


def test_the_named_tests_are_there():
    named = [name for _, shown in rows().values() for name in re.findall(r"`(tests/[^`]+)`", shown)]
    missing = []
    for name in named:
        path, _, function = name.partition("::")
        there = (ROOT / path).exists() and {
            node.name for node in ast.walk(ast.parse((ROOT / path).read_text())) if isinstance(node, ast.FunctionDef)
        }
        if not there or (function and function not in there):
            missing.append(name)

    assert len(named) > 70
    assert missing == []


def test_what_no_test_shows_needs_none_or_is_said_not_to_be_met():
    without = {number for number, (_, shown) in rows().items() if "tests/" not in shown}

    assert without == {"4.4.1", "6.4.2", "10.4.1", "10.4.2", "10.4.3", "12.2.2", "15.1.1", "15.2.1"}


def test_the_image_holds_no_history():
    ignored = (ROOT / ".dockerignore").read_text().splitlines()

    assert "*" in ignored
    assert not any(line.startswith("!") and ".git" in line for line in ignored)
