"""What people and machines send in the place of a file of payments. Nothing is kept of what cannot be used, and the
words name the line.
"""

import gzip
import zlib
from pathlib import Path

import pytest
from django.utils import timezone

from scoring.models import ScoreJob
from scoring.services.jobs import splitting
from scoring.services.jobs.checking import job_check
from scoring.services.jobs.splitting import job_split
from sentinel.core.csv_files import UnusableFile
from sentinel.core.errors import InvalidRequest
from tests.scoring.jobs.conftest import kept_files
from tests.scoring.jobs.files import HEADER, file_of, packed, row, rows, uploaded

pytestmark = pytest.mark.django_db

PNG = Path(__file__).parents[3] / "docs" / "images" / "label-import.png"


def zeros(size: int) -> bytes:
    """So many zeros, packed without ever being there."""
    packer = zlib.compressobj(9, wbits=31)
    blocks = [packer.compress(bytes(1024 * 1024)) for _ in range(size // 1024 // 1024)]
    return b"".join([*blocks, packer.flush()])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "The file is empty."),
        (b"\n \n\n", "The file is empty."),
        (HEADER.encode(), "has a header and no rows"),
        (HEADER.encode() + b"\n\n\n", "has a header and no rows"),
        (HEADER.replace(",", "|").encode() + b"\na|b\n", "Line 1 has one column. Separate columns with commas"),
        (HEADER.replace(",", "\t").encode() + b"\na\tb\n", "Line 1 has one column."),
        (PNG.read_bytes(), "not UTF-8 text"),
        (file_of(rows(3)).decode().encode("utf-16"), "not UTF-8 text"),
        (file_of([row(1), row(2, merchant="4111111111111111")]), "Line 3 holds a full card number"),
        (packed(file_of(rows(50)))[:-9], "its end is missing"),
        (packed(file_of(rows(50)))[:60] + b"damaged" + packed(file_of(rows(50)))[67:], "cannot be unpacked"),
        (packed(b""), "The file is empty."),
        (zeros(50 * 1024 * 1024), "NUL|over 65,536 bytes|grows to over 200 times"),
        (",".join(f"c{number}" for number in range(201)).encode() + b"\nx\n", "201 columns; at most 200"),
    ],
    ids=lambda each: each[:20] if isinstance(each, str) else "",
)  # fmt: skip
def test_what_is_no_file_of_payments_is_refused_and_not_kept(data, words, job_folder):
    with pytest.raises(UnusableFile, match=words):
        uploaded(data)

    assert (ScoreJob.objects.count(), kept_files(job_folder)) == (0, [])


def test_a_file_that_unpacks_to_far_more_than_it_is_is_refused(job_folder):
    bomb = gzip.compress((HEADER + "\n").encode() + (row(1) + "\n").encode() * 200_000, 9)

    with pytest.raises(UnusableFile, match="grows to over 200 times its size"):
        uploaded(bomb)
    assert (ScoreJob.objects.count(), kept_files(job_folder)) == (0, [])


def test_a_file_that_is_too_large_is_refused_while_it_comes_in(settings, job_folder):
    settings.JOB_BYTES_MAX = 5_000
    sent = 0

    def content():
        nonlocal sent
        yield (HEADER + "\n").encode()
        while True:
            sent += 1
            yield (row(sent) + "\n").encode() * 10

    from scoring.services.jobs.uploading import job_upload

    with pytest.raises(UnusableFile, match="larger than 5,000 bytes"):
        job_upload(actor="t", client=None, file_name="a.csv", content=content(), constants={}, now=timezone.now())
    assert sent < 20
    assert (ScoreJob.objects.count(), kept_files(job_folder)) == (0, [])


@pytest.mark.parametrize("name", ["4111111111111111.csv", "4111 1111 1111 1111"])
def test_a_name_with_a_card_number_is_refused(name, job_folder):
    with pytest.raises(InvalidRequest):
        uploaded(file_of(rows(2)), file_name=name)
    assert (ScoreJob.objects.count(), kept_files(job_folder)) == (0, [])


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" + file_of(rows(3)),
        file_of(rows(3)).replace(b"\n", b"\r\n"),
        file_of(rows(3)).replace(b",", b";"),
        b"\n\n" + file_of(rows(3)),
        packed(file_of(rows(3))),
        packed(file_of(rows(2))) + packed((row(2) + "\n").encode()),
        file_of(rows(3)).replace(b"m_17", '"Kutch, Müller"'.encode()),
    ],
)
def test_what_spreadsheets_and_packers_make_of_a_file_is_read(data):
    checked = job_check(uploaded(data), now=timezone.now())

    assert (checked.rows, checked.faulty, checked.is_whole) == (3, 0, True)


