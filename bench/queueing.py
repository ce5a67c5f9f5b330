"""Queues that are served in the order of arrival: by several servers, or by one that takes whoever waits at once."""

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Group:
    """Members by their place among the arrivals: from `first` up to, without, `end`."""

    first: int
    end: int
    done_at: float

    @property
    def size(self) -> int:
        return self.end - self.first


def poisson_arrivals(chance: Random, per_second: float, until_seconds: float) -> list[float]:
    arrivals, now = [], chance.expovariate(per_second)
    while now < until_seconds:
        arrivals.append(now)
        now += chance.expovariate(per_second)
    return arrivals


def serve(jobs: Iterable[tuple[float, float]], servers: int) -> list[float]:
    """When each job is done. A job is its arrival, in rising order, and the seconds it takes."""
    free_at = [0.0] * servers
    done = []
    for arrival, seconds in jobs:
        done.append(max(arrival, free_at[0]) + seconds)
        heapq.heapreplace(free_at, done[-1])
    return done


def serve_groups(arrivals: Sequence[float], size_max: int, seconds_of: Callable[[int], float]) -> list[Group]:
    """One server that takes all who wait when it is free, up to a number. Arrivals in rising order."""
    groups: list[Group] = []
    first, free_at = 0, 0.0
    while first < len(arrivals):
        begins = max(arrivals[first], free_at)
        end = first + 1
        while end < len(arrivals) and end - first < size_max and arrivals[end] <= begins:
            end += 1
        free_at = begins + seconds_of(end - first)
        groups.append(Group(first, end, free_at))
        first = end
    return groups
