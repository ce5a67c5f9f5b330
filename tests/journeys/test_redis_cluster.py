"""The real web processes on a cluster of three Valkey nodes: what one node says, and what a dead one costs.

A functional test on one machine: it shows that nothing crosses slots, not how fast a cluster is.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from django.conf import settings as django_settings
from django.utils import timezone

from ledger.models import Decision
from scoring.services.contexts import REDIS_DOWN
from scoring.services.entities import ENTITY_HISTORY_MISSING
from scoring.services.entity_rebuild import entities_rebuild
from sentinel.core.catalogue import unpack
from sentinel.core.ids import parse_public_id
from tests.gateway import Gateway, purchase
from tests.servers import web_processes
from tests.valkey_cluster import ValkeyCluster, valkey_cluster

pytestmark = pytest.mark.journey

PAYMENTS = 300
START = datetime(2026, 2, 2, 3, 30, tzinfo=UTC)
Story = list[tuple[int, dict[str, Any]]]  # which account pays, and what


@pytest.fixture
def cluster(tmp_path, committed) -> Iterator[ValkeyCluster]:
    with valkey_cluster(tmp_path) as made:
        read_ledger_into(made)
        yield made


def read_ledger_into(cluster: ValkeyCluster) -> None:
    """As a worker does whose settings name this cluster."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(django_settings, "REDIS_URL", cluster.nodes[0].url)
        patch.setattr(django_settings, "REDIS_CLUSTER", [("127.0.0.1", node.port) for node in cluster.nodes])
        assert entities_rebuild(now=timezone.now(), settle_seconds=0) is not None


def story(count: int, seed: int = 11) -> Story:
    """Payments of twelve accounts that share cards, devices and addresses, so that all of them have a history."""
    chance = random.Random(seed)
    name = uuid4().hex[:8]
    return [
        (
            chance.randrange(12),
            {
                "amount": f"{chance.randint(100, 90_000) / 100:.2f}",
                "occurred_at": (START + timedelta(seconds=97 * number)).isoformat(),
                "merchant": {"id": f"m_{name}_{chance.randrange(5)}"},
                "card": {"token": f"tok_{name}_{chance.randrange(20)}"},
                "device": {"id": f"dev_{name}_{chance.randrange(15)}", "ip": f"203.0.113.{chance.randrange(9)}"},
            },
        )
        for number in range(count)
    ]


def paid(base_url: str, gateway: Gateway, payments: Story, accounts: list[str]) -> list[dict[str, Any]]:
    receipts = []
    with httpx.Client(base_url=base_url, headers={"X-API-Key": gateway.api_key}, timeout=30) as http:
        for number, fields in payments:
            body = purchase(accounts[number], **fields)
            answer = http.post("/api/v1/transactions", json=body, headers={"Idempotency-Key": str(uuid4())})
            assert answer.status_code == 201, answer.text
            receipts.append(answer.json())
    return receipts


def features(receipt: dict[str, Any]) -> dict[str, Any]:
    return unpack(bytes(Decision.objects.get(pk=parse_public_id("txn", receipt["id"])).snapshot))


def accounts_of(gateway: Gateway) -> list[str]:
    return [gateway.open_account("1000000.00") for _ in range(12)]


def renamed(payments: Story) -> Story:
    """The same story of other cards, devices and merchants, which have no history yet."""
    other = uuid4().hex[:8]

    def rename(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: rename(each) for key, each in value.items()}
        kind, _, rest = str(value).partition("_")
        return f"{kind}_{other}{rest[8:]}" if kind in {"m", "tok", "dev"} else value

    return [(number, {key: rename(value) for key, value in fields.items()}) for number, fields in payments]


def without_address(payments: Story) -> Story:
    """An address is one for all: whoever paid first would be known to the second story."""
    for _, fields in payments:
        del fields["device"]["ip"]
    return payments


def test_features_on_a_cluster_equal_those_on_one_node(gateway, cluster):
    first = without_address(story(PAYMENTS))
    second = renamed(first)

    with web_processes(1) as one, web_processes(2, **cluster.environment) as clustered:
        alone = paid(one, gateway, first, accounts_of(gateway))
        spread = paid(clustered, gateway, second, accounts_of(gateway))

    assert [receipt["degraded"] for receipt in alone] == [receipt["degraded"] for receipt in spread]
    assert not {REDIS_DOWN, ENTITY_HISTORY_MISSING} & {word for receipt in spread for word in receipt["degraded"]}
    differing = [number for number, pair in enumerate(zip(alone, spread, strict=True)) if differs(*pair)]
    assert differing == []
    assert max(features(receipt)["device_payments_24h"] for receipt in spread) > 5
    held = [node.ask("DBSIZE") for node in cluster.nodes]
    assert min(held) > 10, held


def differs(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return features(one) != features(other) or one["outcome"] != other["outcome"]


def test_a_dead_node_costs_answers_their_history_and_none_is_refused(gateway, cluster):
    payments, accounts = story(90), accounts_of(gateway)

    with web_processes(2, **cluster.environment) as base_url:
        whole = paid(base_url, gateway, payments[:30], accounts)
        cluster.nodes[1].kill()
        without = paid(base_url, gateway, payments[30:60], accounts)
        cluster.nodes[1].start()
        cluster.wait_until_whole()
        emptied = paid(base_url, gateway, payments[60:70], accounts)
        read_ledger_into(cluster)
        again = paid(base_url, gateway, payments[70:], accounts)

    assert not any(REDIS_DOWN in receipt["degraded"] for receipt in whole)
    assert all(REDIS_DOWN in receipt["degraded"] for receipt in without)
    # A third of the keys is gone, and nobody takes what is missing for a card that never paid.
    assert all(ENTITY_HISTORY_MISSING in receipt["degraded"] for receipt in emptied)
    assert [features(receipt)["device_payments_24h"] for receipt in emptied] == [None] * len(emptied)
    assert not any({REDIS_DOWN, ENTITY_HISTORY_MISSING} & set(receipt["degraded"]) for receipt in again)
    assert counted_of_devices(again) == recorded_of_devices(payments, again)


def counted_of_devices(receipts: list[dict[str, Any]]) -> list[int]:
    return [features(receipt)["device_payments_24h"] for receipt in receipts]


def recorded_of_devices(payments: Story, receipts: list[dict[str, Any]]) -> list[int]:
    """How often each one's device had paid within the story, which lasts less than a day."""
    first = len(payments) - len(receipts)
    devices = [fields["device"]["id"] for _, fields in payments]
    return [devices[:place].count(devices[place]) for place in range(first, len(payments))]
