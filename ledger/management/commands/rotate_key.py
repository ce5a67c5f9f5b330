from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from ledger.services.api_keys import OVERLAP, OVERLAP_MAX, client_key_rotate
from sentinel.api.models import ApiKey
from sentinel.api.services import api_key_prefix
from sentinel.core.errors import Conflict


class Command(BaseCommand):
    help = "Replace an API key: prints the new one, once. The old one works on for the overlap."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("key", help="how the key begins, such as sk_live_1a2b3c4d or 1a2b3c4d")
        parser.add_argument(
            "--overlap-days",
            type=int,
            default=OVERLAP.days,
            choices=range(OVERLAP_MAX.days + 1),
            metavar="DAYS",
            help=f"for how long both work: 0 to {OVERLAP_MAX.days}, {OVERLAP.days} unless told",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        key = self._key(options["key"])
        overlap = timedelta(days=options["overlap_days"])
        try:
            _, text = client_key_rotate(key=key, overlap=overlap, actor="rotate_key", now=timezone.now())
        except Conflict as error:
            raise CommandError(error.detail) from error
        key.refresh_from_db()
        self.stderr.write(f"{key} of {key.client} works until {key.expires_at:%Y-%m-%d %H:%M} UTC. The new key:")
        self.stdout.write(text)

    def _key(self, text: str) -> ApiKey:
        text = text.rstrip("….")
        prefix = api_key_prefix(f"{text}_") or text
        found = ApiKey.objects.select_related("client").filter(prefix=prefix).first()
        if found is None:
            raise CommandError(f"No key begins with {text[:16]}.")
        return found
