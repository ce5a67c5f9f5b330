"""What was counted of a client's requests, by day and as shares."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from scoring.domain.quality import OF_MERCHANTS, USUAL_DAYS, Drift, Share, drift
from scoring.models import QualityCount

Kind = QualityCount.Kind
# What is asked whether it drifts, besides each field that was ever missing or refused.
WHOLE = ((Kind.TURNED_AWAY, ""), (Kind.REPLAYED, ""), (Kind.SAME_REFERENCE, ""))

Measure = tuple[str, str]  # kind and field


@dataclass(slots=True)
class Day:
    """The counts of a client on a day. `refusals` are those turned away, by their code."""

    received: Counter[str] = field(default_factory=Counter)  # by transaction type
    missing: Counter[str] = field(default_factory=Counter)  # by field
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)  # by field and code
    refusals: Counter[str] = field(default_factory=Counter)
    replayed: int = 0
    same_reference: int = 0

    @property
    def requests(self) -> int:
        return self.received.total() + self.refusals.total()

    def share(self, measure: Measure) -> Share:
        """Missing fields among those received that could have them, all else among all requests."""
        kind, name = measure
        if kind == Kind.MISSING:
            could = self.received["purchase"] if name in OF_MERCHANTS else self.received.total()
            return Share(self.missing[name], could)
        counts = {
            Kind.REFUSED: sum(count for (refused, _), count in self.refused.items() if refused == name),
            Kind.TURNED_AWAY: self.refusals.total(),
            Kind.REPLAYED: self.replayed,
            Kind.SAME_REFERENCE: self.same_reference,
        }
        return Share(counts[Kind(kind)], self.requests)

    def add(self, kind: str, name: str, code: str, requests: int) -> None:
        match kind:
            case Kind.RECEIVED:
                self.received[name] += requests
            case Kind.MISSING:
                self.missing[name] += requests
            case Kind.REFUSED:
                self.refused[name, code] += requests
            case Kind.TURNED_AWAY:
                self.refusals[code] += requests
            case Kind.REPLAYED:
                self.replayed += requests
            case Kind.SAME_REFERENCE:
                self.same_reference += requests


Days = Mapping[date, Day]  # those with requests


def quality_days(today: date, client_ids: Iterable[UUID] | None = None) -> dict[UUID, dict[date, Day]]:
    """The days of clients, those asked for or all, from USUAL_DAYS before today on."""
    counts = QualityCount.objects.filter(day__gte=today - timedelta(days=USUAL_DAYS), day__lte=today)
    if client_ids is not None:
        counts = counts.filter(client_id__in=client_ids)
    found: dict[UUID, dict[date, Day]] = defaultdict(lambda: defaultdict(Day))
    rows = counts.values_list("client_id", "day", "kind", "field", "code", "requests")
    for client_id, day, kind, name, code, requests in rows:
        found[client_id][day].add(kind, name, code, requests)
    return {client_id: dict(days) for client_id, days in found.items()}


def measures_of(days: Days) -> list[Measure]:
    """What can drift for a client."""
    missing = {name for day in days.values() for name in day.missing}
    refused = {name for day in days.values() for name, _ in day.refused}
    by_field = [(Kind.MISSING, name) for name in sorted(missing)] + [(Kind.REFUSED, name) for name in sorted(refused)]
    return [(str(kind), name) for kind, name in (*WHOLE, *by_field)]


def drift_of(days: Days, measure: Measure, today: date) -> Drift | None:
    """None while there are too few requests to say anything."""
    if today not in days:
        return None
    before = [day.share(measure) for moment, day in days.items() if moment < today]
    return drift(days[today].share(measure), before)
