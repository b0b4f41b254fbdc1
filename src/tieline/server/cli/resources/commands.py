"""The commands of one group, made from the description of its operations."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Annotated, Any, Literal

import typer

from tieline.server.cli.resources.describe import FILE
from tieline.server.cli.resources.groups import GROUPS
from tieline.server.cli.resources.naming import flags, kebab, one_of, value_of

Described = Mapping[str, Any]
Parameters = dict[str, inspect.Parameter]


@lru_cache(maxsize=1)
def operations() -> dict[str, dict[str, Described]]:
    """Group -> verb -> what is known of the operation."""
    found: dict[str, dict[str, Described]] = json.loads(FILE.read_bytes())
    return found


def attach(group: str, to: typer.Typer) -> None:
    """Adds the group's commands to ``to``, but for those that it has already."""
    inner: dict[str, typer.Typer] = {}
    for verb, told in operations()[group].items():
        *outer, name = verb.split(" ")
        where = to
        if outer:
            where = inner.get(outer[0]) or _found(to, outer[0])
            inner[outer[0]] = where
        if name not in _names(where):
            where.command(name)(_command(group, told))


def new_group(help: str) -> typer.Typer:
    return typer.Typer(no_args_is_help=True, help=help)


def _found(to: typer.Typer, name: str) -> typer.Typer:
    for info in to.registered_groups:
        if info.name == name and info.typer_instance is not None:
            return info.typer_instance
    made = new_group(f"{name.replace('-', ' ').capitalize()}.")
    to.add_typer(made, name=name)
    return made


def _names(where: typer.Typer) -> set[str]:
    return {info.name or kebab(getattr(info.callback, "__name__", "")) for info in where.registered_commands}


def _command(group: str, told: Described) -> Any:
    """A function with the signature that typer makes arguments and options of."""
    parameters: Parameters = {}
    spoken: set[str] = set()
    for path in told["path_params"]:
        # The segment before names what the id is of: `{id}` of web-integrations is a web integration.
        shown = one_of(group) if path["name"] == "id" else kebab(path["name"])
        argument = typer.Argument(metavar=shown.upper().replace("-", "_"), help=path["help"], show_default=False)
        _add(parameters, f"path_{kebab(path['name'])}", Annotated[str, argument], inspect.Parameter.empty)
    for place, field in _fields(told):
        if place == "body" and flags(field, group)[0] in spoken:
            continue
        spoken.add(flags(field, group)[0])
        _add(parameters, f"{place}_{kebab(field['name'])}", _annotation(field, group), None)
    for name, annotation, default in _common(told):
        _add(parameters, name, annotation, default)

    def run(**given: Any) -> None:
        from tieline.server.cli.resources.running import run_operation

        run_operation(group, told, _read(told, group, given), given)

    run.__doc__ = told["summary"] + "."
    run.__name__ = "run"
    run.__signature__ = inspect.Signature(list(parameters.values()))  # type: ignore[attr-defined]
    run.__annotations__ = {name: one.annotation for name, one in parameters.items()}
    return run


def _fields(told: Described) -> Iterator[tuple[str, Described]]:
    for option in told["options"]:
        yield "option", option
    for field in told.get("body", {}).get("fields", ()):
        yield "body", field


def _annotation(field: Described, group: str) -> Any:
    """The type that typer knows for the field; JSON, dates and moments are texts until they are read."""
    kinds: dict[str, Any] = {"integer": int, "number": float, "boolean": bool}
    kind = kinds.get(field["type"], str)
    metavar = {"json": "JSON", "date": "DATE", "date-time": "DATE-TIME"}.get(field["type"])
    if field.get("choices") and field["type"] == "string":
        if field.get("many"):
            metavar = "|".join(field["choices"])  # typer takes no choices in a list; `value_of` holds them
        else:
            kind = Literal[tuple(field["choices"])]
    if field["name"] == "sort":
        metavar = "FIELD"  # there are many, each with its sign; a wrong one is answered with the list
    help_ = field["help"] + (" May be repeated." if field.get("many") else "")
    option = typer.Option(*flags(field, group), help=help_.strip() or None, metavar=metavar, show_default=False)
    # Types that are only known now: mypy has no word for them.
    given: Any = list[kind] if field.get("many") else kind  # type: ignore[valid-type]
    return Annotated[given | None, option]


def _common(told: Described) -> Iterator[tuple[str, Any, Any]]:
    texts = list[str] | None
    body = told.get("body")
    if body:
        whole = typer.Option("--data", metavar="JSON|@FILE|-", help="The whole body.", show_default=False)
        yield "data", Annotated[str | None, whole], None
        what = "A field to replace" if body.get("patch") else "A field, also within: a.b=1"
        one = typer.Option("--set", metavar="NAME=VALUE", help=f"{what}. May be repeated.", show_default=False)
        yield "sets", Annotated[texts, one], None
        if "add" in body.get("ops", ()):
            adding = typer.Option("--add", metavar="NAME=VALUE", help="A field to add to.", show_default=False)
            yield "adds", Annotated[texts, adding], None
        if "remove" in body.get("ops", ()):
            going = typer.Option("--remove", metavar="NAME", help="A field to take away.", show_default=False)
            yield "removes", Annotated[texts, going], None
    if "list" in told:
        limit = typer.Option("--limit", min=1, help="At most so many.", show_default=False)
        yield "limit", Annotated[int | None, limit], None
        yield "everything", Annotated[bool, typer.Option("--all", help="All, however many there are.")], False
    if told["method"] == "DELETE":
        yield "yes", Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")], False
    yield "as_json", Annotated[bool, typer.Option("--json", help="Print JSON for machines.")], False
    address = typer.Option("--url", help="Address of the server; else TIELINE_URL, else the local one.")
    yield "url", Annotated[str | None, address], None
    if told.get("partner"):
        yield (
            "app_id",
            Annotated[str | None, typer.Option("--app-id", help="Partner's app id; else TIELINE_APP_ID.")],
            None,
        )
        secret = typer.Option("--partner-key", help="Partner's key; else TIELINE_PARTNER_KEY.")
        yield "partner_key", Annotated[str | None, secret], None
    else:
        key = typer.Option("--api-key", help="API key; else TIELINE_API_KEY, else the local admin key.")
        yield "api_key", Annotated[str | None, key], None


def _read(told: Described, group: str, given: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The answers by place (``path``, ``option``, ``body``) and by the name that the document has for them."""
    read: dict[str, dict[str, Any]] = {"path": {}, "option": {}, "body": {}}
    for path in told["path_params"]:
        read["path"][path["name"]] = given[_python(f"path_{kebab(path['name'])}")]
    for place, field in _fields(told):
        value = given.get(_python(f"{place}_{kebab(field['name'])}"))
        if value is None or value == []:
            continue
        option = flags(field, group)[0].partition("/")[0]
        read[place][field["name"]] = (
            [_typed(one, field, option) for one in value] if field.get("many") else _typed(value, field, option)
        )
    return read


def _typed(value: Any, field: Described, option: str) -> Any:
    if not isinstance(value, str):
        return value
    if field["type"] == "json" and (value == "-" or value.startswith("@")):
        from tieline.server.cli.resources.naming import json_of

        return json_of(value, option)
    return value_of(value, field, option)


def _add(parameters: Parameters, name: str, annotation: Any, default: Any) -> None:
    key = _python(name)
    parameters[key] = inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _python(name: str) -> str:
    return sys.intern(name.replace("-", "_"))


__all__ = ["GROUPS", "attach", "new_group", "operations"]
