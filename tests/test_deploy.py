"""The files of ``deploy/`` can be read by what reads them, name what exists, and keep what they promise.

No container engine and no cluster is needed. Where a machine has ``kubectl`` or ``systemd-analyze``, they judge too.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from tests.fixtures.shared import ROOT
from tests.test_docs import commands
from tieline.server.settings import SECRET, Settings, variable

DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
SETTINGS = {variable(name) for name in Settings.model_fields} | {f"{variable(name)}_FILE" for name in SECRET}
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


def files(*ends: str) -> list[Path]:
    return sorted(path for path in DEPLOY.rglob("*") if path.is_file() and path.name.endswith(ends))


def manifests() -> list[dict[str, Any]]:
    names = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())["resources"]
    return [found for name in names for found in yaml.safe_load_all((KUBERNETES / name).read_text())]


def pods() -> Iterator[tuple[str, dict[str, Any]]]:
    for found in manifests():
        if found["kind"] in {"Deployment", "Job"}:
            yield found["metadata"]["name"], found["spec"]["template"]["spec"]


def tieline(arguments: list[str]) -> str:
    """``tieline serve`` of a container's arguments; its options have to exist."""
    words = ["tieline", *(word for word in arguments if not word.startswith("-"))]
    name = next(name for name in commands() if words[: len(name.split())] == name.split())
    text = (ROOT / "docs" / "reference" / "cli.md").read_text()
    for option in arguments:
        assert not option.startswith("--") or f"`{option}" in text, f"{name} has no {option}"
    return name


@pytest.mark.parametrize("path", files(".yaml", ".json"), ids=lambda path: str(path.relative_to(DEPLOY)))
def test_documents_can_be_read(path: Path) -> None:
    found = list(yaml.safe_load_all(path.read_text())) if path.suffix == ".yaml" else [json.loads(path.read_text())]
    assert all(isinstance(one, dict) for one in found)


def test_every_setting_that_is_named_exists() -> None:
    for path in (path for path in DEPLOY.rglob("*") if path.is_file()):
        named = set(re.findall(r"\bTIELINE_[A-Z0-9_]+\b", path.read_text()))
        # What compose.yaml asks for that is not of the program.
        assert named - {"TIELINE_IMAGE", "TIELINE_PORT"} <= SETTINGS, path


def test_versions_are_the_projects() -> None:
    for path in (DEPLOY / "compose.yaml", DEPLOY / "Dockerfile"):
        assert f"tieline:{VERSION}" in path.read_text()
    [image] = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())["images"]
    assert image["newTag"] == VERSION


# The image


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"^\s*#.*\n", "", (DEPLOY / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", " ", text).splitlines()
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines if line.strip())]


