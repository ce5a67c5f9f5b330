"""A part of the world on a flat picture: longitude and latitude as they are, a degree as wide as it is high."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil

Place = tuple[float, float]  # longitude, latitude

WIDTH, HEIGHT = 720.0, 320.0
NORTHMOST, SOUTHMOST = 84.0, -60.0
# Closer than this the hand-drawn land says nothing any more.
LEAST_DEGREES_WIDE = 60.0
_ROOM = 1.35  # around what is shown


@dataclass(frozen=True, slots=True)
class Frame:
    """`west` and `north` are its corner, `scale` how many units of the picture a degree has."""

    west: float
    north: float
    scale: float

    def at(self, place: Place) -> tuple[float, float]:
        """Across and down."""
        longitude, latitude = place
        return round((longitude - self.west) * self.scale, 1), round((self.north - latitude) * self.scale, 1)

    @property
    def east(self) -> float:
        return self.west + WIDTH / self.scale

    @property
    def south(self) -> float:
        return self.north - HEIGHT / self.scale

    def shows(self, shape: Iterable[Place]) -> bool:
        """Whether any of it may lie in the picture."""
        across, up = zip(*shape, strict=True)
        is_beside = max(across) < self.west or min(across) > self.east
        return not (is_beside or max(up) < self.south or min(up) > self.north)


def frame_of(places: Sequence[Place]) -> Frame:
    """All of the places with room around them, as large as fits; never more than the whole world."""
    across, up = zip(*places, strict=True)
    wide = max((max(across) - min(across)) * _ROOM, (max(up) - min(up)) * _ROOM * WIDTH / HEIGHT, LEAST_DEGREES_WIDE)
    wide = min(wide, 360.0)
    high = wide * HEIGHT / WIDTH
    west = _within((max(across) + min(across) - wide) / 2, -180.0, 180.0 - wide)
    north = _within((max(up) + min(up) + high) / 2, min(SOUTHMOST + high, NORTHMOST), NORTHMOST)
    return Frame(west, north, WIDTH / wide)


def graticule(frame: Frame) -> tuple[list[float], list[float]]:
    """Meridians and parallels that cross the picture: every 30 degrees, every 10 when it shows little."""
    step = 30 if frame.east - frame.west > 120 else 10
    return _steps(frame.west, frame.east, step), _steps(frame.south, frame.north, step)


def _steps(low: float, high: float, step: int) -> list[float]:
    first = ceil(low / step) * step
    return [float(each) for each in range(first, int(high) + 1, step) if low < each < high]


def _within(value: float, least: float, most: float) -> float:
    return max(least, min(value, most))
