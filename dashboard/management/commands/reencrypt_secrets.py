from typing import Any

from cryptography.fernet import InvalidToken
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from dashboard.services.second_factor import second_factors_reencrypt
from webhooks.services.endpoint_secrets import endpoint_secrets_reencrypt


class Command(BaseCommand):
    help = (
        "Encrypts the secrets of endpoints and of second factors under the first of SENTINEL_ENCRYPTION_KEYS. "
        "Afterwards the keys behind it are not needed any more."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with transaction.atomic():
                endpoints, apps = endpoint_secrets_reencrypt(), second_factors_reencrypt()
        except InvalidToken:
            raise CommandError(
                "A secret is under a key that SENTINEL_ENCRYPTION_KEYS does not name. Nothing was changed: "
                "add the key behind the others and run this again."
            ) from None
        self.stdout.write(f"{endpoints:,} secrets of endpoints and {apps:,} second factors are under the first key.")
