"""Makes the hot path read an account again. The lock statement would notice anyway; this only saves it the work."""

import logging

from django.conf import settings
from redis import Redis, RedisError

from ledger.selectors.hot import profile_cache_key

_logger = logging.getLogger(__name__)


def profile_forget(account_id: str) -> None:
    try:
        with Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as client:
            client.delete(profile_cache_key(account_id))
    except RedisError as error:
        _logger.warning("the profile of %s stays in Redis until its next payment: %s", account_id, error)
