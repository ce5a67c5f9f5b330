from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from scoring.demo.seeding import SIZES, SeedingRefused, demo_seed
from sentinel.core.errors import Unavailable
from sentinel.ops.console import overwrite


class Command(BaseCommand):
    help = (
        "Makes the demo bank: log-ins, rules, a gateway client, customers and weeks of decided payments. May be "
        "stopped and started again; once it is complete it changes nothing. Log-ins and keys are in var/demo.json."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--size", choices=sorted(SIZES), default="full", help="Default: full.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            is_new = demo_seed(size=SIZES[options["size"]], folder=settings.VAR_DIR, on_progress=_show)
        except SeedingRefused as error:
            raise CommandError(f"{error} Start again on an empty database.") from error
        except (Unavailable, KeyboardInterrupt) as error:
            raise CommandError("The seeding was interrupted. Start it again: it goes on where it was.") from error
        overwrite("")
        if options["verbosity"] > 0:
            state = "is ready" if is_new else "was there already"
            self.stdout.write(f"The demo bank {state}. Log-ins and keys: {settings.VAR_DIR / 'demo.json'}")


def _show(words: str, done: int, total: int) -> None:
    overwrite(f"  demo bank … {done:,} of {total:,} {words}")
