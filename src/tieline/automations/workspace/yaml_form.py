"""Automations as YAML that people read, compare and merge.

    text = to_yaml(document)          # steps as a tree, inputs as a map
    document == from_yaml(text)       # exactly, for every document

What a person does not want to read (where blocks stand on the canvas, what an editor notes about inputs) is kept under
``detail`` at the end of the file. It is sought by the ids of the blocks, so that steps may be moved, added and removed
by hand; a step without an id gets one from its place, the same at each import.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tieline.automations.workspace.fields import same
from tieline.automations.workspace.yaml_parts import FORMAT
from tieline.automations.workspace.yaml_read import document_of
from tieline.automations.workspace.yaml_text import Source, write
from tieline.automations.workspace.yaml_write import form_of
from tieline.core.errors import BadInput

ABOUT = ("name", "description", "schedules", "settings", "follows")


@dataclass(frozen=True, slots=True)
class AutomationFile:
    """A file's workspace, and what the file says ``about`` the automation (`ABOUT`)."""

    workspace: Any
    about: dict[str, Any] = field(default_factory=dict)


def to_yaml(document: Any, about: Mapping[str, Any] | None = None) -> str:
    """The YAML form of a JSON value; of anything but a workspace it holds the value itself. Raises `BadInput` for
    what is not JSON.
    """
    head = {"automation": FORMAT, **{name: value for name, value in (about or {}).items() if name in ABOUT}}
    for form in (form_of, lambda given: {"document": given}):
        try:
            text = write({**head, **form(document)})
            found = read_file(text)
        except (RecursionError, BadInput, ValueError, OverflowError):
            continue
        if same(found.workspace, document) and same(found.about, {n: v for n, v in head.items() if n in ABOUT}):
            return text
    # Halves of surrogate pairs and what is nested too deep have no form in YAML.
    try:
        return write({**head, "json": json.dumps(document)})
    except (TypeError, ValueError, RecursionError):
        raise BadInput("the workspace is not JSON; it cannot be written") from None


def from_yaml(text: str) -> Any:
    """The workspace document of a file. Raises `BadInput` with line, column and field."""
    return read_file(text).workspace


def read_file(text: str) -> AutomationFile:
    """A file's workspace and the rest. Raises `BadInput` with line, column and field."""
    source = Source(text)
    data = source.data
    about = {}
    if isinstance(data, dict):
        about = {name: data[name] for name in ABOUT if name in data}
        for name, kind in (("name", str), ("description", str), ("schedules", list), ("settings", dict)):
            if name in about and not isinstance(about[name], kind):
                words = {str: "a text; quote it", list: "a list", dict: "an object"}
                source.fail(data, name, f"{name} must be {words[kind]}")
        if "json" in data:
            try:
                return AutomationFile(json.loads(data["json"]), about)
            except (TypeError, ValueError, RecursionError):
                source.fail(data, "json", "json must be a text that holds JSON")
    return AutomationFile(document_of(source), about)
