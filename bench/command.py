"""`python3 manage.py bench`: how fast, how correct, and beside which yardsticks. See bench/README.md."""

import argparse
import os
import sys
from contextlib import nullcontext, redirect_stdout
from urllib.parse import urlsplit

from bench import scale
from bench.finish import STDOUT
from bench.scenarios import IN_FLIGHT, NAMES
from bench.stack import new_run, started_stack
from sentinel.ops.console import Refusal, say
from sentinel.ops.supervisor import StopRequested

WHAT = ("rules", "simulation", "deliveries", "dashboard", "queue", "nginx", "scale")
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    with redirect_stdout(sys.stderr) if options.json == STDOUT else nullcontext():
        return _run(options)


def _run(options: argparse.Namespace) -> int:
    try:
        if options.what == "rules":
            return _measure_rules(options)
        if options.what == "scale":
            return scale.main()
        return _measure_url(options) if options.url else _measure_own(options)
    except Refusal as refusal:
        say(f"\n{refusal}")
        return 1
    except (StopRequested, KeyboardInterrupt):
        say("\nStopped.")
        return 130


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="manage.py bench", description="Measures SentinelStream beside its yardsticks, on servers of its own."
    )
    parser.add_argument("what", nargs="?", choices=WHAT,
                        help="rules beside other engines, or what takes long: see bench/README.md")  # fmt: skip
    parser.add_argument("--only", nargs="+", choices=NAMES, metavar="NAME", help=f"of: {', '.join(NAMES)}")
    parser.add_argument("--rounds", type=_count, default=3, help="rounds, of which medians are taken (3)")
    parser.add_argument("--seconds", type=_seconds, default=8.0, help="of each measurement (8)")
    parser.add_argument("--in-flight", type=_count, default=IN_FLIGHT, help=f"requests at once ({IN_FLIGHT})")
    parser.add_argument("--accounts", type=_count, help="accounts (2000; 10000 of queue and with --history)")
    parser.add_argument("--web-processes", type=_count, default=int(os.environ.get("WEB_CONCURRENCY", "1")))
    parser.add_argument("--everything", action="store_true",
                        help="with rules in shadow, a challenger, workers, relay and seal beside")  # fmt: skip
    parser.add_argument(
        "--memory", nargs="?", type=_count, const=200_000, metavar="N", help="memory after N requests"
    )
    parser.add_argument("--history", nargs="?", type=_count, const=1_000_000, metavar="N",
                        help="cost of a decision with N/10 and with N transactions in the ledger")  # fmt: skip
    parser.add_argument("--profile", action="store_true", help="where the microseconds of a decision go")
    parser.add_argument("--events", type=_count, default=10_000, help="of deliveries (10000)")
    parser.add_argument("--cases", type=_count, default=100_000, help="of queue: open cases (100000)")
    parser.add_argument("--failing", type=int, choices=range(91), default=30, metavar="PERCENT",
                        help="of deliveries: what the receiver refuses at random (30)")  # fmt: skip
    parser.add_argument("--json", nargs="?", const=STDOUT, metavar="FILE", help="the result as one JSON object")
    parser.add_argument("--url", help="measure this running service instead, over HTTP only")
    parser.add_argument("--api-key", default=os.environ.get("SENTINEL_API_KEY", ""), help="its API key")
    parser.add_argument("--not-durable", action="store_true",
                        help="accept a database that may lose commits: only to try the bench out")  # fmt: skip
    parser.add_argument("--i-own-this-server", action="store_true", help="for a URL that is not of this machine")
    options = parser.parse_args(arguments)
    options.accounts = options.accounts or (10_000 if options.history or options.what == "queue" else 2000)
    if options.url and (words := _wrong_url(options)):
        parser.error(words)
    return options


def _count(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 100_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a count.")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 600:
        raise argparse.ArgumentTypeError(f"{text!r} is not between 0 and 600 seconds.")
    return seconds


def _wrong_url(options: argparse.Namespace) -> str:
    parts = urlsplit(options.url)
    if parts.scheme != "http" or not parts.hostname:
        return "--url must look like http://127.0.0.1:8000."
    if parts.hostname not in _LOOPBACK and not options.i_own_this_server:
        return f"{parts.hostname} is not this machine. A load may only be put on a server of your own."
    if not options.api_key:
        return "--url needs --api-key (or SENTINEL_API_KEY), with the scopes transactions:write and accounts:write."
    if options.memory or options.history or options.profile or options.everything:
        return "--memory, --history, --profile and --everything need servers of their own, not --url."
    return ""


def _measure_own(options: argparse.Namespace) -> int:
    run = new_run()
    with started_stack(run=run, must_be_durable=not options.not_durable) as stack:
        os.environ.update(stack.environment | {"SENTINEL_DB_ROLE": "owner"})
        _set_up_django()
        # Needs settings, which need the addresses of the servers.
        if options.what == "simulation":
            from bench.simulation import measure
        elif options.what == "deliveries":
            from bench.deliveries import measure
        elif options.what == "dashboard":
            from bench.dashboard import measure
        elif options.what == "queue":
            from bench.queue import measure
        elif options.what == "nginx":
            from bench.nginx import measure
        else:
            from bench.own_service import measure

        return measure(stack, options, run=run)


def _measure_rules(options: argparse.Namespace) -> int:
    """Needs no server."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sentinel.settings")
    from bench.rule_engines import measure

    return measure(options)


def _measure_url(options: argparse.Namespace) -> int:
    from bench.other_service import measure

    return measure(options, run=new_run())


def _set_up_django() -> None:
    import django

    django.setup(set_prefix=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
