"""What the front door says to the person: short lines, no colours, readable in a log file too."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

WIDTH = 46


def say(text: str = "") -> None:
    print(text, flush=True)


def overwrite(text: str) -> None:
    """Shows `text` in place of the current line of a terminal; writes nothing to a log file."""
    if sys.stdout.isatty():
        print(f"\r\x1b[K{text}", end="", flush=True)


@contextmanager
def step(words: str) -> Iterator[None]:
    """One line per step, with the seconds it took. A step that raises leaves its words without a time."""
    started = time.monotonic()
    overwrite(f"  {words} …")
    try:
        yield
    except BaseException:
        overwrite("")
        say(f"  {words:<{WIDTH}}  stopped")
        raise
    overwrite("")
    say(f"  {words:<{WIDTH}} {time.monotonic() - started:6.1f} s")


class Refusal(Exception):
    """The front door cannot go on. Its words tell the person why and what to do; no traceback is shown."""
