"""Holds docs/openapi.yaml against the code."""

import io
from typing import Any

import yaml
from django.conf import settings
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand, CommandParser

from sentinel.api.contract import breaking_differences


class Command(BaseCommand):
    help = "Check that docs/openapi.yaml is what the code says and breaks no client. --write brings it up to date."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--write", action="store_true", help="write docs/openapi.yaml when nothing breaks")

    def handle(self, *args: Any, **options: Any) -> None:
        path = settings.BASE_DIR / "docs" / "openapi.yaml"
        current = generated_document()
        published = path.read_text() if path.exists() else current
        self._refuse_breaking(yaml.safe_load(published), yaml.safe_load(current))
        if options["write"]:
            path.write_text(current)
            self.stdout.write(f"{path.name} written.")
        elif not path.exists() or published != current:
            raise CommandError("docs/openapi.yaml is behind the code: run `manage.py check_openapi --write`.")
        else:
            self.stdout.write("docs/openapi.yaml is what the code says, and nothing in it breaks a client.")

    def _refuse_breaking(self, published: dict[str, Any], current: dict[str, Any]) -> None:
        """A breaking difference needs a new major version of the API."""
        if _major(published) != _major(current):
            return
        if differences := breaking_differences(published, current):
            raise CommandError("This would break clients:\n" + "\n".join(f"  {line}" for line in differences))


def generated_document() -> str:
    """The document of the code as it is. Errors: any warning of the generator."""
    written = io.StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=written)
    return written.getvalue()


def _major(document: dict[str, Any]) -> str:
    return str(document["info"]["version"]).partition(".")[0]
