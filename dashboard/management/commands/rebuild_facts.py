from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from dashboard.management.arguments import moment
from dashboard.services.facts import facts_rebuild


class Command(BaseCommand):
    help = "Makes the dashboard's facts anew from the ledger. Stopped, it goes on where it was when it is run again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--since", type=moment, help="payments recorded from this day or moment (UTC) on; else all"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            for progress in facts_rebuild(since=options["since"], now=timezone.now()):
                if options["verbosity"]:
                    self.stdout.write(f"{progress.reached:%Y-%m-%d %H:%M} of {progress.end:%Y-%m-%d %H:%M}")
        except KeyboardInterrupt:
            self.stderr.write("Stopped. Run rebuild_facts without --since to go on.")
            raise SystemExit(130) from None
        if options["verbosity"]:
            self.stdout.write("All facts are made anew.")
