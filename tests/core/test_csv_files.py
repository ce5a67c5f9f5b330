"""Uploaded files, packed or not, are read within bounds or refused in words."""

import gzip
import zlib

import pytest

from sentinel.core.csv_files import UnusableFile, csv_rows, moment_read, unpacked, with_formula, without_formula


def read(*blocks: bytes, bytes_max: int = 10_000) -> bytes:
    return b"".join(unpacked(blocks, bytes_max=bytes_max))


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


TEXT = b"".join(b"line %d\n" % number for number in range(900))


@pytest.mark.parametrize("size", [1, 7, 4096, 100_000])
def test_a_file_is_the_same_packed_or_not(size):
    assert read(*cut(TEXT, size)) == TEXT
    assert read(*cut(gzip.compress(TEXT), size)) == TEXT
    assert read(*cut(gzip.compress(TEXT[:900]) + gzip.compress(TEXT[900:]), size)) == TEXT


def test_nothing_is_nothing():
    assert read() == b""


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"x" * 10_001, "larger than 10,000 bytes"),
        (gzip.compress(b"0" * 10_001), "larger than 10,000 bytes"),
        (gzip.compress(TEXT)[:-20], "its end is missing"),
        (gzip.compress(TEXT)[:40] + b"\0" * 40, "was damaged"),
        (gzip.compress(TEXT) + b"no gzip", "was damaged"),
    ],
    ids=["large", "a bomb", "cut short", "damaged inside", "damaged behind"],
)
def test_what_is_too_large_or_damaged_is_refused(data, words):
    with pytest.raises(UnusableFile, match=words):
        read(*cut(data, 64))


def test_of_a_gzip_bomb_no_more_is_unpacked_than_may_be():
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(1024 * 1024)) for _ in range(200)) + packer.flush()
    blocks = unpacked([bomb], bytes_max=3 * 1024 * 1024)

    sizes = [len(next(blocks)) for _ in range(3)]
    with pytest.raises(UnusableFile, match="larger than"):
        next(blocks)
    assert sum(sizes) <= 3 * 1024 * 1024


def test_rows_come_with_their_last_line():
    rows = csv_rows([b'\n a;b\n\n1;"2\n', b'3"\n;\n4;5'], lines_max=10, expected="")

    assert list(rows) == [(1, [" a", "b"]), (4, ["1", "2\n3"]), (6, ["4", "5"])]


def test_a_formula_is_taken_apart_and_put_together_again():
    for cell in ("=1+1", "+1", "-1", "@x", "\tx", "'=1"):
        assert without_formula(cell) == f"'{cell}"
        assert with_formula(without_formula(cell)) == cell
    assert without_formula("plain") == "plain"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("yesterday", "Invalid isoformat"),
        ("", "Invalid isoformat"),
        ("2026-02-30", "day is out of range"),
        ("0001-01-01T00:00+23:00", "0001-01-01"),
    ],
)
def test_what_is_no_moment_is_refused(text, words):
    with pytest.raises(ValueError, match=words):
        moment_read(text)
