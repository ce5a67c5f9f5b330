"""The ways in which servers fail: how each begins, how long it lasts, and how it is mended."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import psycopg
import redis

from tests.faults.ground import Ground
from tests.faults.proxy import Mood

Deed = Callable[[Ground], None]


def _nothing(ground: Ground) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Fault:
    """`decides` tells whether payments must be decided all the same while it lasts, each flagged as degraded by
    `flag`. `receiver_status` is what the receiver of webhooks answers meanwhile. `needs_small_disk`: only where the
    servers lie on a file system of their own. `over_network`: payments come through the proxy `to_web`.
    """

    name: str
    words: str
    begin: Deed
    mend: Deed = _nothing
    seconds: float = 5.0
    decides: bool = False
    flag: str = ""
    receiver_status: int = 200
    is_short: bool = False
    needs_small_disk: bool = False
    over_network: bool = False

    def missing(self, ground: Ground) -> str:
        """What it would need and is not there; empty when it can begin."""
        if self.needs_small_disk and not ground.has_own_disk:
            return "there is no file system to fill, which takes root"
        return ""


def _kill_postgres(ground: Ground) -> None:
    ground.postgres.kill()


def _kill_a_backend(ground: Ground) -> None:
    """The way a crash of one backend goes: all others are restarted too."""
    with psycopg.connect(ground.superuser_url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE usename <> 'postgres' AND backend_type = 'client backend' LIMIT 1"
        ).fetchone()
    if row:
        with suppress(ProcessLookupError):
            os.kill(row[0], signal.SIGKILL)


def _empty_valkey(ground: Ground) -> None:
    with redis.Redis.from_url(ground.services.redis_url) as client:
        client.flushall()


def _kill_one_web_process(ground: Ground) -> None:
    os.kill(ground.one_web_process(), signal.SIGKILL)


def _freeze_one_web_process(ground: Ground) -> None:
    os.kill(ground.one_web_process(), signal.SIGSTOP)


def _thaw_web(ground: Ground) -> None:
    ground.web.thaw()


def _mood(name: str, **mood: float) -> Deed:
    def change(ground: Ground) -> None:
        getattr(ground, name).mood = Mood(**mood)  # type: ignore[arg-type]

    return change


def _calm(name: str) -> Deed:
    """Whoever hung on a broken connection is told so: a network that heals does that by and by."""

    def change(ground: Ground) -> None:
        proxy = getattr(ground, name)
        proxy.mood = Mood()
        proxy.reset_all()

    return change


def _spoil_model(ground: Ground) -> None:
    """The files are cut in half, and the web processes start again with them."""
    for path in ground.model_folder.rglob("*"):
        if path.is_file():
            path.with_name(f"{path.name}.whole").write_bytes(path.read_bytes())
            os.truncate(path, path.stat().st_size // 2)
    _restart_web(ground)


def _mend_model(ground: Ground) -> None:
    for whole in ground.model_folder.rglob("*.whole"):
        whole.replace(whole.with_name(whole.name.removesuffix(".whole")))
    _restart_web(ground)


def _restart_web(ground: Ground) -> None:
    ground.web.kill()
    ground.web.start()


def _kill(name: str) -> Deed:
    return lambda ground: ground.processes[name].kill()


def _start(name: str) -> Deed:
    return lambda ground: ground.processes[name].ensure()


def _freeze(name: str) -> Deed:
    return lambda ground: ground.processes[name].freeze()


def _thaw(name: str) -> Deed:
    return lambda ground: ground.processes[name].thaw()


def _kill_web(ground: Ground) -> None:
    ground.web.kill()


def _restart_broker(ground: Ground) -> None:
    ground.broker.start()


def _kill_web_while_slow(ground: Ground) -> None:
    """What a web process has under way at PostgreSQL takes more than a second, so that much of it is cut off. What
    has left the process and not arrived is lost with it, as when its machine goes.
    """
    ground.to_postgres.mood = Mood(delay_seconds=0.4)
    time.sleep(3)
    ground.to_postgres.reset_all()
    ground.web.kill()


def _mend_slow_web(ground: Ground) -> None:
    _calm("to_postgres")(ground)
    ground.web.ensure()


def _silence_and_kill_broker(ground: Ground) -> None:
    """What was sent to it meanwhile never arrives."""
    ground.to_broker.mood = Mood(is_silent=True)
    time.sleep(4)
    ground.broker.kill()


def _mend_silent_broker(ground: Ground) -> None:
    _calm("to_broker")(ground)
    ground.broker.start()


def _move_clock(sabotage: str) -> Deed:
    """Of the web processes alone; all others and the gateway keep theirs."""
    return lambda ground: ground.start_again("web", sabotage=sabotage)


def _set_clock(ground: Ground) -> None:
    ground.start_again("web")


def _thaw_postgres(ground: Ground) -> None:
    ground.postgres.thaw()


def _fill_disk(ground: Ground) -> None:
    with suppress(OSError), (ground.folder / "filler").open("wb") as filler:
        while True:
            filler.write(bytes(1 << 20))
            filler.flush()


def _empty_disk(ground: Ground) -> None:
    (ground.folder / "filler").unlink()
    ground.postgres.ensure()
    for handle in ground.processes.values():
        handle.ensure()


FAULTS: tuple[Fault, ...] = (
    Fault("F1", "PostgreSQL killed", _kill_postgres, lambda g: g.postgres.start(), is_short=True),
    Fault("F2", "PostgreSQL frozen", lambda g: g.postgres.freeze(), _thaw_postgres, seconds=10),
    Fault("F3", "a backend of PostgreSQL killed", _kill_a_backend),
    Fault("F4", "Valkey killed", lambda g: g.valkey.kill(), lambda g: g.valkey.start(), decides=True, flag="redis",
          is_short=True),
    Fault("F5", "Valkey frozen", lambda g: g.valkey.freeze(), lambda g: g.valkey.thaw(), seconds=8, decides=True,
          flag="redis"),
    Fault("F6", "Valkey emptied", _empty_valkey, decides=True),
    Fault("F7", "the broker killed", lambda g: g.broker.kill(), _restart_broker, decides=True, is_short=True),
    Fault("F8", "the broker silent", _mood("to_broker", is_silent=True), _calm("to_broker"), seconds=8, decides=True),
    Fault("F9", "the relay killed", _kill("relay"), _start("relay"), decides=True),
    Fault("F10", "the delivery worker killed", _kill("deliveries"), _start("deliveries"), decides=True,
          is_short=True),
    Fault("F11", "a web process killed", _kill_one_web_process),
    Fault("F12", "a web process frozen", _freeze_one_web_process, _thaw_web, seconds=8),
    Fault("F13", "200 ms more to PostgreSQL", _mood("to_postgres", delay_seconds=0.2), _calm("to_postgres")),
    Fault("F14", "Valkey silent", _mood("to_valkey", is_silent=True), _calm("to_valkey"), seconds=8, decides=True,
          flag="redis", is_short=True),
    Fault("F15", "PostgreSQL half open", _mood("to_postgres", is_half_open=True), _calm("to_postgres"), seconds=8),
    Fault("F16", "three in ten connections to the broker reset", _mood("to_broker", reset_share=0.3),
          _calm("to_broker"), seconds=8, decides=True),
    Fault("F17", "the model's files cut in half, web started again", _spoil_model, _mend_model, decides=True,
          flag="model", is_short=True),
    Fault("F18", "all web processes killed", _kill_web, _start("web")),
    Fault("F19", "the receiver of webhooks down", _nothing, seconds=10, decides=True, receiver_status=503),
    Fault("F20", "the seal killed", _kill("seal"), _start("seal"), decides=True),
    Fault("F21", "the disk full", _fill_disk, _empty_disk, needs_small_disk=True),
    Fault("F22", "the clock of the web processes ten minutes ahead", _move_clock("clock-ahead"), _set_clock),
    Fault("F23", "the clock of the web processes four minutes behind", _move_clock("clock-behind"),
          _set_clock),
    Fault("F24", "answers lost on their way to the gateway", _mood("to_web", is_half_open=True), _calm("to_web"),
          seconds=3, over_network=True),
    Fault("F25", "all web processes killed while PostgreSQL is slow", _kill_web_while_slow, _mend_slow_web,
          seconds=1),
    Fault("F26", "the broker silent, then killed", _silence_and_kill_broker, _mend_silent_broker, seconds=1,
          decides=True),
)  # fmt: skip
