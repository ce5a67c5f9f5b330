"""`manage.py doctor`: what is wrong with this installation, and what to do. Each room registers what it knows to ask.

It runs at an operator's terminal, so it may say what the public pages may not.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from django.db import connections

from sentinel.ops import health


class State(StrEnum):
    WELL = "well"
    LOOK = "look"
    WRONG = "wrong"


class Wrong(Exception):
    """Raised by an examination: its words say what was found."""


class LookAtIt(Exception):
    """The same, of what works still and will not for long, or better otherwise."""


@dataclass(frozen=True, slots=True)
class Examination:
    """`function` answers with what it found well, or raises. `advice` is what to do when it does."""

    name: str
    function: Callable[[], str]
    advice: str


@dataclass(frozen=True, slots=True)
class Finding:
    name: str
    state: State
    words: str
    advice: str = ""


_examinations: dict[str, Examination] = {}


def register_examination(name: str, function: Callable[[], str], *, advice: str) -> None:
    """The same name replaces the earlier one."""
    _examinations[name] = Examination(name, function, advice)


def examine() -> Iterator[Finding]:
    """One finding after the other: first what the probes ask, then the examinations."""
    for probe in health.board.probes:
        # What decisions go on without is nothing to stop a script for.
        wrong = State.WRONG if probe.critical else State.LOOK
        yield _finding(Examination(probe.name, probe.function, probe.advice), otherwise=wrong)
    for examination in _examinations.values():
        yield _finding(examination, otherwise=State.WRONG)


def is_wrong(findings: Iterable[Finding]) -> bool:
    return any(finding.state is State.WRONG for finding in findings)


def _finding(examination: Examination, *, otherwise: State) -> Finding:
    try:
        return Finding(examination.name, State.WELL, examination.function())
    except LookAtIt as error:
        return Finding(examination.name, State.LOOK, str(error), examination.advice)
    except Exception as error:
        # Whatever it is, the other questions are still asked.
        return Finding(examination.name, otherwise, _words(error), examination.advice)
    finally:
        connections.close_all()


def _words(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if isinstance(error, Wrong) else f"{type(error).__name__}: {text}"[:300]
