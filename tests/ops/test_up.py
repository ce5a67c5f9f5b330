"""What `up` decides and says. The whole of it runs in `.ci/run`, with `up --check`."""

import json
import socket

import pytest

from sentinel.ops import check, children, up
from sentinel.ops.console import Refusal


@pytest.fixture
def project(tmp_path):
    (tmp_path / "ledger").mkdir()
    (tmp_path / "requirements").mkdir()
    (tmp_path / "ledger" / "models.py").write_text("first")
    (tmp_path / "requirements" / "base.txt").touch()
    return tmp_path


def test_nothing_changed_means_nothing_to_prepare(project):
    assert up.fingerprint_of_inputs(project, "2026-01-31") == up.fingerprint_of_inputs(project, "2026-01-31")


def test_a_changed_file_and_a_new_day_are_prepared_for(project):
    before = up.fingerprint_of_inputs(project, "2026-01-31")
    (project / "ledger" / "models.py").write_text("second")
    after = up.fingerprint_of_inputs(project, "2026-01-31")

    assert before != after
    assert after != up.fingerprint_of_inputs(project, "2026-02-01")


def test_an_asked_port_that_is_taken_is_refused():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(Refusal, match="is taken"):
            children.web_port(taken.getsockname()[1])


def test_a_second_start_says_where_the_first_one_is(tmp_path, capsys):
    (tmp_path / "up.json").write_text(json.dumps({"base_url": "http://127.0.0.1:8000"}))

    code = up.beside_running(up.parse([]), tmp_path)

    assert code == 1
    assert "already runs in this folder at http://127.0.0.1:8000" in capsys.readouterr().out


def test_fresh_deletes_nothing_unasked(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    (tmp_path / "demo.json").touch()

    with pytest.raises(Refusal, match="Add --yes"):
        up.wipe_if_agreed(tmp_path, is_agreed=False)

    assert (tmp_path / "demo.json").exists()


def test_the_welcome_names_every_log_in(tmp_path):
    about = {
        "base_url": "http://127.0.0.1:8000",
        "admin_url": "http://127.0.0.1:8000/admin/",
        "logins": [{"role": "analyst", "username": "asha", "password": "one"}],
        "api_key": "sk_test",
        "account_id": "acc_1",
    }

    words = up.welcome(about, tmp_path)

    assert "analyst   asha   one" in words
    assert "http://127.0.0.1:8000/admin/" in words


def test_a_check_without_a_server_fails_in_words(capsys):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        base_url = f"http://127.0.0.1:{closed.getsockname()[1]}"

        code = check.run_checks({"base_url": base_url, "api_key": "k"})

    assert code == 1
    assert "FAILED  every probe of /readyz is well\nGET /readyz got no answer" in capsys.readouterr().out


def test_the_check_pays_in_the_accounts_own_currency_and_country():
    account = {"id": "acc_1", "currency": "EUR", "home_country": "FR"}

    payment = check.small_purchase(account)

    assert (payment["currency"], payment["location"]["country"]) == ("EUR", "FR")


def test_verdicts_and_the_seal_have_processes_of_their_own():
    commands = {child.name: child.command[-1] for child in children.background_children({})}

    assert (commands["verdicts"], commands["seal"]) == ("apply_verdicts", "seal_ledger")
