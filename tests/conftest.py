"""Fixtures. Two kinds of database tests:

* `db` of pytest-django: everything is rolled back. For the ORM, the Admin and services.
* `gateway` and `committed`: rows stay, as on a real day, because the decision path has connections of its own and the
  ledger refuses TRUNCATE. Such tests use accounts and clients of their own and look at nothing else.
"""

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from uuid import uuid4

import httpx
import psycopg
import pytest
from django.conf import settings as django_settings
from django.core.cache import caches
from django.db import connections
from django.test.utils import setup_databases, teardown_databases
from django.utils import timezone
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from sentinel.ops.connections import runtime_conninfo
from tests.gateway import EventLoopThread, Gateway

# Tests count as one start of the service: a prefix of their own in Redis, and a policy under which nothing but
# rules, funds and limits has a say.
QUIET_THRESHOLDS = {"degraded_review_above": dict.fromkeys(("INR", "EUR", "USD", "JPY", "BHD"), "9999999")}


SESSIONS_END_SECONDS = 10
# What kind of session another role's is, only that role is told.
_OTHERS = "datname = current_database() AND pid <> pg_backend_pid() AND usename IS NOT NULL"
_OTHER_SESSIONS = f"SELECT count(*) FROM pg_stat_activity WHERE {_OTHERS}"
_END_OUR_OTHER_SESSIONS = (
    f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {_OTHERS} AND usename = current_user"
)

# How fast examples are made and run says how busy the machine is, not whether the code is right.
hypothesis_settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("untimed")


@pytest.fixture(autouse=True, scope="session")
def own_surroundings() -> None:
    from sentinel.api import key_use

    prefix = f"test-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}-{uuid4().hex[:6]}"
    django_settings.REDIS_KEY_PREFIX = prefix
    django_settings.CACHES["default"]["KEY_PREFIX"] = prefix
    caches["default"].key_prefix = prefix  # of whoever used it while tests were collected
    django_settings.REQUEST_LOG = "none"  # it would hide what a failed test has logged
    # Request threads close their connection with the request; a web process has a pool instead.
    connections["default"].settings_dict["CONN_MAX_AGE"] = 0
    # Uses of keys are written when a test says so: in the background it might meet a database that is being dropped.
    key_use.GATHER_SECONDS = 86_400.0
    # Pages are tested without collecting static files first.
    django_settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"


@pytest.fixture(autouse=True, scope="module")
def no_loop_of_others() -> None:
    """A browser that ended badly leaves this thread marked as inside an event loop, where asyncio.run refuses."""
    asyncio._set_running_loop(None)


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_blocker, django_db_modify_db_settings) -> Iterator[None]:
    """The test database, whichever tests were chosen: pytest-django makes one only for tests with its own marker."""
    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False)
    yield
    with django_db_blocker.unblock():
        _wait_for_other_sessions()
        teardown_databases(made, verbosity=0)


def _wait_for_other_sessions() -> None:
    """What is written in the background has connections of its own, which end a moment after the last test."""
    until = time.monotonic() + SESSIONS_END_SECONDS
    with connections["default"].cursor() as cursor:
        while time.monotonic() < until:
            cursor.execute(_OTHER_SESSIONS)
            if not cursor.fetchone()[0]:
                return
            time.sleep(0.1)
        cursor.execute(_END_OUR_OTHER_SESSIONS)
    with psycopg.connect(runtime_conninfo()) as runtime:
        runtime.execute(_END_OUR_OTHER_SESSIONS)


@pytest.fixture(scope="session")
def quiet_policy(django_db_setup, django_db_blocker) -> None:
    from scoring.services.entity_rebuild import entities_ensure
    from scoring.services.policy_shipped import shipped_policy_publish

    with django_db_blocker.unblock():
        entities_ensure(now=timezone.now())
        shipped_policy_publish(thresholds=QUIET_THRESHOLDS, note="", now=timezone.now())


@pytest.fixture
def committed(quiet_policy, django_db_blocker) -> Iterator[None]:
    """The database without a roll-back."""
    with django_db_blocker.unblock():
        yield


@pytest.fixture(scope="session")
def event_loop_thread(django_db_setup) -> Iterator[EventLoopThread]:
    thread = EventLoopThread()
    yield thread
    thread.stop()


@pytest.fixture(scope="session")
def http(event_loop_thread: EventLoopThread) -> Iterator[httpx.AsyncClient]:
    from sentinel.asgi import application

    transport = httpx.ASGITransport(app=application, raise_app_exceptions=False)
    client = httpx.AsyncClient(transport=transport, base_url="http://localhost")
    yield client
    event_loop_thread.run(client.aclose())


@pytest.fixture
def new_gateway(committed, event_loop_thread, http) -> Callable[..., Gateway]:
    """Makes gateways; the fields are those of client_create."""
    from sentinel.api.directory import directory_forget
    from sentinel.api.services import api_key_create, client_create

    def make(**fields) -> Gateway:
        client = client_create(name=f"gateway {uuid4().hex[:8]}", **fields)
        _, api_key = api_key_create(client=client)
        directory_forget()
        return Gateway(event_loop_thread, http, client, api_key)

    return make


@pytest.fixture
def gateway(new_gateway) -> Gateway:
    """A gateway with every scope and its own accounts."""
    return new_gateway()


@pytest.fixture
def stranger(new_gateway) -> Gateway:
    """Another gateway, who must see nothing of the first."""
    return new_gateway()
