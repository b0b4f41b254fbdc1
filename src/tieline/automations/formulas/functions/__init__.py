"""The library of functions, by theme. Importing this package registers all of them."""

from tieline.automations.formulas.functions import (
    calendar,
    dates,
    encoding,
    json_,
    lists,
    logic,
    math,
    numbers,
    patterns,
    records,
    run,
    text,
    words,
)

__all__ = [
    "calendar",
    "dates",
    "encoding",
    "json_",
    "lists",
    "logic",
    "math",
    "numbers",
    "patterns",
    "records",
    "run",
    "text",
    "words",
]
