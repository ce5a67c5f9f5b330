from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from ledger.services.partitions import PartitionsNeeded, partitions_detach


def month(text: str) -> datetime:
    """The beginning of a month, from YYYY-MM."""
    return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)


class Command(BaseCommand):
    help = "Take old months out of the ledger's tables, to be archived. Needs the owner role."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--before", type=month, required=True, metavar="YYYY-MM", help="the oldest month to keep")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            detached = partitions_detach(before=options["before"], now=timezone.now())
        except PartitionsNeeded as error:
            raise CommandError(str(error)) from error
        for part in detached:
            self.stdout.write(part)
        self.stdout.write(f"{len(detached)} partitions detached." if detached else "No month is that old.")
