"""Pages that are walked: their commands are typed into one shell, and what stands behind them must be seen."""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, NamedTuple

# A web process looks for a new rule with each payment; this is only the patience of a busy machine.
PATIENCE_SECONDS = 10
_END = "-- end of a step --"
_BLOCK = re.compile(r"^ *```(sh|json|text)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    language: str
    text: str


class Shell:
    """The terminal of whoever walks a page: one bash for all of it."""

    def __init__(self, folder: Path) -> None:
        self._bash = subprocess.Popen(
            ["bash"], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def type(self, commands: str) -> str:
        assert self._bash.stdin
        assert self._bash.stdout
        self._bash.stdin.write(f"{commands}\necho; echo '{_END}'\n")
        self._bash.stdin.flush()
        return "".join(iter(self._bash.stdout.readline, f"{_END}\n")).strip()

    def see(self, commands: str, wanted: Block) -> None:
        """The commands, typed until they show what the page says."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not _is_seen(answer := self.type(commands), wanted):
            assert time.monotonic() < deadline, (commands, wanted.text, answer)

    def close(self) -> None:
        self._bash.communicate("exit\n", timeout=10)


def steps(page: Path, **names: str) -> Iterator[tuple[str, list[Block]]]:
    """Each block of commands, with the blocks behind it: what is seen, or what is written into a form."""
    text = page.read_text()
    for of_page, of_run in names.items():
        text = text.replace(of_page, of_run)
    blocks = [Block(*each) for each in _BLOCK.findall(text)]
    starts = [place for place, block in enumerate(blocks) if block.language == "sh"]
    for start, end in zip(starts, [*starts[1:], len(blocks)], strict=True):
        yield blocks[start].text, blocks[start + 1 : end]


def _is_seen(answer: str, wanted: Block) -> bool:
    if wanted.language == "json":
        return _holds(json.loads(wanted.text), json.loads(answer))
    return fnmatch(answer.partition("\n")[0], wanted.text.strip().replace("…", "*"))


def _holds(wanted: Any, told: Any) -> bool:
    """The page shows the fields that matter; an answer has more."""
    if isinstance(wanted, dict):
        return all(name in told and _holds(value, told[name]) for name, value in wanted.items())
    return bool(wanted == told)
