import json
import os

from sentinel.ops import state


def test_a_secret_is_made_once_and_only_its_owner_reads_it(tmp_path):
    first = state.secret(tmp_path, "secret_key")

    assert state.secret(tmp_path, "secret_key") == first
    assert len(first) >= 50
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_the_second_start_does_not_get_the_lock(tmp_path):
    lock = tmp_path / "up.lock"

    with state.locked(lock, wait=False) as first, state.locked(lock, wait=False) as second:
        assert (first, second) == (True, False)


def test_what_a_dead_up_left_behind_is_not_believed(tmp_path):
    (tmp_path / "up.lock").touch()
    (tmp_path / "up.json").write_text('{"base_url": "http://127.0.0.1:1"}')

    assert state.running(tmp_path) == {}


def test_a_command_borrows_the_services_of_a_running_up(tmp_path, monkeypatch):
    for name in (*state.SERVICE_VARIABLES, "SENTINEL_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SENTINEL_VAR_DIR", str(tmp_path))
    about = {key: f"{key} of up" for key in state.SERVICE_VARIABLES.values()}
    (tmp_path / "up.json").write_text(json.dumps(about))

    with state.locked(tmp_path / "up.lock", wait=False):
        state.borrow_running_services()

    assert {name: os.environ.pop(name) for name in state.SERVICE_VARIABLES} == {
        name: about[key] for name, key in state.SERVICE_VARIABLES.items()
    }
    assert os.environ.pop("SENTINEL_SECRET_KEY") == state.secret(tmp_path, "secret_key")


def test_a_database_named_in_the_environment_is_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("SENTINEL_VAR_DIR", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", "postgresql://mine")
    (tmp_path / "up.json").write_text('{"database_url": "postgresql://of-up"}')

    with state.locked(tmp_path / "up.lock", wait=False):
        state.borrow_running_services()

    assert os.environ["DATABASE_URL"] == "postgresql://mine"


def test_wiping_follows_links_and_keeps_the_lock(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "deep").mkdir(parents=True)
    folder = tmp_path / "var"
    folder.mkdir()
    (folder / "postgres").symlink_to(elsewhere)
    (folder / "log").mkdir()
    (folder / "up.lock").touch()
    (folder / "demo.json").touch()

    state.wipe(folder)

    assert [path.name for path in folder.iterdir()] == ["up.lock"]
    assert not elsewhere.exists()
