"""The loads by name: which server, which requests, how many at once."""

from dataclasses import dataclass

from bench.plan import BULK, GET, PAYMENT, SCORE
from bench.stack import LEAN, ONE_COMMIT, STOCK, WEB

TRANSACTIONS = "POST /api/v1/transactions"
IN_FLIGHT, IN_FLIGHT_BULK, BULK_ITEMS = 32, 4, 1000


@dataclass(frozen=True, slots=True)
class Scenario:
    """`lanes` 0 stands for --in-flight."""

    name: str
    words: str
    server: str = WEB
    kind: str = PAYMENT
    target: str = TRANSACTIONS
    lanes: int = 0
    items: int = 1
    has_hot_account: bool = False
    replay_share: float = 0.0
    paths: tuple[str, ...] = ()  # for reads: asked in turn

    @property
    def records(self) -> bool:
        """Whether it leaves transactions behind."""
        return self.kind in (PAYMENT, BULK)


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("stock-hello", "hello under stock Django", STOCK, GET, "GET /"),
        Scenario("lean-hello", "hello under the lean handler", LEAN, GET, "GET /"),
        Scenario("single", "one payment a request"),
        Scenario("single-one-commit", "the same, one commit a request", ONE_COMMIT),
        Scenario("lonely", "the same, one at a time", lanes=1),
        Scenario("bulk", "1,000 payments a request", WEB, BULK, f"{TRANSACTIONS}/bulk", IN_FLIGHT_BULK, BULK_ITEMS),
        Scenario("score", "1,000 scores a request", WEB, SCORE, "POST /api/v1/score", IN_FLIGHT_BULK, BULK_ITEMS),
        Scenario("hot-account", "half of it on one account", has_hot_account=True),
        Scenario("replays", "one in ten keys repeated", replay_share=0.1),
    )
}
# Measured in the bench process itself.
RULES, MODEL, FDATASYNC = "rules", "model", "fdatasync"
IN_PROCESS = (RULES, MODEL, FDATASYNC)
NAMES = (*SCENARIOS, *IN_PROCESS)
