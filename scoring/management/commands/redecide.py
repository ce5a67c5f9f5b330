import json
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from ledger.selectors.decisions import payments_count
from scoring.domain.redecision import DAMAGE, OBSTACLES, Found, Row
from scoring.services.redeciding import FIRST_ID, Redecided, Window, decision_redecide, decisions_redecide
from sentinel.core.ids import first_uuid7_at, parse_public_id, public_id

_NAMED_MAX = 100  # so many that differ are named; the others are counted
_STOPPED_CODE = 130  # as a shell says it of Ctrl-C


class Command(BaseCommand):
    help = (
        "Makes past decisions again from what was frozen with them, and compares outcome, reasons and scores. Writes "
        "nothing. Ends with 1 when any differs, or when what was frozen is damaged."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--transaction", type=_transaction_id, help="This one only, row by row when it differs.")
        parser.add_argument("--since", type=_moment, help="Decided from this day or moment on: 2026-03-31T12:00Z.")
        parser.add_argument("--after", type=_transaction_id, help="Go on behind this transaction.")
        parser.add_argument("--limit", type=_positive, help="So many at most.")
        parser.add_argument("--sample", action="store_true", help="With --limit: evenly over all there are.")
        parser.add_argument("--json", action="store_true", help="Print the result as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        tally = self._one(options) if options["transaction"] else self._many(options)
        if options["json"]:
            self.stdout.write(json.dumps(tally.to_json(), indent=2))
        else:
            self.stdout.write(tally.words)
        if tally.is_bad or tally.is_stopped:
            sys.exit(1 if tally.is_bad else _STOPPED_CODE)

    def _one(self, options: dict[str, Any]) -> "Tally":
        if any(options[name] for name in ("since", "after", "limit", "sample")):
            raise CommandError("--transaction stands alone: it names all there is to do.")
        found = decision_redecide(options["transaction"])
        if found is None:
            raise CommandError(f"There is no transaction {public_id('txn', options['transaction'])}.")
        tally = Tally()
        tally.add(found)
        if found.found is Found.DIFFERENT and not options["json"]:
            self.stdout.write("\n".join(_side_by_side(found.rows)))
        return tally

    def _many(self, options: dict[str, Any]) -> "Tally":
        window = _window(options)
        total = payments_count(after=window.after, until=window.until_id, limit=window.limit)
        tally = Tally()
        # Progress is for people at a terminal; verbosity 0 is for scripts there.
        is_quiet = options["verbosity"] == 0 or not sys.stderr.isatty()
        try:
            with tqdm(total=total, unit=" decisions", disable=is_quiet) as bar:
                for found in decisions_redecide(window):
                    tally.add(found)
                    bar.update()
                    if found.found is Found.DIFFERENT and not options["json"]:
                        self._name(found, tally)
        except KeyboardInterrupt:
            tally.is_stopped = True
            if not options["json"]:
                self.stdout.write(_how_to_continue(tally, window))
        return tally

    def _name(self, found: Redecided, tally: "Tally") -> None:
        if tally.counts[Found.DIFFERENT] <= _NAMED_MAX:
            names = ", ".join(row.name for row in found.differing)
            self.stdout.write(f"{public_id('txn', found.transaction_id)} differs in {names}")


@dataclass(slots=True)
class Tally:
    counts: Counter[Found] = field(default_factory=Counter)
    obstacles: Counter[str] = field(default_factory=Counter)
    differing: list[Redecided] = field(default_factory=list)
    last_id: UUID | None = None
    is_stopped: bool = False

    def add(self, found: Redecided) -> None:
        self.counts[found.found] += 1
        self.last_id = found.transaction_id
        if found.found is Found.NOT_POSSIBLE:
            self.obstacles[found.obstacle] += 1
        if found.found is Found.DIFFERENT and len(self.differing) < _NAMED_MAX:
            self.differing.append(found)

    @property
    def is_bad(self) -> bool:
        return self.counts[Found.DIFFERENT] > 0 or not DAMAGE.isdisjoint(self.obstacles)

    @property
    def equal(self) -> int:
        return self.counts[Found.EQUAL] + self.counts[Found.NEARBY]

    @property
    def words(self) -> str:
        """One line."""
        different, nearby = self.counts[Found.DIFFERENT], self.counts[Found.NEARBY]
        near = f" ({nearby:,} by a change of the same seconds)" if nearby else ""
        words = f"{self.equal + different:,} made again: {self.equal:,} equal{near}, {different:,} different; "
        why = ", ".join(f"{count:,} since {OBSTACLES[code]}" for code, count in sorted(self.obstacles.items()))
        return f"{words}{self.obstacles.total():,} not possible{': ' if why else ''}{why}."

    def to_json(self) -> dict[str, Any]:
        return {
            "made_again": self.equal + self.counts[Found.DIFFERENT],
            "equal": self.equal,
            "equal_nearby": self.counts[Found.NEARBY],
            "different": self.counts[Found.DIFFERENT],
            "not_possible": dict(self.obstacles),
            "differing": [_differing_json(each) for each in self.differing],
            "stopped": self.is_stopped,
            "last": public_id("txn", self.last_id) if self.last_id else None,
        }


def _differing_json(found: Redecided) -> dict[str, Any]:
    rows = [{"name": row.name, "recorded": row.recorded, "again": row.again} for row in found.differing]
    return {"transaction_id": public_id("txn", found.transaction_id), "rows": rows}


def _window(options: dict[str, Any]) -> Window:
    if options["sample"] and not options["limit"]:
        raise CommandError("--sample needs --limit: how many decisions to make again.")
    since: datetime | None = options["since"]
    first = first_uuid7_at(int(since.timestamp() * 1000)) if since else FIRST_ID
    after = max(first, options["after"] or FIRST_ID)
    return Window(timezone.now(), after, options["limit"], options["sample"])


def _how_to_continue(tally: Tally, window: Window) -> str:
    if tally.last_id is None:
        return "Stopped before the first."
    words = f"Stopped. Go on with: python3 manage.py redecide --after {public_id('txn', tally.last_id)}"
    if window.limit:
        words += f" --limit {window.limit - tally.counts.total()}"
    return f"{words} --sample" if window.evenly else words


def _side_by_side(rows: Sequence[Row]) -> Iterator[str]:
    """A line for each row; those that differ are marked."""
    shown = [("" if row.is_equal else "≠", row.name, _shown(row.recorded), _shown(row.again)) for row in rows]
    shown.insert(0, ("", "", "recorded", "made again"))
    widths = [max(len(line[column]) for line in shown) for column in range(4)]
    for line in shown:
        yield "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()


def _shown(told: Any) -> str:
    if isinstance(told, dict):
        share = f" ({told['contribution']})" if "contribution" in told else ""
        return f"{told['code']}: {told['words']}{share}"
    return "-" if told is None else str(told)


def _transaction_id(text: str) -> UUID:
    found = parse_public_id("txn", text)
    if found is None:
        raise ArgumentTypeError(f"{text!r} is not the name of a transaction, such as txn_ and 32 digits.")
    return found


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a day or moment such as 2026-03-31 or 2026-03-31T12:00Z.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise ArgumentTypeError(f"{text!r} is not a whole number above zero.")
    return int(text)
