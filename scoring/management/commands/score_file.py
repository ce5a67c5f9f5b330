import hashlib
import os
import shutil
import sys
import time
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from scoring.domain.jobs.fields import CONSTANTS, FIELDS
from scoring.domain.jobs.readings import Reading, reading_guess
from scoring.models import ScoreJob
from scoring.selectors.jobs import Progress
from scoring.services.jobs.checking import Checked, job_check
from scoring.services.jobs.files import BLOCK_BYTES, file_blocks, files_forget
from scoring.services.jobs.local import job_find, job_run, peak_mib
from scoring.services.jobs.steering import job_continue, job_forget, job_start
from scoring.services.jobs.uploading import job_upload
from sentinel.core.errors import SentinelError

_FAULTS_SHOWN = 20
_STOPPED_CODE = 130  # as a shell says it of Ctrl-C
State = ScoreJob.State


class Command(BaseCommand):
    help = (
        "Scores a CSV file of payments (also .gz) by what decides now, and writes a CSV of results. Needs no workers."
        " Stopped with Ctrl-C or killed, it goes on when it is started again with the same file."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--out", type=Path, metavar="FILE", help="Where the results go. Not with --dry-run.")
        parser.add_argument(
            "--map", type=_pair, action="append", default=[], metavar="COLUMN=FIELD",
            help=f"What a column says, when its name does not. Fields: {', '.join(FIELDS)}.",
        )  # fmt: skip
        parser.add_argument(
            "--set", type=_pair, action="append", default=[], metavar="FIELD=VALUE",
            help=f"What all rows say that have no column for it: {', '.join(CONSTANTS)}.",
        )  # fmt: skip
        parser.add_argument(
            "--dry-run", action="store_true", help="Say what is wrong with the file, and score nothing."
        )
        parser.add_argument(
            "--processes", type=int, default=os.cpu_count() or 1, help="One for each core unless told."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["dry_run"] and options["out"] is None:
            raise CommandError("--out says where the results go; --dry-run needs none.")
        try:
            job = self._job(options)
            if options["dry_run"]:
                self._dry_run(job)
            else:
                self._score(job, options)
        except SentinelError as error:
            raise CommandError(error.detail) from None
        except OSError as error:
            raise CommandError(str(error)) from None

    def _job(self, options: dict[str, Any]) -> ScoreJob:
        """The unfinished one of the same file, or a new one."""
        path: Path = options["file"]
        columns = {field: column for column, field in options["map"]}
        constants = {"currency": settings.REPORTING_CURRENCY, "transaction_type": "purchase", **dict(options["set"])}
        known = None if options["dry_run"] else job_find(file_sha256=_sha256(path))
        if known is not None and _same_reading(known, columns, constants):
            self._say(f"Goes on with {known.public_id}.", options)
            return known
        with path.open("rb") as content:
            blocks = iter(lambda: content.read(BLOCK_BYTES), b"")
            return job_upload(
                actor="score_file", client=None, file_name=path.name, content=blocks, columns=columns,
                constants=constants, is_local=True, now=timezone.now(),
            )  # fmt: skip

    def _dry_run(self, job: ScoreJob) -> None:
        try:
            checked = job_check(job, now=timezone.now())
        finally:
            files_forget(job.pk)
            job.delete()
        for fault in checked.faults[:_FAULTS_SHOWN]:
            self.stdout.write(f"Line {fault.line}, {fault.column}: {fault.words}")
        self.stdout.write(_checked_words(checked))
        if checked.faulty:
            sys.exit(1)

    def _score(self, job: ScoreJob, options: dict[str, Any]) -> None:
        began = time.monotonic()
        if job.state == State.UPLOADED:
            job_start(actor="score_file", job=job, now=timezone.now())
        elif job.state == State.PAUSED:
            job_continue(actor="score_file", job=job, now=timezone.now())
        is_quiet = options["verbosity"] == 0 or not sys.stderr.isatty()
        processes = max(1, options["processes"])
        try:
            with tqdm(unit=" rows", disable=is_quiet) as bar:
                job = job_run(job.pk, processes=processes, on_progress=lambda progress: _show(bar, progress))
        except KeyboardInterrupt:
            self.stdout.write("Stopped. The same command goes on from here.")
            sys.exit(_STOPPED_CODE)
        if job.state == State.FAILED:
            raise CommandError(job.error)
        if job.state != State.DONE:
            raise CommandError(f"It is {job.get_state_display()}, and nobody works at it. Start it again to go on.")
        _write(job, options["out"])
        job_forget(job=job, now=timezone.now())  # its results are where they were wanted
        seconds = time.monotonic() - began
        told = job.summary
        self.stdout.write(
            f"{job.rows:,} rows, {told['scored']:,} scored, {told['refused']:,} rejected, "
            f"{(job.rows or 0) / seconds:,.0f} rows/s, peak {peak_mib(processes):,.0f} MiB"
        )

    def _say(self, words: str, options: dict[str, Any]) -> None:
        if options["verbosity"]:
            self.stdout.write(words)


def _write(job: ScoreJob, out: Path) -> None:
    """Whole or not at all."""
    waiting = out.with_name(f"{out.name}.part")
    with waiting.open("wb") as file:
        for block in file_blocks(job.results_name):
            file.write(block)
    shutil.move(waiting, out)


def _show(bar: "tqdm[Any]", progress: Progress) -> None:
    bar.total = progress.rows
    bar.update(progress.rows_done - bar.n)


def _same_reading(job: ScoreJob, columns: dict[str, str], constants: dict[str, str]) -> bool:
    guessed = reading_guess(job.header, constants)
    wanted = Reading.mapped(job.header, columns, constants) if columns else guessed
    return bool(job.reading == wanted.to_json())


def _checked_words(checked: Checked) -> str:
    looked_at = f"{checked.rows:,} rows" if checked.is_whole else f"The first {checked.rows:,} rows"
    if not checked.faulty:
        return f"{looked_at} can be scored."
    kinds = ", ".join(f"{kind} ({count:,})" for kind, count in checked.kinds.most_common(10))
    return f"{looked_at}, of which {checked.faulty:,} cannot be scored: {kinds}."


def _sha256(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _pair(text: str) -> tuple[str, str]:
    left, sign, right = text.partition("=")
    if not sign or not left.strip() or not right.strip():
        raise ArgumentTypeError(f"{text!r} is not of the form left=right.")
    return left.strip(), right.strip()
