"""``tieline automations import``, ``export`` and ``diff``: automations as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from tieline.core.errors import BadInput
from tieline.server.cli.automations_commands import PATH, automations, find, whole
from tieline.server.cli.common import AsJson, Key, Url, on_server, read_document, say, say_json, write_new

if TYPE_CHECKING:
    from tieline.automations.workspace.yaml_form import AutomationFile
    from tieline.server.cli.api import Api

Format = Literal["json", "yaml"]
# What a schedule is made of; an answer says more of it.
_SCHEDULE = ("startAt", "stopAt", "interval", "timezone", "recurrence", "misfire")
_SETTINGS = ("maxConcurrentRuns", "priority")


@automations.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A workspace document, an export, or our YAML; - for standard input.")],
    name: Annotated[str | None, typer.Option("--name", help="What the automation is to be called.")] = None,
    into: Annotated[str | None, typer.Option("--into", help="Save it as a new version of this automation.")] = None,
    form: Annotated[Format | None, typer.Option("--format", help="json or yaml; else by the content.")] = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """Make an automation of a file and say what needs attention."""
    from msgspec import Raw

    found = read_file(file, form)
    body: dict[str, Any] = {key: value for key, value in found.about.items() if key != "settings"}
    body |= {key: value for key, value in found.about.get("settings", {}).items() if key in _SETTINGS}
    body["workspace"] = Raw(json.dumps(found.workspace).encode())  # to the last digit
    if name is not None:
        body["name"] = name
    elif into is None and not body.get("name"):
        body["name"] = file.stem if str(file) != "-" else "Imported automation"

    async def work(api: Api) -> dict[str, Any]:
        if into is None:
            made: dict[str, Any] = await api.call("POST", PATH, body)
        else:
            made = await api.call("PUT", f"{PATH}/{(await find(api, into))['id']}", body)
        return made

    made = on_server(url, api_key, work)
    report = made.get("importReport", {})
    if as_json:
        say_json({"id": made["id"], "name": made["name"], "version": made.get("version"), **report})
        return
    say(f"{made['name']}: {report.get('blocks', 0)} blocks, id {made['id']}")
    for line in report_lines(report):
        say(f"  {line}")


@automations.command()
def export(
    name: str,
    form: Annotated[Format | None, typer.Option("--format", help="json, or yaml for git.")] = None,
    version: Annotated[int | None, typer.Option("--version", min=1, help="An older version.")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write to this file.")] = None,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """Print an automation's workspace document as it was saved, or the automation as YAML."""
    from tieline.automations.workspace.yaml_form import to_yaml

    found = on_server(url, api_key, lambda api: _version(api, name, version))
    workspace = found.get("workspace", {})
    if form == "yaml" or (form is None and output is not None and output.suffix.lower() in (".yaml", ".yml")):
        text = to_yaml(workspace, about_of(found))
    else:
        text = json.dumps(workspace, ensure_ascii=False, indent=2) + "\n"
    if output is None:
        say(text.removesuffix("\n"))
    else:
        write_new(output, text)


