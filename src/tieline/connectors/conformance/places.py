"""What stands in the places of a path: ``/things/{id}`` and ``/things/7`` give ``7``.

Whoever imports a manifest chooses its paths, so no regular expression is made of them: one of many places side by side
takes longer than anybody waits, and nothing else in the process goes on meanwhile. This takes as long as the two texts
multiplied, at most.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

PLACE: Final = "\0"

Spellings = Callable[[str], Sequence[str]]


def plain(text: str) -> Sequence[str]:
    """A text that is spelled one way."""
    return (text,)


def in_path(template: str, path: str, spellings: Spellings = plain) -> list[str] | None:
    """What stands in the path where the template has `PLACE`; None where the path is of another form.

    No value has a slash in it. Where there is more than one reading, the first places have as much as they can.
    ``spellings`` says in which ways what is between the places may be written.
    """
    wanted, given = template.split("/"), path.split("/")
    if len(wanted) != len(given):
        return None
    found: list[str] = []
    for segment, text in zip(wanted, given, strict=True):
        values = _in_segment(segment.split(PLACE), text, spellings)
        if values is None:
            return None
        found += values
    return found


def _in_segment(pieces: Sequence[str], text: str, spellings: Spellings) -> list[str] | None:
    """From the end: each piece where it comes last, so that what is in front of it gets the most."""
    begin = next((len(one) for one in spellings(pieces[0]) if text.startswith(one)), None)
    if begin is None:
        return None
    if len(pieces) == 1:
        return [] if text in spellings(pieces[0]) else None
    end = next((len(text) - len(one) for one in spellings(pieces[-1]) if text.endswith(one)), None)
    if end is None or end < begin:
        return None
    values: list[str] = []
    for piece in reversed(pieces[1:-1]):
        at, length = max((text.rfind(one, begin, end), len(one)) for one in spellings(piece))
        if at < 0:
            return None
        values.append(text[at + length : end])
        end = at
    return [text[begin:end], *reversed(values)]
