from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from rules.services.config_file import config_export


class Command(BaseCommand):
    help = (
        "Write rules, lists and settings as one JSON file that people can read and compare. Of each rule the version "
        "that decides, else the last one approved."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--output", type=Path, help="The file. Without it, the text goes to the terminal.")
        parser.add_argument(
            "--drafts", action="store_true", help="Of every rule its latest version, approved or not."
        )
        parser.add_argument(
            "--with-items", action="store_true", help="Also what is on the lists. This may be personal data."
        )

    def handle(self, *args: Any, output: Path | None, drafts: bool, with_items: bool, **options: Any) -> None:
        text = config_export(actor="export_config", with_drafts=drafts, with_items=with_items, now=timezone.now())
        if output is None:
            self.stdout.write(text, ending="")
            return
        output.write_text(text, encoding="utf-8")
        self.stdout.write(f"Written to {output}.")
