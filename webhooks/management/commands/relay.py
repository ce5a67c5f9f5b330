import signal
from typing import Any

from django.core.management.base import BaseCommand

from sentinel.ops.kept_warnings import keep_warnings, warnings_finish
from webhooks.services.relay import Relay
from webhooks.tasks import WakeUps


class Command(BaseCommand):
    help = "Hands out events to webhooks and wakes the workers that deliver them, until it is stopped (Ctrl-C)."

    def handle(self, *args: Any, **options: Any) -> None:
        keep_warnings()
        wake_ups = WakeUps()
        relay = Relay(wake_ups.publish)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: relay.stop.set())
        self.stdout.write("The relay runs.")
        try:
            relay.run()
        finally:
            wake_ups.close()
            warnings_finish()
        self.stdout.write("The relay has stopped.")
