"""Paths of files, the same for every storage: names joined by "/", from the connection's root folder.

A path is refused, never repaired, when a storage could read it differently from us: ``..``, control characters (which
would be commands of FTP), half surrogate pairs, characters that Unicode compatibility turns into a dot or a slash.
"""

from __future__ import annotations

import unicodedata
from typing import Any

from tieline.connectors.files.errors import FilePathInvalid

LONGEST_PATH = 1024  # bytes of UTF-8: what S3 allows (keys), and far below PATH_MAX
LONGEST_NAME = 255  # bytes: what file systems allow
PART_MARK = ".tieline-"  # our own unfinished files begin so; they are never listed


def clean(path: Any, what: str = "path") -> str:
    """A path without slashes at its ends and without empty or "." names; "" is the root. Raises `FilePathInvalid`."""
    if path is None:
        return ""
    if not isinstance(path, str):
        raise FilePathInvalid(f"{what} must be a text, not {type(path).__name__}")
    try:
        size = len(path.encode())
    except UnicodeEncodeError:
        raise FilePathInvalid(f"{what} holds half of a surrogate pair; remove it") from None
    if size > LONGEST_PATH:
        raise FilePathInvalid(f"{what} has {size} bytes; at most {LONGEST_PATH} are allowed")
    names = [name for name in path.split("/") if name not in ("", ".")]
    for name in names:
        _check(name, what)
    return "/".join(names)


def named(path: Any, what: str = "path") -> str:
    """As `clean`, but not the root: something that can be a file."""
    found = clean(path, what)
    if not found:
        raise FilePathInvalid(f"{what} is empty; name a file")
    return found


def joined(folder: str, path: str) -> str:
    """A cleaned path below a cleaned folder."""
    return f"{folder}/{path}" if folder and path else folder or path


def parent(path: str) -> str:
    """The folder that a cleaned path is in."""
    return path.rpartition("/")[0]


def name_of(path: str) -> str:
    """The last name of a cleaned path."""
    return path.rpartition("/")[2]


def _check(name: str, what: str) -> None:
    if any(unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp") for character in name):
        raise FilePathInvalid(f"{what} holds a control or invisible character; remove it")
    folded = unicodedata.normalize("NFKC", name)
    if folded.strip(". ") == "" or (folded != name and ("/" in folded or "\\" in folded)):
        raise FilePathInvalid(f"{what} holds {name[:20]!r}, which could lead to another folder; write the path plainly")
    if "\\" in name:
        raise FilePathInvalid(f"{what} holds a backslash; separate folders with '/'")
    if len(name.encode()) > LONGEST_NAME:
        raise FilePathInvalid(f"{what} has a name of {len(name.encode())} bytes; at most {LONGEST_NAME} are allowed")
    if name.startswith(PART_MARK):
        raise FilePathInvalid(f"{what} has a name that begins with {PART_MARK!r}, which unfinished files have")
