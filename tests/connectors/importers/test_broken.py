"""Documents with slips in them: what can only be meant one way is mended, and the line is named."""

from __future__ import annotations

import pytest

from tieline.connectors.importers import report
from tieline.connectors.importers.reading import read_document
from tieline.connectors.manifest.errors import UnreadableDocument

JSON = '{"openapi":"3.0.0",\n"info":{"title":"x","version":"1"},\n"paths":{"/a":{"get":{"responses":{}}}}}'
YAML = 'openapi: 3.0.0\ninfo:\n  title: x\n  version: "1"\npaths:\n  /a:\n    get:\n      responses: {}\n'


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (JSON.replace('"1"},', '"1"}'), "line 3, column 1"),
        (JSON.replace("{}}}}}", "{},}}}}"), "line 3"),
        (JSON.replace('"info"', '// said\n"info"'), "line 2, column 1"),
        (JSON.replace('"info"', "info"), "line 2, column 1"),
        (JSON.replace('"version":"1"', '"version":"1","version":"2"'), "line 2, column 35"),
        (JSON.replace('"x"', '"\\ud800"'), "line 2, column 18"),
        (JSON + ";", "line 3, column 41"),
        ("var spec = " + JSON + ";\n", "line 1, column 1"),
        ("module.exports = " + JSON, "line 1, column 1"),
        ("callback(" + JSON + ");", "line 1, column 1"),
        (YAML.replace("title: x", "title: Shop: the API"), "line 3"),
        (YAML.replace("title: x", "title: @shop # really"), "line 3"),
        (YAML.replace("title: x", "title: %x"), "line 3"),
        (YAML.replace("title: x", "title:\u00a0x"), "line 3"),
        (YAML.replace("paths", "\t\npaths"), "line 5"),
        (YAML.replace("  version", "  version: '0'\n  version"), "line 5"),
    ],
    ids=[
        *("comma", "trailing", "comment", "unquoted", "twice", "surrogate", "semicolon", "var", "module", "jsonp"),
        *("colon", "at", "percent", "no-break", "tab", "yaml-twice"),
    ],
)
def test_a_certain_repair_names_its_line(text: str, place: str) -> None:
    found = report(text.encode())
    assert found["ok"], found
    assert [one for one in found["warnings"] if one.startswith(place)], found["warnings"]
    assert sum(found["blocks"].values()) == 1


def test_what_was_mended_is_what_was_meant() -> None:
    text = YAML.replace("title: x", "title: It's: here # yes")
    assert read_document(text.encode()).data["info"]["title"] == "It's: here"
    assert read_document(b"var a = {b: 1, $c: [true, null]};").data == {"b": 1, "$c": [True, None]}


def test_lines_are_those_of_the_file_behind_javascript_too() -> None:
    with pytest.raises(UnreadableDocument) as caught:
        read_document(b'module.exports = {\n"a": 1,\n"b": @}')
    assert caught.value.line == 3


@pytest.mark.parametrize(
    "text",
    [
        YAML.replace("  title", "\ttitle"),
        YAML.replace("responses: {}", "responses: {a: [1,}"),
        YAML.replace("title: x", "title: *nothing"),
        YAML.replace("  version", " version"),
        JSON + JSON,
        JSON[:-10],
        JSON.replace('"x"', '"x'),
        "f(" * 1000 + "{}",
    ],
    ids=["tab", "flow", "alias", "indent", "two", "cut", "quote", "calls"],
)
def test_what_could_mean_several_things_is_refused(text: str) -> None:
    found = report(text.encode())
    assert (found["ok"], found["error"]["code"]) in [(False, "unreadable-document"), (False, "not-an-api-document")]
    assert found["error"]["detail"]
