"""The part of docs/reference/cli.md that tells of these commands: a heading for each, as a test asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tieline.server.cli.resources.groups import GROUPS
from tieline.server.cli.resources.naming import flags, kebab, one_of

BEGIN = "<!-- Made by `python -m tieline.server.cli.resources.describe`; do not edit. -->\n"
END = "\n<!-- End of what is made. -->\n"


def documented(page: str, described: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """The page with the part between the marks written anew."""
    before, _, rest = page.partition(BEGIN)
    return before + BEGIN + "".join(_parts(described)) + END + rest.partition(END)[2]


def _parts(described: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Iterator[str]:
    for group, verbs in described.items():
        for verb, told in verbs.items():
            words = f"tieline {group} {verb}"
            places = [one_of(group) if one["name"] == "id" else kebab(one["name"]) for one in told["path_params"]]
            usage = " ".join([words, *(place.upper().replace("-", "_") for place in places)])
            whose = GROUPS[group].help if verb == next(iter(verbs)) else ""
            yield f"\n## {words}\n\n"
            yield f"{whose} " if whose else ""
            yield f"`{usage}`: {_small(told['summary'])}. `{told['method']} {told['path']}`.{_options(group, told)}\n"


def _options(group: str, told: Mapping[str, Any]) -> str:
    fields = [*told["options"], *told.get("body", {}).get("fields", ())]
    names = dict.fromkeys(flags(field, group)[0].partition("/")[0] for field in fields)
    return f" Options: {', '.join(f'`{name}`' for name in names)}." if names else ""


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]
