import gc
import logging

from asgiref.sync import sync_to_async

from scoring.services.configuration import configuration_current
from scoring.services.contexts import gather
from sentinel.api.directory import directory_current

# Groups of payments make and drop thousands of objects, hardly any of them in circles.
_GC_THRESHOLDS = (50_000, 10, 5)

_logger = logging.getLogger(__name__)


async def warm_up() -> None:
    """Open connections and load rules, policy and model, so that the first payment waits for none of them.

    Never raises: a process that starts while the database is away answers 503 until it is back.
    """
    try:
        await sync_to_async(directory_current)()
        gathered = await gather(["nobody"])
        await configuration_current(gathered.epoch)
    except Exception as error:
        _logger.warning("not warm yet: %s", error)
    settle_memory()


def settle_memory() -> None:
    """What start-up made stays for good: the garbage collector need not look through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)
