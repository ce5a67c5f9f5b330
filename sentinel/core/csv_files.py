"""CSV files as people upload them, read line by line: bounded, in words when they cannot be read, packed or not.

What leaves is safe to open in a spreadsheet: a cell that would begin a formula gets an apostrophe before it, and
readers may take that one apostrophe away again.
"""

import codecs
import csv
import io
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from sentinel.core.card_numbers import contains_card_number
from sentinel.core.errors import InvalidRequest

_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
_ESCAPED = re.compile(r"'+[=+\-@\t\r\n]")
_LINE_LENGTH_MAX = 4_000
_GZIP = b"\x1f\x8b"
_UNPACKED_AT_ONCE = 1024 * 1024

T = TypeVar("T")


class UnusableFile(InvalidRequest):
    """A file cannot be read as what it was sent for. Nothing of it is kept."""

    code = "unusable_file"
    title = "The file cannot be used"


def csv_rows(parts: Iterable[bytes], *, lines_max: int, expected: str) -> Iterator[tuple[int, list[str]]]:
    """The last line and the cells of every row that is not empty. `expected` says what a row should look like.

    Errors: UnusableFile, as soon as it is met, when this is no CSV file.
    """
    lines = _bounded(_text_lines(parts, expected), lines_max, expected)
    first = next(lines, None)
    if first is None:
        raise UnusableFile("The file is empty.")
    reader = csv.reader(_and_then(first, lines), delimiter=_delimiter(first), strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error as error:
        what = "a quotation mark is opened and never closed" if "end of data" in str(error) else str(error)
        raise UnusableFile(f"Line {reader.line_num} is not CSV: {what}. {expected}") from None


def unpacked(blocks: Iterable[bytes], *, bytes_max: int) -> Iterator[bytes]:
    """The blocks of a file, of a gzip file those within. Errors: UnusableFile when there are more bytes than that."""
    size = 0
    for block in _unpack(blocks):
        size += len(block)
        if size > bytes_max:
            raise UnusableFile(f"The file is larger than {bytes_max:,} bytes. Split it, and send the parts.")
        yield block


def _unpack(blocks: Iterable[bytes]) -> Iterator[bytes]:
    waiting = iter(blocks)
    first = b""
    while len(first) < len(_GZIP) and (block := next(waiting, b"")):
        first += block
    if not first.startswith(_GZIP):
        yield first
        yield from waiting
        return
    unpacker = zlib.decompressobj(wbits=31)
    try:
        for block in _and_then(first, waiting):
            rest = block
            while rest:
                yield unpacker.decompress(rest, _UNPACKED_AT_ONCE)
                rest = unpacker.unconsumed_tail
                if unpacker.eof and unpacker.unused_data:  # files may be packed one behind the other
                    rest, unpacker = unpacker.unused_data, zlib.decompressobj(wbits=31)
        yield unpacker.flush()
    except zlib.error:
        raise UnusableFile("The file is packed with gzip and cannot be unpacked: it was damaged.") from None
    if not unpacker.eof:
        raise UnusableFile("The file is packed with gzip and its end is missing.")


def first_card_number(blocks: Iterable[bytes]) -> int | None:
    """The first line of a file that holds a full card number. `blocks` end where lines end."""
    line = 1
    for block in _smaller(blocks):
        if not block.isascii() or _MANY_DIGITS.search(block):
            for place, text in enumerate(block.split(b"\n")):
                if contains_card_number(text.decode(errors="replace")):
                    return line + place
        line += block.count(b"\n")
    return None


def _smaller(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same, in pieces that are looked through in a moment: payments are decided in between."""
    for block in blocks:
        start = 0
        while start < len(block):
            end = block.find(b"\n", start + _PIECE_BYTES) + 1 or len(block)
            yield block[start:end]
            start = end


_PIECE_BYTES = 32 * 1024
# Enough digits for a card number, with no more between them than stands between those of one.
_MANY_DIGITS = re.compile(rb"[0-9](?:[ \t./_\\+'\"-]{0,3}[0-9]){11}")


def without_formula(cell: str) -> str:
    """The cell as a spreadsheet can be given it."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def safe_row(*cells: str) -> tuple[str, ...]:
    """Cells of a file that somebody will open in a spreadsheet."""
    return tuple(map(without_formula, cells))


def with_formula(cell: str) -> str:
    """The cell as it was before without_formula."""
    return cell[1:] if _ESCAPED.match(cell) else cell


def csv_text(rows: Iterable[Sequence[str]]) -> str:
    """Rows as lines of CSV."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _text_lines(parts: Iterable[bytes], expected: str) -> Iterator[str]:
    """Lines with their ends. Errors: UnusableFile for what is not text."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    rest, number = "", 1
    for part, is_last in _with_last(parts):
        try:
            text = rest + decoder.decode(part, is_last)
        except UnicodeDecodeError:
            raise UnusableFile(
                f"Near line {number} the file is not UTF-8 text. Save it as CSV UTF-8 and upload it again."
            ) from None
        if "\0" in text:
            line = number + text.partition("\0")[0].count("\n")
            raise UnusableFile(f"Line {line} holds NUL bytes: this is not a text file. Save it as CSV UTF-8.")
        lines = _whole_lines(text)
        rest = lines.pop()
        for whole in lines:
            yield f"{whole}\n"
        if is_last and rest:
            yield rest
        number += len(lines)
        if len(rest) > _LINE_LENGTH_MAX:
            raise UnusableFile(f"Line {number} has over {_LINE_LENGTH_MAX:,} characters. {expected}")


def _whole_lines(text: str) -> list[str]:
    """The lines, and last what may go on in the next part."""
    *lines, rest = text.split("\n")
    return [*(line.removesuffix("\r") for line in lines), rest]


def _with_last(parts: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    for part in parts:
        yield part, False
    yield b"", True


def _bounded(lines: Iterator[str], lines_max: int, expected: str) -> Iterator[str]:
    is_empty = True
    for number, line in enumerate(lines, start=1):
        if number > lines_max + 1 and line.strip():  # one more for the header
            raise UnusableFile(f"The file has over {lines_max:,} lines. Split it, and upload the parts one by one.")
        if len(line) > _LINE_LENGTH_MAX:
            raise UnusableFile(f"Line {number} has over {_LINE_LENGTH_MAX:,} characters. {expected}")
        if is_empty and not line.strip():
            continue  # what stands before the first line with anything in it
        is_empty = False
        yield line


def _and_then(first: T, rest: Iterator[T]) -> Iterator[T]:
    yield first
    yield from rest


def _delimiter(first: str) -> str:
    return ";" if ";" in first and "," not in first.partition(";")[0] else ","


def moment_read(text: str) -> datetime:
    """Without a zone it is UTC; a day is its beginning. Errors: ValueError."""
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(text) from None