@pytest.mark.parametrize(
    ("lines", "line", "column", "words"),
    [
        ([row(1), "T-2,acc_1,5.00"], 3, "row", "The row has 3 cells, and the first line names 7 columns."),
        ([row(1), row(2) + ",more"], 3, "row", "The row has 8 cells"),
        ([row(1), row(2, amount="five")], 3, "amount", "Write the amount like 5400.00."),
        ([row(1), row(2, amount="5.001")], 3, "amount", "INR has 2 decimals"),
        ([row(1), row(1)], 3, "transaction_id", "Line 2 has this transaction id already."),
        ([row(1), "", row(2, account_id="=cmd()")], 4, "account_id", "Use letters, digits"),
        ([row(1), row(2, account_id="")], 3, "account_id", "It is empty."),
        ([row(1), row(2, merchant="")], 3, "merchant_id", "A purchase names its merchant."),
        ([row(1), row(2, at="2126-01-31")], 3, "occurred_at", "cannot happen in the future"),
        ([row(1), row(2, kind="gift")], 3, "transaction_type", "purchase"),
    ],
)
def test_the_dry_run_names_the_line_and_the_column(lines, line, column, words):
    checked = job_check(uploaded(file_of(lines)), now=timezone.now())

    (fault,) = checked.faults
    assert (fault.line, fault.column, words in fault.words) == (line, column, True), fault
    assert (checked.rows, checked.faulty) == (2, 1)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([*rows(400), "caf\xe9"], "Near line .* not UTF-8 text"),
        ([*rows(3), 'T-9,"acc_1'], "a quotation mark is opened and never closed"),
        ([*rows(3), row(9, merchant="m\0")], "Line 5 holds NUL bytes"),
        ([*rows(3), row(9, merchant="m" * 5000)], "Line 5 has over 4,000 characters"),
    ],
)
def test_what_ends_the_reading_is_said_with_its_line(lines, words):
    job = uploaded("\n".join([HEADER, *lines]).encode("latin-1"))

    with pytest.raises(UnusableFile, match=words):
        job_check(job, now=timezone.now())
    with pytest.raises(UnusableFile, match=words), job_split(job):
        pass


def test_only_the_first_rows_of_a_long_file_are_checked(monkeypatch):
    monkeypatch.setattr("scoring.services.jobs.checking.ROWS_CHECKED_MAX", 5)

    checked = job_check(uploaded(file_of([*rows(5), "ragged"])), now=timezone.now())

    assert (checked.rows, checked.faulty, checked.is_whole) == (5, 0, False)


def test_too_many_rows_are_refused(settings):
    settings.JOB_ROWS_MAX = 5
    job = uploaded(file_of(rows(6)))

    with pytest.raises(UnusableFile, match="over 5 lines"), job_split(job):
        pass


def test_all_rows_of_an_account_are_in_one_part_and_none_is_lost(settings, monkeypatch):
    settings.JOB_PART_BYTES = 1_000
    monkeypatch.setattr(splitting, "_ROWS_IN_MEMORY", 10)
    monkeypatch.setattr(splitting, "_ID_BYTES_IN_MEMORY", 100)
    lines = [*rows(200, accounts=20), "ragged", row(7, "acc_other")]

    with job_split(uploaded(file_of(lines))) as split:
        parts = [split.part(number).read_text().splitlines() for number in split.rows]
        assert split.refused_rows.read_text().startswith('202,,,,,,,,"row: The row has 1 cells')

    assert (split.total, split.refused.refused, split.repeated) == (202, 1, {203: 9})
    assert sorted(int(line.split(",")[0]) for part in parts for line in part) == [*range(2, 202), 203]
    accounts = [{line.split(",")[2] for line in part} for part in parts]
    assert len(parts) > 5
    assert sum(map(len, accounts)) == len(set().union(*accounts)) == 21


def test_a_column_that_says_the_same_in_every_row_is_no_id(monkeypatch):
    monkeypatch.setattr(splitting, "REPEATED_MAX", 50)
    job = uploaded(file_of([row(number, id="same") for number in range(60)]))

    with pytest.raises(UnusableFile, match="Over 50 rows have a transaction id that came before"), job_split(job):
        pass
