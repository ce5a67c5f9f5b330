"""manage.py score_file: what it says before it scores. tests/faults/test_jobs.py lets it score, and kills it."""

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from scoring.models import ScoreJob
from tests.scoring.jobs.conftest import kept_files
from tests.scoring.jobs.files import file_of, packed, row, rows

pytestmark = pytest.mark.django_db


def dry_run(path: Path, *words: str) -> str:
    out = io.StringIO()
    call_command("score_file", str(path), "--dry-run", *words, stdout=out)
    return out.getvalue()


@pytest.fixture
def file(tmp_path):
    def write(data: bytes, name: str = "payments.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


def test_a_dry_run_says_that_all_rows_can_be_scored_and_leaves_nothing(file, job_folder):
    assert dry_run(file(packed(file_of(rows(20))), "payments.csv.gz")) == "20 rows can be scored.\n"
    assert (ScoreJob.objects.count(), kept_files(job_folder)) == (0, [])


def test_a_dry_run_names_the_lines_that_cannot_and_ends_with_one(file, job_folder, capsys):
    path = file(file_of([row(1), row(2, amount="x"), "ragged"]))
    with pytest.raises(SystemExit) as ended:
        call_command("score_file", str(path), "--dry-run")

    assert ended.value.code == 1
    assert capsys.readouterr().out.splitlines() == [
        "Line 3, amount: Write the amount like 5400.00.",
        "Line 4, row: The row has 1 cells, and the first line names 7 columns.",
        "3 rows, of which 2 cannot be scored: amount: wrong_format (1), row: ragged (1).",
    ]
    assert (ScoreJob.objects.count(), kept_files(job_folder)) == (0, [])


def test_columns_and_what_all_rows_say_are_told_beside_the_file(file):
    path = file(b"who,how much,where\nacc_1,5.00,m_1\n")
    mapped = ("--map", "who=account_id", "--map", "how much=amount", "--map", "where=merchant_id")

    assert dry_run(path, *mapped, "--set", "currency=EUR") == "1 rows can be scored.\n"


@pytest.mark.parametrize(
    ("data", "words", "complaint"),
    [
        (b"a,b\n1,2\n", ("--dry-run",), "No column says the account_id"),
        (file_of(rows(2)), (), "--out says where the results go"),
        (file_of(rows(2)), ("--dry-run", "--set", "currency=XXY"), "There is no such currency"),
        (file_of(rows(2)), ("--dry-run", "--map", "nothing=amount"), "There is no column nothing"),
        (file_of([row(1, merchant="4111111111111111")]), ("--dry-run",), "Line 2 holds a full card number"),
        (b"", ("--dry-run",), "The file is empty"),
    ],
)
def test_what_cannot_be_is_said_in_words_and_leaves_nothing(file, job_folder, data, words, complaint):
    with pytest.raises(CommandError, match=complaint):
        call_command("score_file", str(file(data)), *words)
    assert (ScoreJob.objects.count(), kept_files(job_folder)) == (0, [])


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        dry_run(tmp_path / "nothing.csv")
