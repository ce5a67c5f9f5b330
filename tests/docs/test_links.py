"""Links and pictures lead somewhere, and commands that documents name exist."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from tests.docs.documents import DOCUMENTS, ROOT, without_blocks

LINE_MAX = 118
OF_THE_FRONT_DOOR = {"up", "test", "bench", "faults"}
_LINK = re.compile(r"\]\(([^)\s]+)\)|<img[^>]*\bsrc=\"([^\"]+)\"")
_COMMAND = re.compile(r"manage\.py ([a-z_]+)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_and_pictures_lead_somewhere(path):
    for groups in _LINK.findall(without_blocks(path.read_text())):
        target, _, anchor = "".join(groups).partition("#")
        if "://" in target:
            continue
        place = (path.parent / target).resolve() if target else path
        assert place.exists(), target
        assert place.is_relative_to(ROOT), target
        if anchor:
            assert anchor in anchors(place.read_text()), f"{target}#{anchor}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_commands_exist(path):
    named = set(_COMMAND.findall(path.read_text()))

    assert named <= get_commands().keys() | OF_THE_FRONT_DOOR


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_lines_are_no_longer_than_those_of_the_code(path):
    lines = path.read_text().splitlines()

    # A row of a table cannot be broken.
    assert [line for line in lines if len(line) > LINE_MAX and not line.startswith("|")] == []


def test_every_document_is_reached_from_the_readme():
    reached, waiting = set(), {ROOT / "README.md"}
    while waiting:
        path = waiting.pop()
        reached.add(path)
        waiting |= {page for page in pages_linked_from(path) if page not in reached}

    assert sorted(path.name for path in set(DOCUMENTS) - reached) == []


def pages_linked_from(path: Path) -> set[Path]:
    targets = ("".join(groups).partition("#")[0] for groups in _LINK.findall(without_blocks(path.read_text())))
    return {(path.parent / target).resolve() for target in targets} & set(DOCUMENTS)


def anchors(text: str) -> set[str]:
    """As GitHub makes them: small letters, hyphens for spaces, no other signs."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in _HEADING.findall(text)}
