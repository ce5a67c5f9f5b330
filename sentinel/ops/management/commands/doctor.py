import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from sentinel.ops.doctor import Finding, State, examine, is_wrong

_MARKS = {State.WELL: "well ", State.LOOK: "LOOK ", State.WRONG: "WRONG"}
_NAME_WIDTH = 15


class Command(BaseCommand):
    help = "Looks at everything this installation needs, and says what is wrong and what to do."
    # What is wrong with the settings is one of the findings.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object in the place of lines")

    def handle(self, *args: Any, **options: Any) -> None:
        findings = []
        for finding in examine():
            findings.append(finding)
            if not options["json"]:
                self._say(finding)
        if options["json"]:
            self.stdout.write(json.dumps({"findings": [asdict(each) for each in findings]}, indent=2))
        if is_wrong(findings):
            raise SystemExit(1)

    def _say(self, finding: Finding) -> None:
        self.stdout.write(f"{_MARKS[finding.state]}  {finding.name:<{_NAME_WIDTH}}  {finding.words}")
        if finding.advice:
            self.stdout.write(f"{'':{len(_MARKS[State.WELL]) + _NAME_WIDTH + 4}}{finding.advice}")
        self.stdout.flush()
