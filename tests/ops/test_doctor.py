"""`manage.py doctor` says what is wrong and what to do, and ends so that a script knows."""

import json
import ssl
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest
import trustme
from django.core.management import call_command
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from sentinel.ops import doctor, examinations, health
from sentinel.ops.doctor import LookAtIt, Wrong
from sentinel.ops.health import ProbeBoard
from sentinel.ops.queues import NAMES
from tests.webhooks.receiver import receiving


@pytest.fixture
def ask(monkeypatch):
    """ask(name=function, …) -> the findings, as the command told them, and its exit code. Nothing else is asked."""
    monkeypatch.setattr(health, "board", ProbeBoard())
    monkeypatch.setattr(doctor, "_examinations", {})
    monkeypatch.setattr("sentinel.ops.doctor.connections.close_all", lambda: None)

    def asked(*words, **functions):
        for name, function in functions.items():
            doctor.register_examination(name, function, advice=f"Mend {name}.")
        told = StringIO()
        try:
            call_command("doctor", *words, stdout=told)
        except SystemExit as ended:
            return told.getvalue(), ended.code
        return told.getvalue(), 0

    return asked


def raises(error: Exception):
    def function() -> str:
        raise error

    return function


def test_what_is_well_is_one_line_and_ends_well(ask):
    told, code = ask(disk=lambda: "20 GiB free")

    assert (told.split(), code) == (["well", "disk", "20", "GiB", "free"], 0)


def test_what_is_wrong_has_its_advice_and_stops_a_script(ask):
    told, code = ask(disk=raises(Wrong("1 MiB free")), clocks=lambda: "together")

    assert code == 1
    assert [line.split() for line in told.splitlines()] == [
        ["WRONG", "disk", "1", "MiB", "free"],
        ["Mend", "disk."],
        ["well", "clocks", "together"],
    ]


def test_what_works_still_is_told_and_stops_nobody(ask):
    told, code = ask(disk=raises(LookAtIt("4 GiB free")))

    assert (told.split()[0], code) == ("LOOK", 0)


def test_an_examination_that_breaks_is_a_finding_and_the_others_are_asked(ask):
    told, code = ask("--json", disk=raises(OSError("no such\n place")), clocks=lambda: "together")

    assert code == 1
    assert json.loads(told)["findings"] == [
        {"name": "disk", "state": "wrong", "words": "OSError: no such place", "advice": "Mend disk."},
        {"name": "clocks", "state": "well", "words": "together", "advice": ""},
    ]


def test_a_probe_without_which_decisions_go_on_stops_no_script(ask):
    health.board.register("broker", raises(ConnectionError("refused")), critical=False, advice="Start it.")
    assert ask()[1] == 0

    health.board.register("database", raises(ConnectionError("refused")), critical=True, advice="Start it.")
    told, code = ask()
    assert code == 1
    assert "ConnectionError: refused" in told


def test_every_probe_and_examination_of_the_product_has_advice():
    assert all(probe.advice for probe in health.board.probes)
    of_rooms = {"partitions", "verdicts", "model", "facts", "readings"}
    assert of_rooms | {"settings", "clocks", "disk", "workers", "beat", "certificate"} <= doctor._examinations.keys()
    assert all(each.advice for each in doctor._examinations.values())


def test_settings_that_are_fit_and_some_that_are_not(settings):
    assert examinations.checked_settings() == "development mode"

    settings.SECRET_KEY = "short"
    with pytest.raises(Wrong, match="SENTINEL_SECRET_KEY has fewer than"):
        examinations.checked_settings()


@pytest.mark.django_db
def test_clocks_that_agree_and_one_that_does_not(monkeypatch):
    assert "from that of" in examinations.clocks()

    monkeypatch.setattr(examinations, "_redis_seconds", lambda: timezone.now().timestamp() - 3)
    with pytest.raises(LookAtIt, match=r"3\.0 s from that of Redis"):
        examinations.clocks()
    monkeypatch.setattr(examinations, "_redis_seconds", lambda: timezone.now().timestamp() + 30)
    with pytest.raises(Wrong, match=r"30\.0 s from that of Redis"):
        examinations.clocks()


@pytest.mark.parametrize(("free_gib", "error"), [(20, None), (4, LookAtIt), (0.5, Wrong)])
def test_disks(monkeypatch, settings, tmp_path: Path, free_gib, error):
    settings.VAR_DIR = settings.MODEL_DIR = tmp_path / "not" / "made"
    monkeypatch.setattr("shutil.disk_usage", lambda place: SimpleNamespace(free=int(free_gib * (1 << 30))))

    if error is None:
        assert examinations.disks() == f"20.0 GiB free for {tmp_path / 'not' / 'made'}"
    else:
        with pytest.raises(error):
            examinations.disks()


def test_workers_that_leave_a_queue_to_nobody(monkeypatch):
    def answering(*names):
        found = SimpleNamespace(active_queues=lambda: {"one": [{"name": name} for name in names]})
        monkeypatch.setattr("celery.current_app.control.inspect", lambda timeout: found)

    answering(*NAMES)
    assert examinations.workers().startswith("1 take ")
    answering(NAMES[0])
    with pytest.raises(Wrong, match=f"no worker takes {NAMES[1]}"):
        examinations.workers()


@pytest.mark.django_db
def test_beat_that_has_stopped():
    minute = IntervalSchedule.objects.create(every=1, period=IntervalSchedule.MINUTES)
    task = PeriodicTask.objects.create(name="tidy", task="ledger.tasks.holds_expire", interval=minute)
    with pytest.raises(LookAtIt, match="nothing yet"):
        examinations.beat()

    PeriodicTask.objects.filter(pk=task.pk).update(last_run_at=timezone.now())
    assert examinations.beat().startswith("beat started something 0 s ago")
    PeriodicTask.objects.update(last_run_at=timezone.now() - timedelta(minutes=11))
    with pytest.raises(Wrong, match="660 s ago"):
        examinations.beat()


@pytest.mark.parametrize(("days", "error"), [(90, None), (7, LookAtIt)])
def test_a_certificate_and_one_that_ends_soon(settings, monkeypatch, days, error):
    authority, server = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", not_after=datetime.now(UTC) + timedelta(days=days, hours=1)).configure_cert(
        server
    )
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    monkeypatch.setattr("ssl.create_default_context", lambda: trusting)
    with receiving(tls=server) as receiver:
        settings.PUBLIC_URL = f"https://127.0.0.1:{receiver.port}"

        if error is None:
            assert examinations.certificate() == "that of 127.0.0.1 ends in 90 days"
        else:
            with pytest.raises(error, match="ends in 7 days"):
                examinations.certificate()


def test_without_https_there_is_no_certificate_and_one_of_nobody_known_is_an_error(settings):
    settings.PUBLIC_URL = "http://127.0.0.1:8000"
    assert examinations.certificate() == "none: http://127.0.0.1:8000 is not https"

    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(server)
    with receiving(tls=server) as receiver:
        settings.PUBLIC_URL = f"https://127.0.0.1:{receiver.port}"
        with pytest.raises(ssl.SSLCertVerificationError):
            examinations.certificate()
