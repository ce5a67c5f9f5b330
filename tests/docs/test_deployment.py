"""What deploys the service names settings, files, processes and limits that exist."""

import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
import yaml
from django.conf import settings

from sentinel.ops.children import background_children
from tests.docs.documents import ROOT
from tests.docs.test_settings import rows

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
PRODUCT = {name: service for name, service in SERVICES.items() if "build" in service}
# Of the compose file itself, or of a newer release of the service than the one that is described.
NOT_SETTINGS = {"SENTINEL_HOST", "SENTINEL_IMAGE", "FORWARDED_ALLOW_IPS", "SENTINEL_METRICS_NETWORKS"}

# Wheels of requirements/dev.txt: the checkers themselves, which need no engine for containers.
TOOLS = Path(sys.executable).parent
# Compose itself: the wheel's own command always ends with 0.
COMPOSE_PROGRAM = Path(sysconfig.get_path("purelib"), "compose/docker-compose")
COMPOSE_COMMAND = [str(COMPOSE_PROGRAM), "--env-file", ".env.example", "--profile", "monitoring", "config", "--quiet"]
WORKFLOW = ".github/workflows/ci.yml"
CHECKS = {
    "compose": COMPOSE_COMMAND,
    "the image": ["hadolint", "docker/Dockerfile"],
    "workflows": ["actionlint", WORKFLOW],
    "shape of compose": ["check-jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml"],
    "shape of workflows": [
        "check-jsonschema",
        "--builtin-schema",
        "vendor.github-workflows",
        ".github/workflows/ci.yml",
    ],
    "scripts": ["shellcheck", "-x", ".ci/run", *sorted(map(str, (ROOT / "docker").rglob("*.sh")))],
}


def checked(command: list[str], folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    # Without an environment that could stand in for what the files lack.
    return subprocess.run(
        [TOOLS / command[0], *command[1:]],  # a whole path stays what it is
        cwd=folder, env={"PATH": f"{TOOLS}:/usr/bin:/bin", "HOME": str(folder)},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


@pytest.mark.parametrize("what", CHECKS)
def test_the_checkers_of_each_kind_of_file_find_nothing(what):
    found = checked(CHECKS[what])

    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize(("right", "wrong"), [("networks: [inside]", "networks: [elsewhere]"), ("cpus:", "cores:")])
def test_compose_finds_a_network_that_is_not_there_and_a_misspelt_bound(tmp_path, right, wrong):
    text = (ROOT / "docker-compose.yml").read_text()
    (tmp_path / "docker-compose.yml").write_text(text.replace(right, wrong, 1))
    (tmp_path / ".env.example").write_text((ROOT / ".env.example").read_text())

    assert checked(COMPOSE_COMMAND, tmp_path).returncode != 0


def example() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def told() -> set[str]:
    """The settings that the product's containers get; those out of files by their own name."""
    names = {name for service in PRODUCT.values() for name in service["environment"]}
    return {name if name in rows() else name.removesuffix("_FILE") for name in names}


def test_the_example_names_what_compose_asks_for_and_no_setting_that_is_not_described():
    asked = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text()))

    assert example().keys() == asked
    assert example().keys() - NOT_SETTINGS <= rows().keys()
    assert all(example().values())


def test_compose_tells_every_setting_that_is_needed_and_none_that_is_not_described():
    lines = (ROOT / "docs/settings.md").read_text().splitlines()
    needed = {line.split("`")[1] for line in lines if line.startswith("| `") and "needed" in line.split(" | ")[-1]}

    assert needed <= told()
    assert told() - NOT_SETTINGS <= rows().keys()


def test_every_file_and_secret_that_compose_names_is_there_or_made():
    made = (ROOT / "docker/secrets.sh").read_text() + (ROOT / "docker/certificates.sh").read_text()
    mounted = {str(each).split(":")[0] for service in SERVICES.values() for each in service.get("volumes", [])}
    for path in {each for each in mounted if each.startswith("./") and "/secrets/" not in each}:
        assert (ROOT / path).exists(), path
    for name, secret in COMPOSE["secrets"].items():
        assert secret["file"] == f"docker/secrets/{name}"
        assert name.partition(".")[0] in made, name
    used = {name for service in SERVICES.values() for name in service.get("secrets", [])}
    assert used == COMPOSE["secrets"].keys()


def test_each_process_that_up_starts_has_a_service_with_the_same_words():
    for child in background_children({}):
        words = " ".join(str(word) for word in SERVICES[child.name]["command"])
        known = ("relay", "apply_verdicts", "seal_ledger", "beat", "sentinel.tasks", "sentinel.deliveries")
        assert [word for word in known if word in words.split()] == [word for word in known if word in child.command]


def test_the_owners_password_is_with_two_services_only_and_the_databases_are_not_reached_from_outside():
    owners = {name for name, service in SERVICES.items() if "database_owner_url" in service.get("secrets", [])}
    assert owners == {"prepare", "partitions"}

    assert {name for name, service in SERVICES.items() if "ports" in service} == {"nginx", "grafana"}
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["grafana"]["ports"])
    assert COMPOSE["networks"]["inside"]["internal"] is COMPOSE["networks"]["front"]["internal"] is True
    for name in ("postgres", "valkey", "rabbitmq"):
        assert SERVICES[name]["networks"] == ["inside"]


