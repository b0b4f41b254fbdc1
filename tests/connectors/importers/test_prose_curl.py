from __future__ import annotations

from typing import Any

import pytest

from tieline.connectors.importers.prose.jsontext import read_sample
from tieline.connectors.importers.prose.samples import requests_in
from tieline.connectors.importers.prose.shell import curls


@pytest.mark.parametrize(
    "command, method, url, rest",
    [
        ("curl https://a.example/x", "GET", "https://a.example/x", {}),
        ("$ curl -s -XDELETE 'https://a.example/x/1'", "DELETE", "https://a.example/x/1", {}),
        (
            "curl -G https://a.example/x -d q=1 --data-urlencode 'n=a b'",
            "GET",
            "https://a.example/x",
            {"query": [("q", "1"), ("n", "a b")]},
        ),
        (
            "curl https://a.example/x -d a=1 -d 'b=2&c=3'",
            "POST",
            "https://a.example/x",
            {"form": [("a", "1"), ("b", "2"), ("c", "3")]},
        ),
        ("curl --json '{\"a\": 1}' https://a.example/x", "POST", "https://a.example/x", {"json": {"a": 1}}),
        (
            'curl -X PUT https://a.example/x \\\n  -H "X-Key: k" \\\n  -d \'{\n "a": [1]\n}\'',
            "PUT",
            "https://a.example/x",
            {"json": {"a": [1]}, "headers": {"X-Key": "k"}},
        ),
        (
            "curl -F file=@a.png -F name=x https://a.example/x",
            "POST",
            "https://a.example/x",
            {"files": ["file"], "form": [("name", "x")]},
        ),
        (
            "curl -u key: https://a.example/x?page=2",
            "GET",
            "https://a.example/x",
            {"user": "key:", "query": [("page", "2")]},
        ),
        (
            "curl https://a.example/x\n  -H 'X-Key: k'\n  -d '{\"a\": 1}'",
            "POST",
            "https://a.example/x",
            {"json": {"a": 1}},
        ),
        ("curl --request=PATCH --url \"$BASE/x\" --header='A: b'", "PATCH", "$BASE/x", {"headers": {"A": "b"}}),
        (
            "curl 'https://a.example/very/long/\npath?x=1'",
            "GET",
            "https://a.example/very/long/path",
            {"query": [("x", "1")]},
        ),
        (
            'curl -d "{\\"a\\": \\"it\'s\\"}" https://a.example/x',
            "POST",
            "https://a.example/x",
            {"json": {"a": "it's"}},
        ),
    ],
    ids=range(12),
)
def test_a_curl_command(command: str, method: str, url: str, rest: dict[str, Any]) -> None:
    sample = curls(command)[0]
    assert (sample.method, sample.url) == (method, url)
    for name, value in rest.items():
        assert getattr(sample, name) == value


def test_several_commands_in_one_block() -> None:
    assert [one.url for one in curls("# first\ncurl https://a.example/1\n\ncurl https://a.example/2 | jq .")] == [
        "https://a.example/1",
        "https://a.example/2",
    ]


@pytest.mark.parametrize(
    "code, method, query",
    [
        ('requests.get("https://a.example/x", params={"page": "2"})', "GET", [("page", "2")]),
        ("fetch('https://a.example/x', {method: 'POST', body: JSON.stringify({a: 1})})", "POST", []),
        ("axios.delete('https://a.example/x')", "DELETE", []),
        ("GET /x?page=2 HTTP/1.1\nHost: a.example\nX-Key: k", "GET", [("page", "2")]),
    ],
    ids=["python", "fetch", "axios", "http"],
)
def test_other_samples(code: str, method: str, query: list[tuple[str, str]]) -> None:
    sample = requests_in(code)[0]
    assert (sample.method, sample.url, sample.query) == (method, "https://a.example/x", query)


@pytest.mark.parametrize(
    "text, value",
    [
        ('{"a": 1, ...}', {"a": 1}),
        ('[{"a": 1}, {...}]', [{"a": 1}, {}]),
        ('{"a": [1, 2, ...], // more\n "b": "x"}', {"a": [1, 2], "b": "x"}),
        ("{a: 1, b: 'x'}", {"a": 1, "b": "x"}),
        ('{"url": "https://a.example/very\n/long", "b": 2}', {"url": "https://a.example/very/long", "b": 2}),
        ('{"a": {"b": [1, 2', {"a": {"b": [1, 2]}}),
        ('{"a": "..."}', {"a": "..."}),
        ("not json", None),
    ],
    ids=range(8),
)
def test_json_as_documents_print_it(text: str, value: Any) -> None:
    assert read_sample(text) == value
