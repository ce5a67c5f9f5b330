"""The figures that are taken of the system each minute: what they mean, and from where on they are too much. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

# A figure that has fallen to this share of its limit is well again: it does not open and close around the limit.
CALM_SHARE = 0.8
DOWN = "service_down"
PAYMENT_ROUTES = ("/api/v1/transactions", "/transaction")


@dataclass(frozen=True, slots=True)
class Figure:
    """`limit` None: shown, and nothing to be alarmed of. `minutes`: for how long it has to be past the limit."""

    name: str
    words: str
    unit: str
    limit: float | None
    minutes: int
    advice: str

    def told(self, value: float) -> str:
        """The value with its unit: 1,204 events, 3.5 %. One without a unit is so, or is not."""
        if not self.unit:
            return "yes" if value else "no"
        number = f"{value:,.0f}" if value >= 100 or float(value).is_integer() else f"{value:,.1f}"
        return f"{number} {self.unit}"


@dataclass(frozen=True, slots=True)
class Limit:
    """What holds for a figure now."""

    value: float | None
    minutes: int


_ALL = (
    Figure(DOWN, "Services that do not answer", "", 1, 2, "Run `manage.py doctor`: it says what to do."),
    Figure("request_rate", "Requests", "per second", None, 3, ""),
    Figure("error_percent", "Requests that failed on our side", "%", 2, 3, "Look at the warnings, and at services."),
    Figure("payment_rate", "Payments decided", "per second", None, 3, ""),
    Figure("payment_ms_p50", "Half of the payments answered within", "ms", None, 5, ""),
    Figure("payment_ms_p95", "95 in 100 payments answered within", "ms", None, 5, ""),
    Figure(
        "payment_ms_p99", "99 in 100 payments answered within", "ms", 200, 5,
        "Look at processor and database; start more web processes.",
    ),
    Figure(
        "degraded_percent", "Payments decided without something", "%", 5, 5,
        "The services page says what is missing; docs/architecture.md what it means.",
    ),
    Figure("queue_depth", "Messages that no worker has taken", "messages", 10_000, 3, "Start more workers."),
    Figure("outbox_events", "Events not handed out yet", "events", 50_000, 3, "Is `manage.py relay` running?"),
    Figure("outbox_age_seconds", "The oldest event waits for", "s", 60, 2, "Is `manage.py relay` running?"),
    Figure(
        "delivery_age_seconds", "The oldest due delivery waits for", "s", 300, 3,
        "Does a worker take the queue sentinel.deliveries?",
    ),
    Figure("facts_age_seconds", "Age of the dashboard's facts", "s", 600, 2, "Are beat and a worker running?"),
    Figure(
        "entity_history_missing", "History of cards, devices, merchants missing", "", 1, 10,
        "The worker rebuilds it by itself; `manage.py rebuild_entities` does it at once.",
    ),
    Figure("configuration_age_seconds", "Rules, lists, policy and model unchanged for", "s", None, 5, ""),
    Figure("model_age_days", "The champion decides for", "days", 90, 5, "Train a model: docs/models.md."),
    Figure(
        "database_connections_percent", "Connections of the database in use", "%", 85, 3,
        "Run fewer processes, or let PostgreSQL take more (max_connections).",
    ),
    Figure("cpu_percent", "Processor in use", "%", 95, 10, "Add a machine, or find what is busy."),
    Figure("memory_percent", "Memory in use", "%", 90, 5, "Run fewer processes, or add memory."),
    Figure("disk_percent", "Disk in use", "%", 90, 5, "Make room, or move SENTINEL_VAR_DIR to a larger disk."),
)  # fmt: skip
FIGURES = {figure.name: figure for figure in _ALL}


def limits_in_force(of_settings: Mapping[str, float], set_by_people: Mapping[str, Limit]) -> dict[str, Limit]:
    """By figure: what a person has set, else the settings', else ours."""
    found = {}
    for name, figure in FIGURES.items():
        shipped = Limit(of_settings.get(name, figure.limit), figure.minutes)
        found[name] = set_by_people.get(name, shipped)
    return found
