"""The loads by name: which server, which requests, how many at once."""

from dataclasses import dataclass

from bench.plan import BULK, GET, PAYMENT, SCORE
from bench.stack import LEAN, ONE_COMMIT, PROXY, PROXY_OF_FOUR, PROXY_OF_TWO, STOCK, WEB

TRANSACTIONS = "POST /api/v1/transactions"
IN_FLIGHT, IN_FLIGHT_BULK, BULK_ITEMS = 64, 4, 1000


@dataclass(frozen=True, slots=True)
class Scenario:
    """bench/README.md says what each one is for. `lanes` 0 stands for --in-flight."""

    name: str
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
        Scenario("stock-hello", STOCK, GET, "GET /"),
        Scenario("lean-hello", LEAN, GET, "GET /"),
        Scenario("single"),
        Scenario("single-32", lanes=32),
        Scenario("single-one-commit", ONE_COMMIT),
        Scenario("lonely", lanes=1),
        Scenario("bulk", WEB, BULK, f"{TRANSACTIONS}/bulk", IN_FLIGHT_BULK, BULK_ITEMS),
        Scenario("score", WEB, SCORE, "POST /api/v1/score", IN_FLIGHT_BULK, BULK_ITEMS),
        Scenario("hot-account", has_hot_account=True),
        Scenario("replays", replay_share=0.1),
    )
}
# `bench nginx`: the same payments to a web process directly and through nginx with TLS, in pairs; then through it to
# two and to four web processes on one database.
BEHIND_NGINX = {
    scenario.name: scenario
    for scenario in (
        Scenario("direct-8", lanes=8),
        Scenario("nginx-8", PROXY, lanes=8),
        Scenario("direct"),
        Scenario("nginx", PROXY),
        Scenario("nginx-two", PROXY_OF_TWO),
        Scenario("nginx-four", PROXY_OF_FOUR),
    )
}
# Measured in the bench process itself.
RULES, MODEL, FDATASYNC = "rules", "model", "fdatasync"
IN_PROCESS = (RULES, MODEL, FDATASYNC)
NAMES = (*SCENARIOS, *IN_PROCESS)
