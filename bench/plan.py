"""What the process that makes the load is told, and what it answers: both travel as JSON. Standard library only."""

from dataclasses import dataclass, field
from typing import Any

PAYMENT, BULK, SCORE, GET = "payment", "bulk", "score", "get"


@dataclass(frozen=True, slots=True)
class Plan:
    """`target` is method and path. Lanes use the credentials in turn. `accounts` are a prefix and a number.

    Payments carry moments of a clock that advances by `clock_step_seconds` per payment from `clock_start_seconds`;
    0 leaves the moment out: then a payment happens when it arrives.
    """

    host: str
    port: int
    target: str
    kind: str = GET
    authority: str = ""  # who signed the certificate of a server with TLS: a file
    credentials: tuple[str, ...] = ()
    lanes: int = 1
    items: int = 1  # per request
    seconds: float = 1.0
    warmup_seconds: float = 0.0
    requests_max: int = 0  # 0: only time ends it
    account_prefix: str = ""
    accounts: int = 0
    key_prefix: str = ""
    clock_start_seconds: float = 0.0
    clock_step_seconds: float = 0.0
    hot_account: str = ""
    hot_clock_start_seconds: float = 0.0
    replay_share: float = 0.0
    paths: tuple[str, ...] = ()  # for GET: asked in turn, instead of the target's own


@dataclass(frozen=True, slots=True)
class Sample:
    """A request and its first answer, to be sent again later. `moment` etc. are part of `body`."""

    key: str
    body: str
    answer: str


@dataclass(slots=True)
class Load:
    """What came of it. `requests` and `items` were answered within `seconds`, the latencies are of what was sent
    after the warm-up, and the rest counts everything.
    """

    requests: int = 0
    items: int = 0
    seconds: float = 0.0
    latencies_ms: list[float] = field(default_factory=list)
    cpu_seconds: float = 0.0
    requests_in_all: int = 0
    items_in_all: int = 0
    keys_sent: int = 0
    hot_keys_sent: int = 0
    keys_unanswered: list[str] = field(default_factory=list)  # refused, or nobody knows
    outcomes: dict[str, int] = field(default_factory=dict)
    replays: int = 0
    errors: int = 0
    error_words: list[str] = field(default_factory=list)  # the first few
    statuses: dict[str, int] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Load":
        samples = [Sample(**sample) for sample in values.pop("samples")]
        return cls(**values, samples=samples)