def test_the_image_has_two_stages_and_ends_as_nobody_special() -> None:
    found = instructions()
    known = {
        *("ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "RUN", "STOPSIGNAL"),
        *("USER", "WORKDIR"),
    }
    assert {word for word, _ in found} <= known
    stages = [index for index, (word, _) in enumerate(found) if word == "FROM"]
    assert len(stages) == 2
    assert all(rest.startswith("python:${PYTHON}") for word, rest in found if word == "FROM")
    final = found[stages[1] :]
    assert ("USER", "10001:10001") in final
    assert [rest for word, rest in final if word == "COPY"] == ["--from=build /opt/tieline /opt/tieline"]
    assert len([rest for word, rest in final if word == "HEALTHCHECK"]) == 1
    for word, rest in found:
        if word in {"CMD", "ENTRYPOINT"}:
            json.loads(rest)  # the form without a shell, so that signals arrive
        if word == "RUN":
            assert "apt-get" not in rest
            assert "node" not in rest.lower()
            assert "curl" not in rest
    assert not any(word == "ADD" or ":latest" in rest for word, rest in found)
    command = next(json.loads(rest) for word, rest in final if word == "CMD")
    assert tieline(command) == "tieline serve"


def test_the_image_is_built_of_the_wheel_alone() -> None:
    kept = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    assert [line for line in kept if line and line[0] != "#"] == ["*", "!dist/requirements.txt", "!dist/tieline-*.whl"]
    [first, second] = [rest for word, rest in instructions() if word == "COPY" and "--from" not in rest]
    assert (first.split()[0], second.split()[0]) == ("dist/requirements.txt", "dist/tieline-*.whl")


# Compose


def test_compose_keeps_no_password() -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    found = yaml.safe_load(text)
    assert {name: one["file"].split("/")[0] for name, one in found["secrets"].items()} == dict.fromkeys(
        ("database_url", "secret_keys", "postgres_password"), "secrets"
    )
    assert not re.search(r"PASSWORD: |PASSWORD=|postgresql://", text)
    ignored = subprocess.run(
        ["git", "check-ignore", "-q", "deploy/secrets/database_url"], cwd=ROOT, check=False, capture_output=True
    )
    assert ignored.returncode in {0, 128}, "deploy/secrets would be committed"


def test_compose_names_only_what_it_has() -> None:
    found = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    assert set(found["services"]) == {"migrate", "server", "worker", "postgres"}
    for name, service in found["services"].items():
        assert set(service.get("secrets", ())) <= set(found["secrets"]), name
        assert set(service.get("networks", ())) <= set(found["networks"]), name
        assert {volume.split(":")[0] for volume in service.get("volumes", ())} <= set(found["volumes"]), name
        assert set(service.get("depends_on", ())) <= set(found["services"]), name
        if name != "postgres":
            assert service["read_only"], name
            assert service["cap_drop"] == ["ALL"], name
            tieline(service["command"])
        else:
            assert "ports" not in service
            assert service["image"] in {"postgres:16", "postgres:17", "postgres:18"}
    assert found["services"]["worker"]["deploy"]["replicas"] == 2
    assert all(port.startswith("127.0.0.1:") for port in found["services"]["server"]["ports"])


# Kubernetes


def test_pods_are_restricted() -> None:
    """What the level "restricted" of Kubernetes' pod security standards asks for, and a read-only root."""
    found = dict(pods())
    assert set(found) == {"tieline-migrate", "tieline-server", "tieline-worker"}
    for name, pod in found.items():
        assert pod["securityContext"]["runAsNonRoot"], name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert pod["automountServiceAccountToken"] is False, name
        for container in pod["containers"]:
            context = container["securityContext"]
            assert context["readOnlyRootFilesystem"], name
            assert context["allowPrivilegeEscalation"] is False, name
            assert context["capabilities"] == {"drop": ["ALL"]}, name
            assert container["resources"]["limits"]["memory"], name
            assert container["resources"]["requests"]["cpu"], name
            tieline(container["args"])
            volumes = {volume["name"] for volume in pod["volumes"]}
            assert {mount["name"] for mount in container["volumeMounts"]} == volumes, name


def test_the_server_is_probed_and_drained() -> None:
    server = dict(pods())["tieline-server"]
    [container] = server["containers"]
    paths = {kind: container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")}
    assert paths == {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"}
    assert server["terminationGracePeriodSeconds"] >= 30
    assert dict(pods())["tieline-worker"]["terminationGracePeriodSeconds"] >= 20
    assert "sleep" in container["lifecycle"]["preStop"]["exec"]["command"][-1]


def test_selectors_find_their_pods() -> None:
    labels = {
        found["metadata"]["name"]: found["spec"]["template"]["metadata"]["labels"]
        for found in manifests()
        if found["kind"] in {"Deployment", "Job"}
    }
    counted = []
    for found in manifests():
        spec = found.get("spec", {})
        selector = spec.get("selector") or spec.get("podSelector")
        if selector:
            wanted = selector.get("matchLabels", selector)
            assert any(wanted.items() <= one.items() for one in labels.values()), found["metadata"]
            counted.append(found["kind"])
    assert sorted(set(counted)) == ["Deployment", "NetworkPolicy", "PodDisruptionBudget", "Service"]


def test_the_example_of_a_secret_holds_none() -> None:
    found = yaml.safe_load((KUBERNETES / "secret.example.yaml").read_text())
    assert set(found["stringData"].values()) == {""}
    assert "secret.example.yaml" not in yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())["resources"]
    config = next(one for one in manifests() if one["kind"] == "ConfigMap")["data"]
    for name, value in config.items():
        if name.endswith("_FILE"):
            assert Path(value).name in found["stringData"]


def test_kubectl_can_build_it() -> None:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        return  # a machine without it has the checks above
    built = subprocess.run([kubectl, "kustomize", str(KUBERNETES)], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    assert len(list(yaml.safe_load_all(built.stdout))) == len(manifests())
    assert f"image: tieline:{VERSION}" in built.stdout


# systemd


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_units_are_hardened(unit: Path) -> None:
    lines = unit.read_text().splitlines()
    for wanted in ("NoNewPrivileges=yes", "ProtectSystem=strict", "ProtectHome=yes", "User=tieline", "PrivateTmp=yes"):
        assert wanted in lines
    for line in lines:
        if line.startswith(("ExecStart=", "ExecStartPre=")):
            program, *arguments = line.partition("=")[2].split()
            assert program == "/opt/tieline/bin/tieline"
            tieline(arguments)


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        return  # a machine without it has the check above
    written = []
    for unit in UNITS:
        path = tmp_path / unit.name.replace("@", "@1")
        # The program is not installed here, and its absence would be the only thing that is said.
        path.write_text(unit.read_text().replace("/opt/tieline/bin/tieline", "/bin/true"))
        written.append(str(path))
    checked = subprocess.run([analyze, "verify", *written], capture_output=True, text=True, check=False, timeout=30)
    complaints = [line for line in checked.stderr.splitlines() if str(tmp_path) in line or "tieline" in line]
    assert not complaints, "\n".join(complaints)


# Prometheus and Grafana


def alerts() -> list[dict[str, Any]]:
    [group] = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text())["groups"]
    rules: list[dict[str, Any]] = group["rules"]
    return rules


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DEPLOY / "grafana" / "dashboard.json").read_text())
    return found


def expressions() -> list[str]:
    """Every expression of the alerts and of the dashboard; Grafana's own variables with a value."""
    shown = [target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", ())]
    filled = [one.replace("$__rate_interval", "1m").replace("$job", ".*").replace("$instance", ".*") for one in shown]
    return [rule["expr"] for rule in alerts()] + filled


def test_expressions_are_promql() -> None:
    assert len(expressions()) > 40
    for expression in expressions():
        promql_parser.parse(expression)


def test_alerts_say_what_to_do() -> None:
    assert len({rule["alert"] for rule in alerts()}) == len(alerts())
    for rule in alerts():
        assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in {"info", "warning", "critical"}
        assert set(rule["annotations"]) == {"summary", "description", "runbook"}
        assert re.fullmatch(r"\d+[smh]", rule["for"])


def test_panels_lie_beside_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    found = dashboard()["panels"]
    assert len({panel["id"] for panel in found}) == len(found)
    for panel in found:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
        assert panel["type"] == "row" or panel["description"]
