"""Where the documents lie, and their fenced blocks."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
DOCUMENTS = (*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md")), *sorted((ROOT / "bench").glob("*.md")))

_BLOCK = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(path: Path, *languages: str) -> list[str]:
    """The fenced blocks of these languages, in the order of the document."""
    return [match["text"] for match in _BLOCK.finditer(path.read_text()) if match["language"] in languages]


def without_blocks(text: str) -> str:
    return _BLOCK.sub("", text)
