"""The files of deploy/: valid by the schemas of those who read them, and in agreement with the settings."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from kokoro_wyoming import config
from kokoro_wyoming.cli import main
from kokoro_wyoming.server.metrics import Metrics
from kokoro_wyoming.server.startup import State
from tests.conftest import CHECKOUT

DEPLOY = CHECKOUT / "deploy"
KUBERNETES = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
DOCUMENTS = [document for path in KUBERNETES for document in yaml.safe_load_all(path.read_text())]


def of_kind(kind: str) -> Any:
    (document,) = (document for document in DOCUMENTS if document["kind"] == kind)
    return document


def seconds_of(time: str) -> int:
    found = re.fullmatch(r"(\d+)([sm])", time)
    assert found is not None
    return int(found[1]) * {"s": 1, "m": 60}[found[2]]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document["kind"])
def test_kubernetes_takes_it(document: Any) -> None:
    kubernetes_validate.validate(document, "1.33", strict=True)


def test_the_settings_of_the_replicas_are_settings(tmp_path: Path) -> None:
    for text in ((DEPLOY / "settings.yaml").read_text(), of_kind("ConfigMap")["data"]["settings.yaml"]):
        path = tmp_path / "settings.yaml"
        path.write_text(text)
        assert config.load(path).server.drain_notice_seconds > 0


def test_a_stop_has_the_time_that_its_settings_say(tmp_path: Path) -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    path = tmp_path / "settings.yaml"
    path.write_text((DEPLOY / "settings.yaml").read_text())
    server = config.load(path).server
    for name in ("relay", "haproxy", "kokoro"):
        grace = seconds_of(services[name]["stop_grace_period"])
        assert grace > server.drain_notice_seconds + server.drain_seconds, name
    path.write_text(of_kind("ConfigMap")["data"]["settings.yaml"])
    server = config.load(path).server
    pod = of_kind("Deployment")["spec"]["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] > server.drain_notice_seconds + server.drain_seconds


def test_the_replicas_believe_the_balancer_of_the_same_file() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    settings = yaml.safe_load((DEPLOY / "settings.yaml").read_text())
    address = compose["services"]["haproxy"]["networks"]["speech"]["ipv4_address"]
    assert settings["server"]["proxies"] == [address]
    assert str(settings["server"]["agent_uri"]).endswith(":10201")
    assert "agent-port 10201" in (DEPLOY / "haproxy.cfg").read_text()


def test_what_the_containers_run_are_commands_and_what_they_mount_is_there(
    capsys: pytest.CaptureFixture[str],
) -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    pod = of_kind("Deployment")["spec"]["template"]["spec"]
    commands = [compose["relay"]["command"], compose["kokoro"]["command"]]
    commands += [container["args"] for container in (*pod["initContainers"], *pod["containers"])]
    for words in commands:
        assert main([words[0], "--help"]) == 0
        help_text = capsys.readouterr().out
        assert all(word in help_text for word in words if word.startswith("--")), words
    for service in compose.values():
        for volume in service.get("volumes", ()):
            assert (DEPLOY / volume.partition(":")[0]).is_file(), volume
    json.loads((CHECKOUT / "docs" / "grafana.json").read_text())


def test_the_balancer_is_more_patient_than_the_servers() -> None:
    text = (DEPLOY / "haproxy.cfg").read_text()
    for name in ("client", "server"):
        found = re.search(rf"timeout {name} (\w+)", text)
        assert found is not None
        assert seconds_of(found[1]) > config.load().limits.idle_seconds


def test_the_autoscaler_goes_by_a_metric_that_there_is() -> None:
    (metric,) = of_kind("HorizontalPodAutoscaler")["spec"]["metrics"]
    name = metric["pods"]["metric"]["name"]
    assert f"\n{name} ".encode() in Metrics(State).exposition()[0]


def test_the_probes_ask_what_there_is() -> None:
    pod = of_kind("Deployment")["spec"]["template"]["spec"]
    (server,) = pod["containers"]
    source = (CHECKOUT / "kokoro_wyoming/protocols/http/status.py").read_text()
    for probe in ("readinessProbe", "livenessProbe", "startupProbe"):
        assert f'ROUTES.get("{server[probe]["httpGet"]["path"]}")' in source
