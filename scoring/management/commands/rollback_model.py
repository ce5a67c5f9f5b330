from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from scoring.domain.family_names import CARD_NAME
from scoring.models import ModelVersion
from scoring.services.promotions import model_roll_back_by_name
from sentinel.core.errors import SentinelError


class Command(BaseCommand):
    help = "Makes the model the champion again that the present one replaced. Web processes follow within a second."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--by", required=True, help="The log-in of the person who rolls back.")
        parser.add_argument("--family", choices=ModelVersion.Family.values, default=CARD_NAME)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            row = model_roll_back_by_name(username=options["by"], now=timezone.now(), family=options["family"])
        except SentinelError as error:
            raise CommandError(f"{error.title}. {error.detail or ''}".strip()) from None
        self.stdout.write(self.style.SUCCESS(f"{row.version} is the champion again."))
