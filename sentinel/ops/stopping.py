"""Whether this process was told to stop. The server waits for answers that have begun, so long ones ask here."""

import signal
import threading
from types import FrameType

_told = threading.Event()


def stop_watch() -> None:
    """Hear of SIGTERM and SIGINT beside whoever handles them already. Call in the main thread, after the server has
    set its own handlers; elsewhere it does nothing.
    """
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            _hear(number)


def is_stopping() -> bool:
    return _told.is_set()


def _hear(number: signal.Signals) -> None:
    before = signal.getsignal(number)

    def heard(caught: int, frame: FrameType | None) -> None:
        _told.set()
        if callable(before):
            before(caught, frame)

    if callable(before):
        signal.signal(number, heard)
