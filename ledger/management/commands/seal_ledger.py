from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from ledger.services.seal.heads import heads_write
from ledger.services.seal.sealing import OVERLAP, ROUND_LEAVES, STRAGGLERS, seal_all, seal_round
from sentinel.ops.loops import Loop, Step

EVERY_SECONDS, STRAGGLERS_EVERY_SECONDS = 1, 60


class Command(BaseCommand):
    help = "Seal the record into blocks, and write their heads outside the database. Runs on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="seal what there is, then stop")
        parser.add_argument("--late", metavar="REASON", help="also what is too old, after loading history; audited")
        parser.add_argument("--by", default="command line", help="who says so, for the audit")

    def handle(self, *args: Any, once: bool, late: str | None, by: str, **options: Any) -> None:
        if late is not None:
            count = seal_all(actor=by, reason=late, now=timezone.now())
            self.stdout.write(f"{count:,} rows sealed late.")
        if once or late is not None:
            self.stdout.write(f"{_seal_rest(STRAGGLERS):,} rows sealed.")
            return
        steps = [
            Step("sealing", EVERY_SECONDS, _seal_rest),
            Step("sealing stragglers", STRAGGLERS_EVERY_SECONDS, lambda: _seal_rest(STRAGGLERS)),
        ]
        Loop(steps).run()


def _seal_rest(look_back: timedelta = OVERLAP) -> int:
    count = 0
    while True:
        count += (sealed := seal_round(now=timezone.now(), look_back=look_back))
        heads_write()
        if sealed < ROUND_LEAVES:
            return count
