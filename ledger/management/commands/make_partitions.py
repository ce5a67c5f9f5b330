from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from ledger.services.partitions import partitions_make


class Command(BaseCommand):
    help = "Make the monthly partitions of the ledger ahead of time. Run it daily as the owner role."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--months-ahead", type=int, default=3)

    def handle(self, *args: Any, **options: Any) -> None:
        made = partitions_make(now=timezone.now(), months_ahead=options["months_ahead"])
        if options["verbosity"] > 0:
            self.stdout.write(f"{len(made)} partitions made." if made else "All partitions are there.")
