"""kill -9 of whatever takes part in a delivery, in the middle of it: nothing is lost, and duplicates are the same.

FAULTS_EVENTS says how many events each story has.
"""

import gc
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
from celery import current_app
from django.db import connections
from django.utils import timezone
from standardwebhooks import Webhook

from sentinel.api.models import GatewayClient
from sentinel.ops import queues
from tests.factories import make_account, make_client, make_payment
from tests.faults.brokers import Broker, RabbitNode, rabbitmq, rabbitmq_nodes, valkey_broker
from tests.faults.stack import RELAY, WORKER, process
from tests.webhooks.making import make_endpoint
from tests.webhooks.receiver import Received, Receiver, answers, receiving
from webhooks.models import Delivery, Endpoint
from webhooks.selectors.secrets import signing_secrets
from webhooks.services.endpoint_secrets import endpoint_secret_read
from webhooks.services.fan_out import events_fan_out
from webhooks.services.waking import deliveries_wake
from webhooks.tasks import deliveries_send

pytestmark = pytest.mark.faults

EVENTS = int(os.environ.get("FAULTS_EVENTS", "300"))
DELIVERED_SECONDS = 120
SEED = 20261128
# What most installations of Celery have, and one node brings back after any crash.
CLASSIC = {"SENTINEL_QUEUE_TYPE": "classic"}


class FailingAtRandom:
    """Answers 500 to three in ten."""

    def __init__(self) -> None:
        self._chance = Random(SEED)

    def __call__(self, handler: BaseHTTPRequestHandler, got: Received) -> None:
        answers(500 if self._chance.random() < 0.3 else 200)(handler, got)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving(FailingAtRandom()) as made:
        yield made


@pytest.fixture
def endpoint(committed, receiver) -> Endpoint:
    while events_fan_out(now=timezone.now()):
        pass  # what other tests left
    return make_endpoint(make_client(), url=receiver.url)


@pytest.fixture(params=["rabbitmq", "valkey"])
def broker(request, tmp_path: Path) -> Iterator[Broker]:
    with (rabbitmq if request.param == "rabbitmq" else valkey_broker)(tmp_path) as started:
        yield started


def pay(client: GatewayClient, count: int) -> None:
    account = make_account(f"acc_faults_{time.time_ns()}")
    for _ in range(count):
        make_payment(account, client, amount_minor=1)


def wait_until_all_arrived(endpoint: Endpoint, count: int) -> None:
    waiting = Delivery.objects.filter(endpoint=endpoint)
    deadline = time.monotonic() + DELIVERED_SECONDS
    while waiting.filter(state="delivered").count() < count:
        assert time.monotonic() < deadline, f"{count - waiting.filter(state='delivered').count()} did not arrive"
        time.sleep(0.2)


def check_received(endpoint: Endpoint, receiver: Receiver, count: int) -> None:
    """Every event arrived, all that came is signed, and what came twice is the same."""
    bodies = defaultdict[str, set[str]](set)
    webhook = Webhook(endpoint_secret_read(signing_secrets(endpoint.pk, timezone.now())[0]))
    for got in receiver.received:
        webhook.verify(got.body, got.headers)
        bodies[got.headers["webhook-id"]].add(got.body)
    sent = Delivery.objects.filter(endpoint=endpoint).values_list("event_id", flat=True)
    assert {f"evt_{event_id.hex}" for event_id in sent} == bodies.keys()
    assert len(bodies) == count
    assert all(len(same) == 1 for same in bodies.values())


