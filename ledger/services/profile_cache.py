"""Makes the hot path read an account again. The lock statement would notice anyway; this only saves it the work."""

import logging

from redis import RedisError

from ledger.selectors.hot import profile_cache_key
from sentinel.ops.connections import redis_from_services

_logger = logging.getLogger(__name__)


def profile_forget(account_id: str) -> None:
    try:
        with redis_from_services() as client:
            client.delete(profile_cache_key(account_id))
    except RedisError as error:
        _logger.warning("the profile of %s stays in Redis until its next payment: %s", account_id, error)
