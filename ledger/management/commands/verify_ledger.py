import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import BaseCommand

from ledger.services.seal.verifying import Verification, ledger_verify
from sentinel.ops.console import overwrite


class Command(BaseCommand):
    help = "Recompute the seal over the whole record. Exit code 1: it was changed, and the first broken row is named."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--heads", type=Path, metavar="FOLDER", help="a copy of the heads, kept by somebody else")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, heads: Path | None, json: bool, **options: Any) -> None:
        found = Verification()
        for found in ledger_verify(heads_folder=heads):
            if not json:
                overwrite(f"{found.blocks:,} blocks, {found.leaves:,} rows …")
        if json:
            self.stdout.write(orjson.dumps(found, default=str).decode())
        else:
            overwrite("")
            self._tell(found)
        if found.faults_count:
            sys.exit(1)

    def _tell(self, found: Verification) -> None:
        self.stdout.write(f"{found.blocks:,} blocks over {found.leaves:,} rows, {found.heads:,} heads outside.")
        if found.late:
            self.stdout.write(f"{found.late:,} rows were sealed late, by command: see the audit.")
        if found.archived:
            self.stdout.write(f"{found.archived:,} rows lie in detached months: only their hashes were read.")
        if found.not_outside:
            self.stdout.write(f"The newest {found.not_outside:,} blocks are not outside yet.")
        for fault in found.faults:
            self.stdout.write(self.style.ERROR(_words(fault.block, fault.words)))
        if found.faults_count:
            self.stdout.write(self.style.ERROR(f"{found.faults_count:,} faults: the record was changed."))
        else:
            self.stdout.write(self.style.SUCCESS("Nothing was changed."))


def _words(block: int | None, words: str) -> str:
    return words if block is None or str(block) in words.split() else f"{words} (block {block})"
