"""Documents of ours: workspaces in JSON and YAML, templates, manifests."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any

from msgspec import to_builtins

from tests.automations.workspace.documents import document as workspace
from tests.fuzz.engine import target
from tests.fuzz.mutation import mutated_json, mutated_text
from tieline.api.edge.bodies import decode
from tieline.automations.library.workspaces import inspect, mentioned
from tieline.automations.workspace.compile import compile_plan
from tieline.automations.workspace.diff import compare
from tieline.automations.workspace.yaml_form import read_file, to_yaml
from tieline.connectors.manifest import io
from tieline.connectors.manifest.yamlread import read_yaml
from tieline.core.errors import TielineError
from tieline.oem import settings as template_settings
from tieline.oem import shapes

FORM = [
    {"id": "name", "label": "Name", "type": "text", "helpText": "Your name", "required": True, "order": 1},
    {"id": "pick", "label": "Pick", "type": "select", "options": ["a", {"label": "B", "value": "b"}]},
]


@cache
def seeds() -> list[Any]:
    """Workspaces with every type of block, broken ones too, and a template."""
    made = [workspace(Random(number), number % 25, broken=number % 3 == 0) for number in range(24)]
    for document in made[::4]:
        for flow in ("setup", "settings", "delete"):
            start = {
                "id": f"s-{flow}",
                "type": "StartBlock",
                "name": flow,
                "inputs": [{"id": "run_mode", "value": flow}],
            }
            form = {"id": f"f-{flow}", "type": "FormBlock", "name": f"form {flow}", "form": FORM}
            document.setdefault("blocks", []).extend([{**start, "childId": form["id"]}, form])
    return made


def workspace_of(random: Random) -> bytes:
    return json.dumps(mutated_json(random, random.choice(seeds()))).encode("utf-8", "replace")


@target("workspace", workspace_of, ci=250)
def workspaces(data: bytes) -> None:
    """What the API does with a document that is saved: it is read, reported on, compiled, and shown as a template."""
    document = decode(data)
    json.dumps(inspect(data).as_dict())
    mentioned(data)
    list(compare(document, seeds()[1]))
    shapes.portable(data, {})
    compile_plan(document)


@target("template", workspace_of, ci=200)
def templates(data: bytes) -> None:
    decode(data)
    shape = shapes.read(data)
    template_settings.lacking(shape, {})
    template_settings.shown(shape, {}, None)
    for name in [*shape.settings()][:3]:
        with suppress(TielineError):
            template_settings.checked(shape, {name: ["a"]})


@target("workspace-as-yaml", lambda random: mutated_json(random, random.choice(seeds())), ci=100)
def printed(document: Any) -> None:
    try:
        document = decode(json.dumps(document).encode("utf-8", "replace"))
    except TielineError:
        return
    text = to_yaml(document)
    assert json.dumps(read_file(text).workspace, sort_keys=True) == json.dumps(document, sort_keys=True)


@cache
def yamls() -> list[str]:
    return [to_yaml(document) for document in seeds()[:12]] + [
        "a: &x [1, 2]\nb: *x\n<<: {c: !!python/name:os.system d}\n"
    ]


@target("workspace-yaml", lambda random: mutated_text(random, random.choice(yamls())), ci=200)
def workspace_yaml(text: str) -> None:
    read_file(text)


@cache
def manifests() -> list[Any]:
    names = ("github", "stripe", "slack", "file-s3", "salesforce", "zendesk")
    found = files("tieline.connectors.catalog") / "manifests"
    return [read_yaml((found / f"{name}.yaml").read_text(encoding="utf-8")) for name in names]


@target("manifest", lambda random: json.dumps(mutated_json(random, random.choice(manifests()))), ci=80)
def manifest(text: str) -> None:
    found = io.load(text.encode("utf-8", "replace"))
    assert io.load(io.dump(found, "json")) == found
    assert io.load(io.dump(found)) == found
    to_builtins(found)


@cache
def manifest_texts() -> list[str]:
    return [io.dump(io.load(json.dumps(one)))[:20_000] for one in manifests()[:4]]


@target("manifest-yaml", lambda random: mutated_text(random, random.choice(manifest_texts())), ci=60)
def manifest_yaml(text: str) -> None:
    io.load(text)


YAML = [
    "a: 1\nb: [x, 'y', \"z\\n\"]\nc: &d {e: |\n  f\n}\ng: *d\n<<: *d\n",
    "- ? a\n  : b\n- !!set {x}\n- 2026-01-31\n- 0x1f\n",
]


@target("yaml", lambda random: mutated_text(random, random.choice(YAML)), ci=1000)
def yaml_text(text: str) -> None:
    read_yaml(text)
