"""Variables of a collection (``{{name}}``): where they may stand, which scope wins, which are secret.

From wide to narrow: globals, collection, folder, environment. The environment wins, as in Postman itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from tieline.connectors.importers.formats.postman.secrets import Secrets
from tieline.connectors.importers.values import mapping, sequence, text
from tieline.security.redact import looks_secret

VARIABLE = re.compile(r"\{\{([^{}]{1,200})\}\}")
_MAX_VARIABLES = 5_000
_MAX_NESTED = 5
_LONGEST = 2_000


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable; the value of a secret one is forgotten when it is read."""

    value: str
    secret: bool = False
    description: str = ""


class Scope:
    """The variables that count in one place."""

    __slots__ = ("environment", "own")

    def __init__(self, own: dict[str, Variable], environment: dict[str, Variable]) -> None:
        self.own = own
        self.environment = environment

    def inner(self, declared: Any, secrets: Secrets) -> Scope:
        """The scope of a folder or request that declares more variables."""
        more = read_variables(declared, secrets)
        return Scope({**self.own, **more}, self.environment) if more else self

    def get(self, name: str) -> Variable | None:
        """The variable of that name; an empty value in a narrow scope does not hide a full one in a wide scope."""
        name = name.strip()
        narrow, wide = self.environment.get(name), self.own.get(name)
        return narrow if narrow is not None and (narrow.value or narrow.secret or wide is None) else wide

    def value(self, name: str) -> str:
        """The value of a variable with the variables in it filled in, "" for a secret or unknown one."""
        found = self.get(name)
        return self.fill(found.value) if found is not None and not found.secret else ""

    def fill(self, given: str, depth: int = 0) -> str:
        """``given`` with everything filled in that is known and not secret; the rest stays as it is."""
        if depth >= _MAX_NESTED or "{{" not in given:
            return given

        def put(match: re.Match[str]) -> str:
            found = self.get(match[1])
            return found.value if found is not None and found.value and not found.secret else match[0]

        filled = VARIABLE.sub(put, given)
        return self.fill(filled[: _LONGEST * 10], depth + 1) if filled != given else filled


def read_variables(declared: Any, secrets: Secrets) -> dict[str, Variable]:
    """Variables of a collection, folder or environment: a list of {key, value, type}, in version 1 also a mapping."""
    if isinstance(declared, dict):
        declared = [{"key": key, "value": value} for key, value in declared.items()]
    found: dict[str, Variable] = {}
    for one in sequence(declared)[:_MAX_VARIABLES]:
        one = mapping(one)
        name = text(one.get("key") or one.get("id") or one.get("name"), 200)
        if not name or one.get("disabled") is True or one.get("enabled") is False:
            continue
        given = one.get("value")
        value = text(given, _LONGEST) if not isinstance(given, bool) else str(given).lower()
        secret = text(one.get("type"), 20).lower() == "secret" or looks_secret(name)
        if secret:
            secrets.learn(value)
            value = ""
        elif value and not secrets.shows(name, value) and not value.startswith(("http://", "https://")):
            secret, value = True, ""
        found[name] = Variable(value, secret, said(one.get("description"), 500))
    return found


def only(given: str) -> str:
    """The name of the variable that ``given`` is, "" where there is more or nothing to it."""
    match = VARIABLE.fullmatch(given.strip())
    return match[1].strip() if match else ""


def said(node: Any, limit: int = 10_000) -> str:
    """A description: text, or a mapping with the text in ``content``."""
    return text(mapping(node).get("content"), limit) if isinstance(node, dict) else text(node, limit)
