"""Epochs tell web processes that something they keep in memory has changed. They carry no data: only "look again"."""

import logging
import time

from redis import RedisError

from sentinel.ops.connections import redis_from_services, redis_key

CONFIGURATION = "configuration"  # rules, lists, policy, champion

_logger = logging.getLogger(__name__)


def epoch_key(name: str) -> str:
    return redis_key("epoch", name)


def epoch_touch(name: str) -> None:
    """Make every process look again at its next payment. Never raises: without Redis they look by themselves."""
    try:
        with redis_from_services() as client:
            client.set(epoch_key(name), time.time_ns())
    except RedisError as error:
        _logger.warning("epoch %s not touched: %s", name, error)
