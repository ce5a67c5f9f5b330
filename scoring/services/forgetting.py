"""Copies of what the ledger does not have any more, in Redis and in the memory of web processes."""

from datetime import datetime

from scoring.services.contexts import account_key
from scoring.services.entity_rebuild import SETTLE_SECONDS, entities_rebuild
from sentinel.ops.connections import redis_from_services
from sentinel.ops.epochs import CONFIGURATION, epoch_touch


def copies_forget(*, account_id: str, now: datetime, settle_seconds: float = SETTLE_SECONDS) -> bool:
    """Cards, devices and addresses are read anew from the ledger; then the account's own copy goes, when no payment
    that was gathered before can write it back. False when another process is reading. Errors: RedisError.
    """
    if entities_rebuild(now=now, settle_seconds=settle_seconds) is None:
        return False
    if account_id:
        with redis_from_services() as redis:
            redis.delete(account_key(account_id))
    epoch_touch(CONFIGURATION)  # at which the processes forget what they keep of accounts
    return True
