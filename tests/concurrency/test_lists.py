"""Lists under races: what was committed is not lost to whoever reads meanwhile, in threads and processes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import pytest
from django.db import connections
from django.utils import timezone

from rules.domain.lists import ItemType
from rules.lists_in_memory import lists_current, lists_forget
from rules.models import List, ListImport, ListItem
from rules.services.list_import_work import list_import_work
from rules.services.list_imports import list_import_apply, list_import_upload
from rules.services.lists import list_item_add, list_item_remove, list_save
from tests.gateway import Gateway
from tests.rulesets import live_rules
from tests.servers import web_processes

pytestmark = pytest.mark.concurrency


@pytest.fixture
def devices(committed) -> Iterator[List]:
    item_list = List(name=f"devices_{uuid4().hex[:8]}", item_type=ItemType.DEVICE)
    list_save(actor="tests", item_list=item_list, now=timezone.now())
    yield item_list
    lists_forget()


def add(item_list: List, value: str) -> ListItem:
    return list_item_add(actor="tests", item_list=item_list, value=value, reason="test", now=timezone.now())


def in_thread(work, *arguments):
    try:
        return work(*arguments)
    finally:
        connections.close_all()


def test_what_is_added_and_removed_while_processes_read_is_neither_lost_nor_kept(devices):
    """Writers change the list while a reader follows it; once they are done it has what the database has."""

    def write(writer: int) -> None:
        for number in range(25):
            item = add(devices, f"dev_{writer}_{number}")
            if number % 2:
                list_item_remove(actor="tests", item=item, now=timezone.now())

    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(in_thread, write, writer) for writer in range(4)]
        while not all(writer.done() for writer in writers):
            lists_current([devices.name])
        for writer in writers:
            writer.result()

    known = lists_current([devices.name])[devices.name]
    expected = {f"dev_{writer}_{number}" for writer in range(4) for number in range(0, 25, 2)}
    assert {value for value in (f"dev_{w}_{n}" for w in range(4) for n in range(25)) if value in known} == expected
    assert len(known) == len(expected)
    devices.refresh_from_db()
    assert devices.item_count == len(expected)


def test_revisions_are_seen_in_their_order(devices):
    """Whoever sees a revision sees everything that has a lower one: writers of one list wait for each other."""
    revisions: list[int] = []
    with ThreadPoolExecutor(4) as pool:
        for made in pool.map(lambda number: in_thread(add, devices, f"dev_{number}"), range(20)):
            revisions.append(made.added_revision)

    assert sorted(revisions) == list(range(1, 21))


@pytest.fixture(scope="module")
def service_url(quiet_policy, django_db_blocker):
    with django_db_blocker.unblock(), web_processes(2) as base_url:
        yield base_url


@pytest.fixture
def busy_gateway(gateway, service_url, event_loop_thread):
    """The gateway of the test, but over HTTP to two processes, each request on a connection of its own."""
    limits = httpx.Limits(max_keepalive_connections=0)
    http = httpx.AsyncClient(base_url=service_url, timeout=60, limits=limits)
    yield Gateway(event_loop_thread, http, gateway.client, gateway.api_key)
    event_loop_thread.run(http.aclose())


def test_every_web_process_follows_a_list_with_its_next_payment(busy_gateway, devices):
    account_id = busy_gateway.open_account("5000.00")
    device = f"dev_{uuid4().hex[:8]}"

    def outcomes(count: int = 12) -> set[str]:
        answers = [busy_gateway.pay(account_id, "1.00", device={"id": device}) for _ in range(count)]
        return {answer.json()["outcome"] for answer in answers}

    with live_rules(decline={"field": "device_id", "operator": "in", "list": devices.name}):
        assert outcomes() == {"approve"}
        item = add(devices, device)
        assert outcomes() == {"decline"}
        list_item_remove(actor="tests", item=item, now=timezone.now())
        assert outcomes() == {"approve"}


def test_a_list_knows_what_two_people_removed_at_once(devices):
    item = add(devices, "dev_1")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda who: in_thread(remove, item, who), "abcd"))

    devices.refresh_from_db()
    assert (devices.item_count, devices.revision) == (0, 2)


def remove(item: ListItem, who: str) -> None:
    list_item_remove(actor=who, item=item, now=timezone.now())


def upload(item_list: List, lines: int, actor: str = "tests") -> ListImport:
    content = [b"".join(b"dev_%d\n" % number for number in range(lines))]
    return list_import_upload(
        actor=actor,
        item_list=item_list,
        file_name="devices.csv",
        content=content,
        reason="test",
        expires_at=None,
        now=timezone.now(),
    )


def test_of_two_files_that_are_too_much_for_one_person_one_is_added(devices):
    other = List(name=f"devices_{uuid4().hex[:8]}", item_type=ItemType.DEVICE)
    list_save(actor="tests", item_list=other, now=timezone.now())
    actor = f"ana_{uuid4().hex[:8]}"
    imports = [upload(each, 600, actor) for each in (devices, other)]
    assert [list_import_work(each.pk) for each in imports] == ["checked", "checked"]

    def apply(each: ListImport) -> str:
        return list_import_apply(actor=actor, list_import=each, now=timezone.now())

    with ThreadPoolExecutor(2) as pool:
        states = list(pool.map(lambda each: in_thread(apply, each), imports))

    assert sorted(states) == ["applying", "awaiting_approval"]
    assert sorted(list_import_work(each.pk) for each in imports) == ["applied", "awaiting_approval"]
    assert ListItem.objects.filter(owner=actor).count() == 600


def test_one_worker_at_a_time_is_at_an_import(devices):
    kept = upload(devices, 3_000)

    with ThreadPoolExecutor(3) as pool:
        ends = list(pool.map(lambda _: in_thread(list_import_work, kept.pk), range(3)))
    assert set(ends) <= {"busy", "awaiting_approval"}
    list_import_apply(actor="a colleague", list_import=kept, now=timezone.now())
    with ThreadPoolExecutor(3) as pool:
        ends = list(pool.map(lambda _: in_thread(list_import_work, kept.pk), range(3)))

    assert set(ends) <= {"busy", "applied"}
    devices.refresh_from_db()
    assert (devices.item_count, devices.items.count()) == (3_000, 3_000)