def test_nothing_is_lost_whatever_is_killed(endpoint, receiver, broker, tmp_path):
    with (
        process(RELAY, broker.url, tmp_path / "relay.log") as relay,
        process(WORKER, broker.url, tmp_path / "worker.log") as worker,
    ):
        fault: Callable[[], None]
        for fault in (worker.kill_and_start, relay.kill_and_start, broker.kill, broker.start, worker.kill_and_start):
            pay(endpoint.client, EVENTS // 6)
            fault()
        pay(endpoint.client, EVENTS - 5 * (EVENTS // 6))
        wait_until_all_arrived(endpoint, EVENTS)

    check_received(endpoint, receiver, EVENTS)


@pytest.mark.journey  # on the machine's own RabbitMQ, which the first run of the checks may lack
def test_with_one_of_three_nodes_dead_nothing_is_lost_and_deliveries_go_on(endpoint, receiver, tmp_path):
    pay(endpoint.client, EVENTS // 3)
    with rabbitmq_nodes(tmp_path, 3) as nodes:
        kept = messages_kept(nodes, tmp_path)
        leader = next(node for node in nodes if node.name == kept["leader"])
        leader.kill()
        others = [node for node in nodes if node is not leader]
        left = queue_of(others[0], lambda queue: queue["leader"] in {node.name for node in others})
        # The dead one comes first: whoever connects is refused there, and goes on to the next.
        urls = ";".join(node.url for node in [leader, *others])
        with (
            process(RELAY, urls, tmp_path / "relay.log") as relay,
            process(WORKER, urls, tmp_path / "worker.log"),
        ):
            pay(endpoint.client, EVENTS // 3)
            wait_until_all_arrived(endpoint, 2 * (EVENTS // 3))
            leader.start()
            whole = queue_of(leader, lambda queue: len(queue["online"]) == 3)
            relay.kill_and_start()
            pay(endpoint.client, EVENTS // 3)
            wait_until_all_arrived(endpoint, 3 * (EVENTS // 3))

    assert (kept["type"], len(kept["members"]), len(left["online"]), len(whole["online"])) == ("quorum", 3, 2, 3)
    check_received(endpoint, receiver, 3 * (EVENTS // 3))


def messages_kept(nodes: Sequence[RabbitNode], folder: Path) -> dict[str, Any]:
    """The queue of deliveries with the messages of a relay that nobody has taken yet."""
    # Longer than what follows takes, so that no message is sent again; short enough to be waited for if the relay is
    # killed with a message in hand.
    slow = {"SENTINEL_WEBHOOK_LEASE_SECONDS": "60"}
    with process(WORKER, nodes[0].url, folder / "worker.log") as worker:
        queue_of(nodes[0], lambda queue: len(queue["members"]) == 3)
        worker.kill()
    with process(RELAY, nodes[0].url, folder / "relay.log", **slow):
        messages = -1
        while messages != (queue := queue_of(nodes[0], lambda queue: queue["messages"] > 0))["messages"]:
            messages = queue["messages"]
    return queue


def queue_of(node: RabbitNode, is_so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The queue of deliveries as soon as it is so."""
    deadline = time.monotonic() + 90
    while not ((queue := node.queue(queues.DELIVERIES)) and is_so(queue)):
        assert time.monotonic() < deadline, queue
        time.sleep(0.5)
    return queue


def test_a_receiver_that_hangs_delays_nobody_else(endpoint, receiver, tmp_path):
    receiver.behave = answers(200)
    with receiving(lambda handler, _: time.sleep(2)) as hanging, valkey_broker(tmp_path) as broker:
        slow = make_endpoint(make_client(), url=hanging.url, concurrency_max=4)
        pay(slow.client, 60)
        pay(endpoint.client, 60)
        with (
            process(RELAY, broker.url, tmp_path / "relay.log"),
            process(WORKER, broker.url, tmp_path / "worker.log"),
        ):
            wait_until_all_arrived(endpoint, 60)

            waiting = Delivery.objects.filter(endpoint=slow, state="waiting")
            assert (waiting.count(), waiting.filter(attempts_made=0).exists()) == (60, True)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # sockets to a broker that was killed
def test_without_sweep_and_confirms_the_test_sees_what_is_lost(endpoint, receiver, tmp_path):
    """The control: a relay that trusts the broker. The same record with the sweep then brings all of it."""
    receiver.behave = answers(200)
    with rabbitmq(tmp_path) as broker:
        count = max(EVENTS, 600)
        pay(endpoint.client, count)
        while events_fan_out(now=timezone.now()):
            pass
        Endpoint.objects.filter(pk=endpoint.pk).update(concurrency_max=32)
        with process(WORKER, broker.url, tmp_path / "worker.log", **CLASSIC) as worker:
            wait_until_queue_exists(broker)
            worker.kill()
        trust_the_broker(broker, kill_after=(150, 400))
        with process(WORKER, broker.url, tmp_path / "worker.log", **CLASSIC):
            wait_until_quiet(endpoint)
            lost = Delivery.objects.filter(endpoint=endpoint, state="waiting").count()
            assert lost > 0
            with process(RELAY, broker.url, tmp_path / "relay.log", **CLASSIC):
                wait_until_all_arrived(endpoint, count)

    check_received(endpoint, receiver, count)
    gc.collect()  # what is left of connections to it goes here, and not in another test
    sys.stderr.write(f"without sweep and confirms {lost} of {count} were lost; with the sweep none\n")


def trust_the_broker(broker: Broker, *, kill_after: Sequence[int]) -> None:
    """Wakes for everything, one delivery a message, without confirms and without ever looking back."""
    kills = list(kill_after)
    connection = _trusting_connection(broker)
    published = 0

    def publish(ids: Sequence[UUID]) -> None:
        nonlocal published
        for one in ids:
            _publish_trusting(connection, one)
            published += 1
            if kills and published >= kills[0]:
                kills.pop(0)
                broker.kill()

    for _ in range(50):
        try:
            if not deliveries_wake(publish=publish, now=timezone.now(), sweeps=False):
                return
        except OSError:  # it was killed, and publishing noticed
            broker.start()
            connection = _trusting_connection(broker)
    raise AssertionError("the broker was not reached again")


def _trusting_connection(broker: Broker) -> Any:
    connection = current_app.connection_for_write(url=broker.url)
    connection.transport_options = {}
    return connection


def _publish_trusting(connection: Any, delivery_id: UUID) -> None:
    amqp, task_id = current_app.amqp, str(uuid4())
    message = amqp.create_task_message(task_id, deliveries_send.name, ([str(delivery_id)],), {})
    producer = amqp.Producer(connection, auto_declare=False)
    place = {"exchange": "sentinel", "routing_key": queues.DELIVERIES}
    amqp.send_task_message(producer, deliveries_send.name, message, **place, retry=False)


def wait_until_queue_exists(broker: Broker) -> None:
    deadline = time.monotonic() + 60
    with current_app.connection_for_write(url=broker.url) as connection:
        while time.monotonic() < deadline:
            with suppress(Exception):
                channel: Any = connection.default_channel
                channel.queue_declare(queues.DELIVERIES, passive=True)
                return
            time.sleep(0.2)
            connection.close()
    raise TimeoutError("the worker declared no queue")


def wait_until_quiet(endpoint: Endpoint) -> None:
    """Nothing has been delivered for five seconds."""
    delivered, seen, since = Delivery.objects.filter(endpoint=endpoint, state="delivered"), -1, time.monotonic()
    while time.monotonic() - since < 5:
        connections["default"].close_if_unusable_or_obsolete()
        if (count := delivered.count()) != seen:
            seen, since = count, time.monotonic()
        time.sleep(0.2)
