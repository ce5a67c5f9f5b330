from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from sentinel.ops.console import step


class Command(BaseCommand):
    help = "Migrates, makes partitions, makes sure of a model, demo data and static files. Safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        # One process: each start of Python and Django costs a second or two.
        with step("tables"):
            call_command("migrate", interactive=False, verbosity=0)
        with step("partitions"):
            call_command("make_partitions", verbosity=0)
        with step("model"):
            call_command("train_model", bundled=True, if_missing=True, verbosity=0)
            call_command("train_model", family="mobile", bundled=True, if_missing=True, verbosity=0)
        with step("demo bank"):
            call_command("seed_demo", verbosity=0)
        with step("histories"):
            call_command("rebuild_entities", if_missing=True, verbosity=0)
        with step("static files"):
            call_command("collectstatic", interactive=False, verbosity=0)