@automations.command()
def diff(
    old: Annotated[str, typer.Argument(help="A file, an automation, or ID@VERSION.")],
    new: Annotated[str, typer.Argument(help="The same.")],
    layout: Annotated[bool, typer.Option("--layout", help="Also where blocks stand on the canvas.")] = False,
    as_json: AsJson = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """Say what changed between two automations, versions or files."""
    from tieline.automations.workspace.diff import compare

    sides: list[Any] = [_document(side) for side in (old, new)]
    if None in sides:

        async def work(api: Api) -> list[Any]:
            return [
                side if side is not None else (await _named(api, name)).get("workspace", {})
                for side, name in zip(sides, (old, new), strict=True)
            ]

        sides = on_server(url, api_key, work)
    changes = compare(*sides, layout=layout)
    if as_json:
        say_json([change.as_dict() for change in changes])
        return
    for change in changes:
        say(change.text())
    if not changes:
        say("no difference")


def read_file(path: Path, form: str | None = None) -> AutomationFile:
    """An automation's file, in whatever form. Raises `BadInput` that names the file and the place of the fault."""
    from tieline.automations.workspace import yaml_form

    try:
        text = read_document(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput(f"{path} is not text in UTF-8; save it as such") from None
    if (form or _form(text)) == "yaml":
        try:
            found = yaml_form.read_file(text)
        except BadInput as error:
            raise BadInput(f"{path}: {error.detail}") from None
    else:
        try:
            found = _unwrapped(json.loads(text))
        except (ValueError, RecursionError) as error:
            raise BadInput(f"{path} is not JSON: {error}") from None
    if not isinstance(found.workspace, dict) or not isinstance(found.workspace.get("blocks"), list):
        raise BadInput(f"{path} is no workspace document: it must be an object with a list “blocks”")
    return found


def _form(text: str) -> str:
    return "json" if text.lstrip()[:1] in ("{", "[", "") else "yaml"


def _unwrapped(content: Any) -> AutomationFile:
    """The workspace inside what exports and answers put around it."""
    from tieline.automations.workspace.yaml_form import AutomationFile

    around: dict[str, Any] = {}
    for _ in range(5):
        if isinstance(content, str):
            content = json.loads(content)
        if not isinstance(content, dict) or isinstance(content.get("blocks"), list):
            break
        inner = next((content[key] for key in ("workspace", "automation", "data") if content.get(key)), None)
        if inner is None:
            break
        around, content = content, inner
    return AutomationFile(content, about_of(around, follows=False))


def about_of(answer: dict[str, Any], *, follows: bool = True) -> dict[str, Any]:
    """What a file says about an automation besides its workspace, from the answer of the API."""
    about: dict[str, Any] = {}
    for name in ("name", "description"):
        if isinstance(answer.get(name), str) and answer[name]:
            about[name] = answer[name]
    schedules = answer.get("schedules")
    if isinstance(schedules, list) and schedules:
        about["schedules"] = [
            {name: one[name] for name in _SCHEDULE if one.get(name)} for one in schedules if isinstance(one, dict)
        ]
    settings = {name: answer[name] for name in _SETTINGS if name in answer}
    if settings:
        about["settings"] = settings
    if follows and answer.get("follows"):
        about["follows"] = answer["follows"]
    return about


def report_lines(report: dict[str, Any]) -> list[str]:
    """An import report, a line for each finding."""
    lines = [f"bound    block “{one['block']}” uses connection {one['connection']}" for one in report.get("bound", [])]
    groups: dict[str, list[dict[str, Any]]] = {}
    for one in report.get("unbound", []):
        groups.setdefault(one["connector"], []).append(one)
    for connector, several in groups.items():
        lines.append(f"unbound  connector {connector}: {len(several)} block{'' if len(several) == 1 else 's'}")
        lines += [f"         {one.get('detail') or one['block']}" for one in several]
    for one in report.get("unknown", []):
        lines.append(f"unknown  block “{one['block']}” is of type {one['type']}; it is kept, but cannot run")
    for kind, findings in (("error", report.get("errors", [])), ("note", report.get("warnings", []))):
        for one in findings:
            position = one.get("position")
            place = f" (character {position})" if isinstance(position, int) and "character" not in one["detail"] else ""
            lines.append(f"{kind:8} {one.get('block') or 'workspace'}: {one['detail']}{place}")
    lines += [f"disabled block “{one['block']}”" for one in report.get("disabled", [])]
    return lines


def _document(given: str) -> Any:
    """The workspace of a file; None for what is no file."""
    path = Path(given)
    if given == "-" or path.is_file():
        return read_file(path).workspace
    if path.suffix.lower() in (".json", ".yaml", ".yml"):
        raise BadInput(f"{given} cannot be read; name a file that exists")
    return None


async def _named(api: Api, name: str) -> dict[str, Any]:
    automation, _, version = name.rpartition("@")
    if automation and version.isascii() and version.isdigit() and int(version) > 0:
        return await _version(api, automation, int(version))
    return await whole(api, name)


async def _version(api: Api, name: str, version: int | None) -> dict[str, Any]:
    """An automation, with the workspace of a version."""
    found = await whole(api, name)
    if version is not None:
        older = await api.call("GET", f"{PATH}/{found['id']}/versions/{version}")
        found["workspace"] = older["workspace"]
    return found
