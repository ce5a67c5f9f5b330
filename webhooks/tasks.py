from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from celery import current_app, shared_task
from django.utils import timezone

from webhooks.services import delivering, endpoints, forgetting, mails
from webhooks.services.waking import patience

CONNECT_SECONDS = 3


@shared_task(ignore_result=True)
def deliveries_send(delivery_ids: list[str]) -> None:
    """Sends what is due of one endpoint. Woken by the relay."""
    delivering.deliveries_send(delivery_ids=[UUID(each) for each in delivery_ids])


@shared_task
def deliveries_forget() -> int:
    """Forgets deliveries older than the published number of days. Runs every hour."""
    return forgetting.deliveries_forget(now=timezone.now())


@shared_task(ignore_result=True)
def endpoint_secrets_forget() -> None:
    """Forgets secrets whose overlap is over. Runs every hour."""
    endpoints.secrets_forget(now=timezone.now())


@shared_task(ignore_result=True)
def mails_send() -> None:
    """Writes the mails that are due. Runs every ten seconds; what one run leaves, the next takes."""
    mails.mails_send(now=timezone.now())


class WakeUps:
    """Puts wake-ups into the workers' queue, over a connection of its own.

    After a failure the connection is given up: an acknowledgement that comes late would be taken for that of the
    next message.
    """

    def __init__(self) -> None:
        self._connection: Any = None
        self._producer: Any = None

    def publish(self, delivery_ids: Sequence[UUID]) -> None:
        """Returns when the broker keeps the message. It dies out when the relay would send another one.

        Errors: kombu's and the network's, when the broker did not confirm in time.
        """
        seconds = patience().total_seconds()
        try:
            options = {"expires": seconds, "expiration": seconds, "retry": False, "producer": self._open()}
            deliveries_send.apply_async(([str(each) for each in delivery_ids],), **options)
        except Exception:
            self.close()
            raise

    def _open(self) -> Any:
        if self._producer is None:
            self._connection = current_app.connection_for_write()
            # Each of the broker's nodes is tried once.
            others = max(0, len(self._connection.alt) - 1)
            self._connection.ensure_connection(max_retries=others, timeout=CONNECT_SECONDS)
            self._producer = current_app.amqp.Producer(self._connection, auto_declare=False)
        return self._producer

    def close(self) -> None:
        connection, self._connection, self._producer = self._connection, None, None
        if connection is not None:
            with suppress(Exception):  # it is broken, or so slow that it is as good as broken
                connection.collect(socket_timeout=1)
