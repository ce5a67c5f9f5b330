from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from redis import RedisError

from dashboard.services.erasing import Erasure, person_erase
from ledger.domain.erasing import Person
from ledger.services.revealing import REASONS
from scoring.services.forgetting import copies_forget
from sentinel.core.errors import SentinelError


class Command(BaseCommand):
    help = (
        "Erases what is personal of a customer: details of their payments, their name, notes, and what finds them. "
        "Payments and the seal stay. Needs the owner role."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        whose = parser.add_mutually_exclusive_group(required=True)
        whose.add_argument("--account", default="", help="the account, with all its payments")
        whose.add_argument("--card", default="", metavar="TOKEN", help="the token of a card, on any account")
        parser.add_argument("--reason", choices=REASONS, required=True)
        parser.add_argument("--words", required=True, help="the letter or the file that asks for it, for the audit")
        parser.add_argument("--by", required=True, help="who says so, for the audit")
        parser.add_argument("--dry-run", action="store_true", help="count, and change nothing")

    def handle(self, *args: Any, account: str, card: str, dry_run: bool, **options: Any) -> None:
        person = Person(account_id=account, card_token=card)
        try:
            erasure = person_erase(
                person=person,
                reason=options["reason"],
                words=options["words"],
                actor=options["by"],
                now=timezone.now(),
                is_trial=dry_run,
            )
        except SentinelError as error:
            raise CommandError(error.detail) from None
        self._tell(erasure, "Would erase" if dry_run else "Erased")
        if not dry_run:
            self._forget(person)

    def _tell(self, erasure: Erasure, verb: str) -> None:
        self.stdout.write(
            f"{verb} the details of {erasure.payments:,} payments, {erasure.shared_values:,} values they share, "
            f"{erasure.notes:,} notes and {erasure.names:,} names."
        )
        if erasure.list_items:
            words = f"{erasure.list_items:,} items of lists name them still: remove those in the Admin."
            self.stdout.write(self.style.WARNING(words))

    def _forget(self, person: Person) -> None:
        try:
            is_forgotten = copies_forget(account_id=person.account_id, now=timezone.now())
        except RedisError as error:
            raise CommandError(f"The database is done. Redis was not told ({error}): run this again.") from None
        if not is_forgotten:
            raise CommandError("The database is done. Redis is being read anew by another process: run this again.")
        self.stdout.write("The copies in Redis are made anew.")
