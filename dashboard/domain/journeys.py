"""Where payments were made one after another, and how fast somebody would have had to travel between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from sentinel.core.geo import distance_km, speed_kmh

# Payments this near to one another are of one stay: coordinates are not exact, and people move about in a city.
STAY_KM = 50.0
# Nobody travels so fast over more than a short way; the rule that is shipped says the same.
IMPOSSIBLE_KMH, IMPOSSIBLE_FROM_KM = 1000.0, 200.0


@dataclass(frozen=True, slots=True)
class Stop:
    """A payment with a place."""

    at: datetime
    latitude: float
    longitude: float
    city: str | None
    country: str | None
    is_this: bool = False


@dataclass(frozen=True, slots=True)
class Stay:
    """Payments one after another in one place."""

    stops: tuple[Stop, ...]

    @property
    def first(self) -> Stop:
        return self.stops[0]

    @property
    def last(self) -> Stop:
        return self.stops[-1]

    @property
    def has_this(self) -> bool:
        return any(stop.is_this for stop in self.stops)


@dataclass(frozen=True, slots=True)
class Leg:
    """From the last payment of a stay to the first of the next."""

    start: Stop
    end: Stop
    km: float
    kmh: float

    @property
    def is_impossible(self) -> bool:
        return self.kmh > IMPOSSIBLE_KMH and self.km > IMPOSSIBLE_FROM_KM

    @property
    def seconds(self) -> float:
        return (self.end.at - self.start.at).total_seconds()


def stays_of(stops: Sequence[Stop]) -> list[Stay]:
    """In the order of time, which `stops` are in."""
    stays: list[list[Stop]] = []
    for stop in stops:
        if stays and _km(stays[-1][-1], stop) <= STAY_KM:
            stays[-1].append(stop)
        else:
            stays.append([stop])
    return [Stay(tuple(each)) for each in stays]


def legs_of(stays: Sequence[Stay]) -> list[Leg]:
    """One fewer than there are stays. As the features of a payment reckon distance and speed."""
    return [_leg(before.last, after.first) for before, after in pairwise(stays)]


def _leg(start: Stop, end: Stop) -> Leg:
    km = _km(start, end)
    return Leg(start, end, km, speed_kmh(km, (end.at - start.at).total_seconds()))


def _km(start: Stop, end: Stop) -> float:
    return distance_km(start.latitude, start.longitude, end.latitude, end.longitude)
