"""How one file is read: by its shape, or by what its columns are said to be."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scoring.domain.jobs.fields import CONSTANTS, FIELDS, REQUIRED, columns_guess
from scoring.domain.jobs.rows import request_of
from scoring.domain.jobs.shapes import NATIVE, SHAPES, RequestOf, Shape, Told
from sentinel.core.csv_files import UnusableFile

Read = Callable[[Sequence[str]], Told]


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is read: by the name of its shape; or, that being NATIVE, field -> column. `constants` hold for all
    rows whose column does not say it.
    """

    shape: str = NATIVE
    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {"shape": self.shape, "columns": dict(self.columns), "constants": dict(self.constants)}

    @classmethod
    def mapped(cls, header: Sequence[str], columns: Mapping[str, str], constants: Mapping[str, str]) -> "Reading":
        """By these columns, and by their sound where none is named."""
        return cls(NATIVE, {**columns_guess(header), **columns}, constants)

    @classmethod
    def of_json(cls, told: Mapping[str, Any]) -> "Reading":
        return cls(told["shape"], told["columns"], told["constants"])


@dataclass(frozen=True, slots=True)
class Plan:
    """A Reading for one header. `account` and `transaction` are places of cells, None where no column says it."""

    header: tuple[str, ...]
    account: int | None
    transaction: int | None
    read: Read
    request_of: RequestOf


def reading_guess(header: Sequence[str], constants: Mapping[str, str]) -> Reading:
    """The shape whose columns are all there, or columns by the sound of their names."""
    for shape in SHAPES.values():
        if set(shape.columns) <= set(header):
            return Reading(shape.name, {}, constants)
    return Reading(NATIVE, columns_guess(header), constants)


def constants_faults(constants: Mapping[str, str]) -> list[str]:
    """What cannot be said of all rows of a file."""
    unknown = [f"{name} cannot be the same for all rows." for name in constants if name not in CONSTANTS]
    known = {name: value for name, value in constants.items() if name in CONSTANTS}
    return unknown + [f"There is no such {name}." for name, value in known.items() if value not in CONSTANTS[name]]


def reading_faults(reading: Reading, header: Sequence[str]) -> list[str]:
    """Why no row of a file with this header could be read so; empty when it can."""
    faults = constants_faults(reading.constants) + _column_faults(reading, header)
    return list(dict.fromkeys(faults))


def _column_faults(reading: Reading, header: Sequence[str]) -> list[str]:
    if reading.shape != NATIVE:
        missing = sorted(set(SHAPES[reading.shape].columns) - set(header)) if reading.shape in SHAPES else ()
        unknown = [] if reading.shape in SHAPES else [f"There is no shape {reading.shape}."]
        return unknown + [f"There is no column {column}." for column in missing]
    told = {**reading.constants, **reading.columns}
    return [
        *(f"There is no field {name}." for name in told if name not in FIELDS),
        *(f"There is no column {column}." for column in reading.columns.values() if column not in header),
        *(f"No column says the {name}." for name in REQUIRED if name not in told),
    ]


def plan_of(reading: Reading, header: Sequence[str]) -> Plan:
    """Errors: UnusableFile when the file cannot be read so, or has two columns of one name."""
    faults = [f"Two columns are called {name}." for name in _repeated(header)] + reading_faults(reading, header)
    if faults:
        found = ", ".join(header[:30])
        raise UnusableFile(f"{' '.join(faults)} The first line has {len(header)} columns: {found[:500]}.")
    place = {name: number for number, name in enumerate(header)}
    if reading.shape == NATIVE:
        columns = {name: place[column] for name, column in reading.columns.items()}
        read = _by_mapping(columns, dict(reading.constants))
        return Plan(tuple(header), columns.get("account_id"), columns.get("transaction_id"), read, request_of)
    shape = SHAPES[reading.shape]
    transaction = None if shape.transaction is None else place[shape.transaction]
    read = _by_shape(shape, [place[column] for column in shape.columns], dict(reading.constants))
    return Plan(tuple(header), place[shape.account], transaction, read, shape.request_of)


def _repeated(header: Iterable[str]) -> list[str]:
    names = [name for name in header if name]
    return sorted({name for name in names if names.count(name) > 1})


def _by_mapping(columns: Mapping[str, int], constants: Told) -> Read:
    pairs = list(columns.items())

    def read(cells: Sequence[str]) -> Told:
        told = dict(constants)
        for name, place in pairs:
            if text := cells[place].strip():
                told[name] = text
        return told

    return read


def _by_shape(shape: Shape, places: Sequence[int], constants: Told) -> Read:
    translate = shape.translate

    def read(cells: Sequence[str]) -> Told:
        return {**constants, **translate(*[cells[place].strip() for place in places])}

    return read