def test_the_key_that_signs_the_seal_is_with_two_services_only_and_the_web_containers_read_the_heads():
    """Their path is the setting of all: what is not mounted is not there."""
    mounted = {name: [each.split(":") for each in service.get("volumes", [])] for name, service in SERVICES.items()}
    signing = {name for name, volumes in mounted.items() if "seal-key" in {volume[0] for volume in volumes}}

    assert signing == {"prepare", "seal"}
    for name in signing:
        [path] = [volume[1] for volume in mounted[name] if volume[0] == "seal-key"]
        assert path == SERVICES[name]["environment"]["SENTINEL_SEAL_KEY_DIR"]
    assert all(["seal", "/var/lib/sentinel/seal", "ro"] in mounted[name] for name in ("web-1", "web-2"))


def test_prometheus_reaches_every_web_container_and_only_grafana_reaches_it():
    config = yaml.safe_load((ROOT / "docker/prometheus/prometheus.yml").read_text())
    asked = {
        target for job in config["scrape_configs"] for each in job["static_configs"] for target in each["targets"]
    }
    networks = SERVICES["prometheus"]["networks"]
    heard = next(word for word in SERVICES["prometheus"]["command"] if "listen-address" in word).partition("=")[2]

    webs = {name for name in SERVICES if name.startswith("web-")}
    assert asked == {f"{name}:8000" for name in webs}
    assert all("front" in SERVICES[name]["networks"] for name in webs)
    for name in webs:
        allowed = SERVICES[name]["environment"]["SENTINEL_METRICS_NETWORKS"].split(",")
        assert f"{networks['front']['ipv4_address']}/32" in allowed
        assert name in SERVICES[name]["environment"]["SENTINEL_ALLOWED_HOSTS"].split(",")
    assert heard == f"{networks['watching']['ipv4_address']}:9090"
    assert {name for name in SERVICES if "watching" in SERVICES[name].get("networks", [])} == {
        "prometheus",
        "grafana",
    }


def test_grafana_finds_prometheus_and_the_dashboard():
    folder = ROOT / "docker/grafana/provisioning"
    [source] = yaml.safe_load((folder / "datasources/prometheus.yml").read_text())["datasources"]
    [provider] = yaml.safe_load((folder / "dashboards/sentinelstream.yml").read_text())["providers"]
    mounted = [each.split(":")[1] for each in SERVICES["grafana"]["volumes"]]

    assert (source["type"], source["url"]) == ("prometheus", "http://prometheus:9090")
    assert f"{provider['options']['path']}/sentinelstream.json" in mounted


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_bounded_and_started_again(name):
    service = SERVICES[name]

    assert {"cpus", "memory"} <= service["deploy"]["resources"]["limits"].keys()
    assert service["restart"] == ("no" if name == "prepare" else "unless-stopped")
    assert service["cap_drop"] == ["ALL"]
    assert service["logging"]["options"]["max-file"] == "5"
    assert service.get("read_only") or name in {"postgres", "rabbitmq"}


def test_nginx_lets_through_what_the_service_takes_and_not_much_more():
    text = (ROOT / "nginx/nginx.conf").read_text()
    bounds = dict(re.findall(r"location =? ?(/\S*) \{[^}]*?client_max_body_size (\w+);", text))
    units = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
    found = {path: int(bound[:-1]) * units[bound[-1]] for path, bound in bounds.items()}
    taken = {
        "/transaction": settings.API_BODY_BYTES_MAX,
        "/api/v1/transactions": settings.API_BODY_BYTES_MAX,
        "/api/": settings.API_BODY_BYTES_MAX,
        "/api/v1/transactions/bulk": settings.API_BULK_BYTES_MAX,
        "/api/v1/score": settings.API_BULK_BYTES_MAX,
        "/admin/rules/list/": settings.LIST_IMPORT_BYTES_MAX,
        "/admin/ledger/labelimport/": settings.LABEL_IMPORT_BYTES_MAX,
    }

    for path, bytes_max in taken.items():
        assert bytes_max < found[path] <= 2 * bytes_max, path


def test_secrets_and_certificates_are_made_once_and_fit_together(tmp_path):
    for _ in range(2):
        for script in (
            ["docker/secrets.sh", str(tmp_path)],
            ["docker/certificates.sh", "bank.example", str(tmp_path)],
        ):
            subprocess.run([str(ROOT / script[0]), *script[1:]], check=True, capture_output=True, timeout=60)
        made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    password = made["app_password"].decode().strip()

    assert COMPOSE["secrets"].keys() <= made.keys()
    assert f":{password}@postgres:5432/sentinel?sslmode=verify-full" in made["database_url"].decode()
    assert len({value for name, value in made.items() if name.endswith(("password", "key")) and "." not in name}) == 9
    assert tmp_path.stat().st_mode & 0o077 == 0
    for server in ("nginx", "postgres", "valkey", "rabbitmq"):
        told = ["openssl", "verify", "-CAfile", "ca.pem", f"{server}.pem"]
        subprocess.run(told, cwd=tmp_path, check=True, capture_output=True, timeout=20)
