"""docs/licences.md lists every locked runtime package, and licences that allow commercial use."""

import re

from tests.docs.documents import DOCS, ROOT

ALLOWED = {
    *("MIT", "MIT-0", "Unlicense", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "Zlib", "CC0-1.0", "PSF-2.0"),
    *("Apache-2.0", "MPL-2.0", "LGPL-3.0-only"),
}
_LOCKED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==", re.MULTILINE)


def listed() -> list[tuple[str, str]]:
    return re.findall(r"^\| ([a-z0-9-]+) \| (\S.*?) \|", (DOCS / "licences.md").read_text(), re.MULTILINE)[1:]


def test_every_locked_package_is_listed_and_no_other():
    locked = _LOCKED.findall((ROOT / "requirements" / "base.txt").read_text())

    assert [name for name, _ in listed()] == locked


def test_every_licence_allows_commercial_use():
    licences = {word for _, licence in listed() for word in re.split(r" AND | OR |[()]", licence) if word}

    assert licences <= ALLOWED
