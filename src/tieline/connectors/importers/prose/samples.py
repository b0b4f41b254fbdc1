"""Requests that examples in code show: raw HTTP, curl, fetch, axios and Python's requests. Read, never run."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from tieline.connectors.importers.prose.jsontext import read_sample, samples_in
from tieline.connectors.importers.prose.shell import Sample, curls, split_url

_REQUEST = re.compile(r"\s{0,8}(GET|POST|PUT|PATCH|DELETE|HEAD)\s{1,4}(\S{1,2000})(\s{1,4}HTTP/[\d.]{1,4})?\s*")
_HEADER = re.compile(r"\s{0,8}([A-Za-z][\w-]{0,60}):\s{0,8}(.{0,2000})")
_STATUS = re.compile(r"\s{0,8}HTTP/[\d.]{1,4}\s{1,4}([1-5]\d\d)\b(.{0,100})")
_PYTHON = re.compile(r"\brequests\.(get|post|put|patch|delete)\(\s{0,200}f?(['\"])([^'\"\n]{1,500})\2")
_AXIOS = re.compile(r"\baxios\.(get|post|put|patch|delete)\(\s{0,200}(['\"`])([^'\"`\n]{1,500})\2")
_FETCH = re.compile(r"\bfetch\(\s{0,200}(['\"`])([^'\"`\n]{1,500})\1")
_METHOD_IN = re.compile(r"\bmethod['\"]?\s{0,4}:\s{0,4}['\"](GET|POST|PUT|PATCH|DELETE)['\"]", re.IGNORECASE)
_PAIRS = re.compile(r"['\"]([A-Za-z][\w-]{0,60})['\"]\s{0,4}:\s{0,4}f?['\"`]([^'\"`\n]{0,300})['\"`]")


def requests_in(code: str, language: str = "") -> list[Sample]:
    """Every request that a block of code shows."""
    found = curls(code)
    if found:
        return found
    found = _raw(code)
    return found or _programs(code)


def responses_in(code: str) -> list[tuple[str, dict[str, str], str, int]]:
    """Raw HTTP answers in a block of code: status, headers, body, line."""
    lines = code.split("\n")
    found: list[tuple[str, dict[str, str], str, int]] = []
    for index, line in enumerate(lines[:2000]):
        match = _STATUS.match(line)
        if match is None:
            continue
        headers, end = _headers(lines, index + 1)
        body_end = next((at for at in range(end, len(lines)) if _STATUS.match(lines[at])), len(lines))
        found.append((match[1], headers, "\n".join(lines[end:body_end]), index))
    return found[:20]


def _headers(lines: list[str], at: int) -> tuple[dict[str, str], int]:
    headers: dict[str, str] = {}
    while at < len(lines) and (match := _HEADER.match(lines[at])) is not None and len(headers) < 60:
        headers[match[1]] = match[2].strip()
        at += 1
    return headers, at


def _raw(code: str) -> list[Sample]:
    lines = code.split("\n")
    found: list[Sample] = []
    index = 0
    while index < len(lines) and len(found) < 50:
        match = _REQUEST.fullmatch(lines[index])
        if match is None or not re.match(r"/|https?://|\{|[\w-]+(?:\.[\w-]+)+/|[a-z][\w-]*(?:/|s$)", match[2]):
            index += 1
            continue
        headers, end = _headers(lines, index + 1)
        body_end = next(
            (
                at
                for at in range(end, min(len(lines), end + 500))
                if _REQUEST.fullmatch(lines[at]) or _STATUS.match(lines[at])
            ),
            min(len(lines), end + 500),
        )
        url, query = split_url(match[2])
        sample = Sample(match[1], url, headers, query, source="http" if match[3] or headers else "line", line=index)
        host = sample.header("Host")
        if host and url.startswith("/"):
            sample.url = f"https://{host}{url}"
        _body(sample, "\n".join(lines[end:body_end]).strip())
        if sample.source == "line" and sample.json is not None and sample.method in ("GET", "DELETE", "HEAD"):
            sample.json = None
            sample.media = ""
        found.append(sample)
        index = body_end if sample.json is not None or sample.form else end
    return found


def _body(sample: Sample, text: str) -> None:
    told = sample.header("Content-Type").split(";")[0].strip().lower()
    value = next((one for one, _, _ in samples_in(text)), None) if text[:1] in ("{", "[") else None
    if value is not None:
        sample.json, sample.media = value, told or "application/json"
    elif told == "application/x-www-form-urlencoded" or (told == "" and re.fullmatch(r"[\w\[\].-]+=[^\s]*", text)):
        sample.form = parse_qsl(text.replace("\n", ""), keep_blank_values=True)
        sample.media = told or "application/x-www-form-urlencoded"
    elif told and sample.method not in ("GET", "DELETE", "HEAD"):
        sample.media = told


def _programs(code: str) -> list[Sample]:
    found: list[Sample] = []
    for pattern, source in ((_PYTHON, "python"), (_AXIOS, "javascript")):
        for match in pattern.finditer(code[:50_000]):
            url, query = split_url(match[3])
            sample = Sample(match[1].upper(), url, query=query, source=source)
            _arguments(sample, code[match.end() : match.end() + 5000], source)
            found.append(sample)
    for match in _FETCH.finditer(code[:50_000]):
        url, query = split_url(match[2])
        rest = code[match.end() : match.end() + 3000]
        told = _METHOD_IN.search(rest.split("fetch(")[0])
        sample = Sample(told[1].upper() if told else "GET", url, query=query, source="javascript")
        _arguments(sample, rest, "javascript")
        found.append(sample)
    return [one for one in found if re.match(r"https?://|/", one.url)][:20]


def _arguments(sample: Sample, rest: str, source: str) -> None:
    """Headers, query and JSON body where they stand as plain literals in the call."""
    for name in ("headers", "params"):
        match = re.search(rf"\b{name}['\"]?\s{{0,4}}[:=]\s{{0,4}}\{{([^{{}}]{{0,2000}})\}}", rest)
        if match is None:
            continue
        pairs = _PAIRS.findall(match[1])
        if name == "headers":
            sample.headers.update(pairs)
        else:
            sample.query += [(key, value) for key, value in pairs]
    body = re.search(r"\bjson\s{0,4}=\s{0,4}|\bJSON\.stringify\(\s{0,20}|\bdata\s{0,4}=\s{0,4}(?=\{)", rest)
    if body is None and source == "javascript" and sample.method in ("POST", "PUT", "PATCH"):
        body = re.match(r"\s{0,20},\s{0,20}(?=\{)", rest)
    if body is not None:
        text = rest[body.end() :].lstrip()
        if text[:1] in ("{", "["):
            sample.json = read_sample(_balanced(text))
            sample.media = "application/json" if sample.json is not None else ""


def _balanced(text: str) -> str:
    open_ = 0
    for match in re.finditer(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|[{}\[\]]", text):
        mark = match[0]
        open_ += (mark in "{[") - (mark in "}]")
        if open_ == 0:
            return re.sub(
                r"\bTrue\b", "true", re.sub(r"\bFalse\b", "false", re.sub(r"\bNone\b", "null", text[: match.end()]))
            )
    return ""
