"""YAML as text: read with the place of everything, written for people to read.

Reading goes by the events of libyaml: nothing is constructed but plain data, nesting and values are counted, and
anchors, aliases and tags are refused, so that no text stands for more than itself. Scalars follow the core schema of
YAML 1.2 (section 10.3): ``no``, ``2026-01-31``, ``12:30`` and ``=`` are text, and every key is text.
"""

from __future__ import annotations

import re
from typing import Any, NoReturn

from tieline.core.errors import BadInput

MAX_CHARACTERS = 32 * 2**20
MAX_DEPTH = 400
MAX_VALUES = 2_000_000
MAX_DIGITS = 4000  # of a whole number

_WORDS: dict[str, Any] = {"": None, "~": None, "null": None, "true": True, "false": False}
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)\Z")  # 012 is text
_FLOAT = re.compile(r"-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?\Z")
# A text that reads well as a block scalar, and comes back from it as it was.
_BLOCK = re.compile(
    r"[^\s\x00-\x1f](?:[\t\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010fffd]|\n)*\Z"
)
_TRAILING = re.compile(r"[\t ](?:\n|\Z)")
_PLAIN = re.compile(r"[\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010fffd]*\Z")


class Flow(dict[str, Any]):
    """An object that is written on one line."""


class Source:
    """Data that was read, and where each part of it stands."""

    def __init__(self, text: str) -> None:
        self._places: dict[tuple[int, str], tuple[int, int]] = {}
        self.data: Any = None
        self.data = self._read(text)

    def fail(self, container: Any, key: str | int | None, detail: str) -> NoReturn:
        """Raises `BadInput` that names the line and column of an entry of a list or object."""
        place = self._places.get((id(container), "" if key is None else f".{key}")) or self._places.get(
            (id(container), "")
        )
        where = f"line {place[0]}, column {place[1]}: " if place else ""
        raise BadInput(f"{where}{detail}")

    def _read(self, text: str) -> Any:
        import yaml

        if len(text) > MAX_CHARACTERS:
            raise BadInput(f"the YAML has {len(text):,} characters; at most {MAX_CHARACTERS:,} can be read")
        try:
            return self._build(yaml.parse(text, Loader=yaml.CSafeLoader))
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
            raise BadInput(f"{where}this is not YAML: {error.problem or error.context}") from None
        except yaml.reader.ReaderError as error:
            before = text[: error.position]
            line, column = before.count("\n") + 1, error.position - before.rfind("\n")
            raise BadInput(f"line {line}, column {column}: this is not YAML: {error.reason}") from None
        except yaml.YAMLError as error:
            raise BadInput(f"this is not YAML: {error}") from None
        except UnicodeEncodeError:
            raise BadInput("the YAML holds half of a surrogate pair; write the whole character") from None

    def _build(self, events: Any) -> Any:
        import yaml

        stack: list[tuple[Any, list[str]]] = []  # container, and the key that waits for its value
        result: Any = None
        values = documents = 0
        for event in events:
            kind = type(event)
            if kind is yaml.DocumentStartEvent:
                documents += 1
                if documents > 1:
                    self._refuse(event, "there is a second document; put each automation into a file of its own")
                continue
            if kind is yaml.AliasEvent or getattr(event, "anchor", None):
                self._refuse(event, "anchors and aliases are not read; write the value where it is meant")
            if kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                stack.pop()
                continue
            if kind is yaml.ScalarEvent:
                value = self._scalar(event)
            elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                if event.tag:
                    self._refuse(event, f"the tag {event.tag[:40]} is not read; remove it")
                value = {} if kind is yaml.MappingStartEvent else []
                self._places[id(value), ""] = event.start_mark.line + 1, event.start_mark.column + 1
            else:
                continue
            values += 1
            if values > MAX_VALUES:
                self._refuse(event, f"there are more than {MAX_VALUES:,} values; split the automation")
            if not stack:
                result = value
            else:
                self._put(event, *stack[-1], value)
            if isinstance(value, (dict, list)):
                if len(stack) >= MAX_DEPTH:
                    self._refuse(event, f"it is nested deeper than {MAX_DEPTH} levels")
                stack.append((value, []))
        return result

    def _put(self, event: Any, container: Any, waiting: list[str], value: Any) -> None:
        place = event.start_mark.line + 1, event.start_mark.column + 1
        if isinstance(container, list):
            self._places[id(container), f".{len(container)}"] = place
            container.append(value)
        elif waiting:
            container[waiting.pop()] = value
        else:
            if isinstance(value, (dict, list)):
                self._refuse(event, "the name of a field has to be a text")
            key = event.value
            if key in container:
                self._refuse(event, f"the field “{key[:80]}” is given twice")
            self._places[id(container), f".{key}"] = place
            container[key] = None
            waiting.append(key)

    def _scalar(self, event: Any) -> Any:
        text: str = event.value
        if event.tag and event.tag not in ("!", "tag:yaml.org,2002:str"):
            self._refuse(event, f"the tag {event.tag[:40]} is not read; remove it")
        if event.style or event.tag:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _INTEGER.match(text) and len(text) <= MAX_DIGITS:
            return int(text)
        if _FLOAT.match(text) and abs(found := float(text)) != float("inf"):
            return found
        return text

    @staticmethod
    def _refuse(event: Any, detail: str) -> NoReturn:
        mark = event.start_mark
        raise BadInput(f"line {mark.line + 1}, column {mark.column + 1}: {detail}")


def write(data: Any) -> str:
    """YAML that `Source` reads back to the same, and that other readers of YAML understand."""
    import yaml

    class Dumper(yaml.CSafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

    def text(dumper: Any, value: str) -> Any:
        style: str | None
        if "\n" in value and _BLOCK.match(value) and not _TRAILING.search(value):
            style = "|"
        else:
            style = None if _PLAIN.match(value) else '"'
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    def number(dumper: Any, value: float) -> Any:
        shown = repr(value)
        if "e" in shown and "." not in shown:
            shown = shown.replace("e", ".0e", 1)  # a number for YAML 1.1 too
        return dumper.represent_scalar("tag:yaml.org,2002:float", shown)

    # What this reader takes for a number, and YAML 1.1 for text, is quoted.
    Dumper.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-0123456789."))
    Dumper.add_representer(str, text)
    Dumper.add_representer(float, number)
    Dumper.add_representer(Flow, lambda dumper, value: dumper.represent_mapping("tag:yaml.org,2002:map", value, True))
    written: str = yaml.dump(
        data, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=1_000_000, default_flow_style=False
    )
    return written
