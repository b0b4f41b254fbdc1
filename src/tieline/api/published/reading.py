"""The whole API as the page about everything shows it.

Redoc works out every answer of every operation before it shows the first: some hundred operations with ten answers
each take a minute. So this page has each operation once, under the path to prefer, and its errors by name; the pages of
the families have everything.
"""

from __future__ import annotations

from typing import Any


def for_reading(whole: dict[str, Any]) -> dict[str, Any]:
    """The document of everything, without twins and without the bodies of errors."""
    paths = {
        path: {
            method: _short(operation) for method, operation in item.items() if "x-tieline-preferred" not in operation
        }
        for path, item in whole["paths"].items()
    }
    told = {tag for item in paths.values() for operation in item.values() for tag in operation["tags"]}
    return {
        **whole,
        "paths": {path: item for path, item in paths.items() if item},
        "tags": [tag for tag in whole["tags"] if tag["name"] in told],
    }


def _short(operation: dict[str, Any]) -> dict[str, Any]:
    answers = {
        status: answer if status < "400" else {"description": answer["description"]}
        for status, answer in operation["responses"].items()
    }
    return {**operation, "responses": answers}
