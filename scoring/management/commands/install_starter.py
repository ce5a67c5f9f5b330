from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from scoring.services.starter import starter_install


class Command(BaseCommand):
    help = "Install the starter rules, the first policy and the groups of people. Safe to repeat: it changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        starter_install(now=timezone.now())
        self.stdout.write("Starter rules, policy and groups are there.")
