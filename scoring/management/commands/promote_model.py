from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from scoring.services.promotions import model_promote_by_name
from sentinel.core.errors import SentinelError


class Command(BaseCommand):
    help = (
        "Makes a model the champion that passed the gate beside the present one (`evaluate_model`). Web processes "
        "follow within a second."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("version", help="Such as card-2026-01-30.2; `list_models` names them.")
        parser.add_argument("--by", required=True, help="The log-in of the person who promotes it.")
        parser.add_argument(
            "--override", default="", metavar="REASON", help="Promote it although the gate refuses it; kept for ever."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            row = model_promote_by_name(
                version=options["version"],
                username=options["by"],
                override_reason=options["override"],
                now=timezone.now(),
            )
        except SentinelError as error:
            raise CommandError(f"{error.title}. {error.detail or ''}".strip()) from None
        self.stdout.write(self.style.SUCCESS(f"{row.version} is the champion."))
