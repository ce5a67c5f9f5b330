from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from rules.services.config_file import config_compare, config_import
from rules.services.config_plan import UNCHANGED, Change
from sentinel.core.errors import SentinelError


class Command(BaseCommand):
    help = (
        "Show what a file of export_config would change; with --apply, change it. Rules and the policy become drafts "
        "that wait for approval: an import decides nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--apply", action="store_true", help="Do it. Without it nothing is changed.")
        parser.add_argument("--actor", default="import_config", help="Who counts as the author.")

    def handle(self, *args: Any, file: Path, apply: bool, actor: str, **options: Any) -> None:
        try:
            text = file.read_text(encoding="utf-8-sig")
            plan = config_compare(text=text, now=timezone.now())
            for title, changes in (("Rules", plan.rules), ("Lists", plan.lists), ("Settings", plan.settings)):
                self._show(title, changes)
            if apply:
                config_import(actor=actor, text=text, digest=plan.digest, now=timezone.now())
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{file} cannot be read: {error}") from None
        except SentinelError as error:
            raise CommandError("\n".join(each.message for each in error.errors) or error.detail) from None
        done = "Changed" if apply else "Nothing was changed; with --apply it would be"
        self.stdout.write(f"{done}: {plan.changes} rules, lists and settings.")

    def _show(self, title: str, changes: tuple[Change, ...]) -> None:
        for change in changes:
            if change.kind != UNCHANGED:
                self.stdout.write(f"{title}: {change.name} {change.kind}")
                for mark, words in (("-", change.before), ("+", change.after)):
                    self.stdout.write(f"  {mark} {words}") if words else None
