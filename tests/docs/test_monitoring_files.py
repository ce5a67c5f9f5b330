"""Grafana's dashboard and Prometheus's rules name metrics that /metrics shows, and no others."""

import json
import re

import yaml

from dashboard.domain.system_figures import FIGURES
from dashboard.views.metrics import metric_names
from tests.docs.documents import DOCS, ROOT

_METRIC = re.compile(r"\bsentinel_[a-z0-9_]+")


def dashboard():
    return json.loads((ROOT / "docker" / "grafana" / "sentinelstream.json").read_text())


def rules():
    groups = yaml.safe_load((ROOT / "docker" / "prometheus" / "alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def expressions():
    of_panels = [target["expr"] for panel in dashboard()["panels"] for target in panel["targets"]]
    return of_panels + [rule["expr"] for rule in rules()]


def test_every_metric_they_name_is_shown():
    named = {name for expression in expressions() for name in _METRIC.findall(expression)}

    assert len(named) > 15
    assert named <= metric_names(), named - metric_names()


def test_brackets_of_expressions_close():
    for expression in expressions():
        bare = re.sub(r'"[^"]*"', "", expression)
        assert all(bare.count(opening) == bare.count(closing) for opening, closing in ("()", "{}", "[]")), expression


def test_a_dashboard_has_each_panel_once_and_none_over_another():
    panels = dashboard()["panels"]
    places = {
        (x, y)
        for panel in panels
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    }

    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len(places) == sum(panel["gridPos"]["w"] * panel["gridPos"]["h"] for panel in panels)
    assert max(x for x, _ in places) < 24


def test_every_alert_says_what_happened_and_what_to_do():
    for rule in rules():
        assert rule["annotations"].keys() == {"summary", "action"}, rule["alert"]
        assert rule["labels"]["severity"] in {"info", "warning", "critical"}
        assert re.fullmatch(r"\d+[mh]", rule["for"])


def test_prometheus_reads_the_rules_and_asks_for_metrics():
    config = yaml.safe_load((ROOT / "docker" / "prometheus" / "prometheus.yml").read_text())

    assert config["rule_files"] == ["alerts.yml"]
    assert [job["metrics_path"] for job in config["scrape_configs"]] == ["/metrics"]


def test_every_figure_and_metric_is_described():
    text = (DOCS / "monitoring.md").read_text()

    assert [name for name in FIGURES if f"`{name}`" not in text] == []
    counted = {re.sub(r"_(bucket|count|sum)$", "", name) for name in metric_names()}
    of_figures = {f"sentinel_{name}" for name in FIGURES}
    assert [name for name in sorted(counted - of_figures) if f"`{name}`" not in text] == []
