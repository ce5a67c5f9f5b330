from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from redis import RedisError

from scoring.services.entity_rebuild import entities_ensure, entities_rebuild


class Command(BaseCommand):
    help = (
        "Reads from the ledger what Redis keeps of cards, devices, IP addresses and merchants. Payments go on "
        "meanwhile, without those fields. The worker does it by itself when Redis was emptied; run it by hand after "
        "an older copy of Redis was put back."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--if-missing", action="store_true", help="Do nothing when Redis has them all.")

    def handle(self, *args: Any, **options: Any) -> None:
        rebuild = entities_ensure if options["if_missing"] else entities_rebuild
        try:
            rebuilt = rebuild(now=timezone.now())
        except RedisError as error:
            if options["if_missing"]:  # decisions go on without, and the worker makes up for it
                self.stderr.write("Redis cannot be reached. The worker will do this when it can.")
                return
            raise CommandError(f"Redis cannot be reached: {error} Start it, then run this again.") from None
        if options["verbosity"] == 0:
            return
        if rebuilt is None:
            self.stdout.write("Nothing to do: Redis has them, or another process is reading them now.")
        else:
            self.stdout.write(
                f"{rebuilt.entities:,} cards, devices, IP addresses and merchants, "
                f"from {rebuilt.payments:,} payments and {rebuilt.labels:,} labels."
            )
