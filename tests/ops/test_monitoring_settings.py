"""Levels, limits and networks out of the environment: what cannot be read stops the start and names the variable."""

from ipaddress import ip_network

import pytest
from django.core.exceptions import ImproperlyConfigured

from sentinel.checks import limits_are_of_figures
from sentinel.env import env_levels, env_limits, env_networks


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (env_levels, "ledger=DEBUG, httpx=ERROR", {"ledger": "DEBUG", "httpx": "ERROR"}),
        (env_levels, "", {}),
        (env_limits, "cpu_percent=80,queue_depth=0.5", {"cpu_percent": 80.0, "queue_depth": 0.5}),
        (lambda name: env_networks(name, []), "10.1.0.0/16,::1", [ip_network("10.1.0.0/16"), ip_network("::1/128")]),
    ],
)
def test_they_are_read(monkeypatch, read, text, value):
    monkeypatch.setenv("SENTINEL_SOME", text)

    assert read("SENTINEL_SOME") == value


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (env_levels, "ledger"),
        (env_levels, "ledger=LOUD"),
        (env_levels, "=DEBUG"),
        (env_limits, "cpu_percent=much"),
        (env_limits, "cpu_percent"),
        (lambda name: env_networks(name, []), "10.1.0.1/16"),
        (lambda name: env_networks(name, []), "bank.example"),
    ],
)
def test_what_cannot_be_read_names_the_variable(monkeypatch, read, text):
    monkeypatch.setenv("SENTINEL_SOME", text)

    with pytest.raises(ImproperlyConfigured, match="SENTINEL_SOME"):
        read("SENTINEL_SOME")


def test_a_limit_of_no_figure_is_an_error(settings):
    settings.MONITORING_LIMITS = {"cpu_percent": 80.0}
    assert limits_are_of_figures() == []

    settings.MONITORING_LIMITS = {"moon_percent": 80.0}
    assert [error.id for error in limits_are_of_figures()] == ["sentinel.E006"]
