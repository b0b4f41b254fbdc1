"""curl commands, split as a POSIX shell would (IEEE 1003.1 section 2.2) and read as curl(1) would; never run."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

MAX_COMMAND = 100_000
_WITH_VALUE = frozenset(
    "-X --request -H --header -d --data --data-raw --data-binary --data-ascii --data-urlencode --json -F --form "
    "--form-string -u --user -o --output -A --user-agent -e --referer -b --cookie -c --cookie-jar -m --max-time "
    "--connect-timeout -E --cert --key --cacert -x --proxy -w --write-out -T --upload-file --url --oauth2-bearer -r "
    "--range --retry -D --dump-header -K --config --resolve --interface -y -Y -z -C -t -Q -P --aws-sigv4 "
    "--url-query".split()
)
_DATA = frozenset("-d --data --data-raw --data-binary --data-ascii --json --data-urlencode".split())
_FORMS = frozenset(("-F", "--form", "--form-string"))
_PLACEHOLDER_URL = re.compile(r"https?://|/|\{\{|\$\{?\w|[\w-]+(?:\.[\w-]+)+(?:[:/]|$)|localhost")


@dataclass(slots=True)
class Sample:
    """One request as an example shows it."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    query: list[tuple[str, str]] = field(default_factory=list)
    form: list[tuple[str, str]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    json: Any = None
    media: str = ""
    user: str | None = None  # user name and password for Basic
    digest: bool = False
    source: str = "curl"
    line: int = 0  # in the block of code

    def header(self, name: str) -> str:
        """A header by its name in any case, "" where it is not sent."""
        return next((value for key, value in self.headers.items() if key.lower() == name.lower()), "")


def curls(code: str) -> list[Sample]:
    """Every curl command in a block of code."""
    found: list[Sample] = []
    lines = code[:MAX_COMMAND].split("\n")
    index = 0
    while index < len(lines) and len(found) < 50:
        start = re.match(r"\s*(?:[$>#%]\s{0,3})?`?(?:\w+=\$\()?curl(?:\.exe)?\s", lines[index] + " ")
        if start is None:
            index += 1
            continue
        words, end = _command(lines, index, start.end() - 1)
        sample = _read(words)
        if sample is not None:
            sample.line = index
            found.append(sample)
        index = max(end, index + 1)
    return found


def _command(lines: list[str], at: int, offset: int) -> tuple[list[str], int]:
    """The words of the command that begins on a line, and the line behind it."""
    words = _Words()
    index, column = at, offset
    while index < len(lines):
        ended = words.read(lines[index][column:])
        index, column = index + 1, 0
        if ended or index >= len(lines):
            break
        if words.quote:
            words.word.append("\n")
            continue
        goes_on = re.search(r"(?:\\|\^)\s*$", lines[index - 1]) is not None
        following = lines[index].strip()
        option = re.match(r"--?[A-Za-z]|['\"]", following) is not None and not following.startswith("---")
        if not goes_on and not option and words.is_torn(following):
            column = len(lines[index]) - len(lines[index].lstrip())
            continue
        words.end()
        if not goes_on and not option and words.found and words.found[-1] not in _WITH_VALUE:
            break
    words.end()
    return words.found, index


class _Words:
    """Splits shell lines into words, quotes over several lines included."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.word: list[str] = []
        self.quote = ""
        self.begun = False

    def end(self) -> None:
        """The word is complete."""
        if self.word or self.begun:
            self.found.append("".join(self.word))
        self.word, self.begun = [], False

    def is_torn(self, following: str) -> bool:
        """A renderer wraps long addresses without a backslash: the next line goes on with this one."""
        address = bool(self.word) and "".join(self.word).startswith(("http", "/"))
        if not address or re.match(r"(?:HTTP|curl|GET|POST)\b", following):
            return False
        return re.match(r"[\w/?&={}:.%-]+['\"]?(?:\s|$)", following) is not None

    def read(self, line: str) -> bool:
        """Take one line; True where the command ends in it."""
        at = 0
        while at < len(line):
            mark = line[at]
            if self.quote:
                at += self._quoted(mark, line[at + 1 : at + 2])
            elif mark in "'\"":
                self.quote, self.begun = mark, True
            elif mark == "\\" or (mark == "^" and at == len(line) - 1):
                if not line[at + 1 :].strip():
                    return False
                at += 1
                self.word.append(line[at])
            elif mark.isspace():
                self.end()
            elif mark in "|;" and not self.word:
                return True
            else:
                self.word.append(mark)
            at += 1
        return False

    def _quoted(self, mark: str, following: str) -> int:
        """One character inside quotes; 1 where the one behind it is used up too."""
        if mark == "\\" and self.quote == '"' and following and following in '"\\$`':
            self.word.append(following)
            return 1
        if mark == self.quote:
            self.quote = ""
        else:
            self.word.append(mark)
        return 0


@dataclass(slots=True)
class _Options:
    """What the options of one command say together."""

    data: list[str] = field(default_factory=list)
    encoded: list[tuple[str, str]] = field(default_factory=list)
    as_get: bool = False
    as_json: bool = False


def _read(words: list[str]) -> Sample | None:
    sample, options = Sample("", ""), _Options()
    index = 0
    while index < len(words):
        word = words[index].strip() if words[index][:1] == "-" else words[index]
        index += 1
        value = ""
        if word[:2] == "--" and "=" in word:
            word, value = word.split("=", 1)
        elif len(word) > 2 and word[0] == "-" and word[1] != "-" and word[:2] in _WITH_VALUE:
            word, value = word[:2], word[2:]
        elif re.fullmatch(r"-[a-zA-Z]{2,5}", word) and "-" + word[-1] in _WITH_VALUE:
            options.as_get = options.as_get or "G" in word
            word = "-" + word[-1]
        if word in _WITH_VALUE and not value and index < len(words):
            value = words[index]
            index += 1
        if word in _FORMS or word in _DATA:
            _content(sample, options, word, value)
        elif word[:1] == "-":
            _option(sample, options, word, value)
        elif not sample.url and _PLACEHOLDER_URL.match(word):
            sample.url = word
    if not sample.url:
        return None
    _finish(sample, options.data, options.encoded, as_get=options.as_get, as_json=options.as_json)
    return sample


def _content(sample: Sample, options: _Options, word: str, value: str) -> None:
    """What is sent."""
    name, _, said = value.partition("=")
    if word in _FORMS:
        if said[:1] in ("@", "<"):
            sample.files.append(name)
        else:
            sample.form.append((name, said))
        sample.media = "multipart/form-data"
    elif word == "--data-urlencode":
        options.encoded.append((name, said))
    else:
        options.data.append(value)
        options.as_json = options.as_json or word == "--json"


def _option(sample: Sample, options: _Options, word: str, value: str) -> None:
    if word in ("-X", "--request"):
        sample.method = value.strip().upper()
    elif word in ("-H", "--header"):
        name, _, said = value.partition(":")
        sample.headers[" ".join(name.split())] = " ".join(said.split())
    elif word in ("-u", "--user"):
        sample.user = value
    elif word in ("-b", "--cookie"):
        sample.headers.setdefault("Cookie", value)
    elif word == "--oauth2-bearer":
        sample.headers["Authorization"] = f"Bearer {value}"
    elif word == "--digest":
        sample.digest = True
    elif word in ("-G", "--get"):
        options.as_get = True
    elif word in ("-I", "--head"):
        sample.method = sample.method or "HEAD"
    elif word in ("-T", "--upload-file"):
        sample.method, sample.media = sample.method or "PUT", sample.media or "application/octet-stream"
    elif word == "--url-query":
        sample.query += parse_qsl(value, keep_blank_values=True)
    elif word == "--url":
        sample.url = sample.url or value


def _finish(sample: Sample, data: list[str], encoded: list[tuple[str, str]], *, as_get: bool, as_json: bool) -> None:
    from tieline.connectors.importers.prose.jsontext import read_sample

    sample.url, more = split_url("".join(sample.url.split()))
    sample.query += more
    told = sample.header("Content-Type").split(";")[0].strip().lower()
    body = "&".join(data)
    if as_get:
        sample.query += parse_qsl(body, keep_blank_values=True) + encoded
    elif data or encoded:
        value = read_sample(body) if body.lstrip()[:1] in ("{", "[") else None
        if value is not None:
            sample.json, sample.media = value, told or "application/json"
        elif "=" in body or encoded:
            sample.form += parse_qsl(body, keep_blank_values=True) + encoded
            sample.media = told or "application/x-www-form-urlencoded"
        else:
            sample.media = told or ("application/json" if as_json else "application/x-www-form-urlencoded")
    elif told and not sample.media:
        sample.media = told if sample.method not in ("GET", "DELETE", "HEAD", "") else ""
    sends = bool(data or encoded or sample.form or sample.files) and not as_get
    sample.method = sample.method or ("POST" if sends else "GET")


def split_url(url: str) -> tuple[str, list[tuple[str, str]]]:
    """An address without its query, and the query as pairs."""
    url, _, query = url.partition("?")
    return url.split("#")[0], [
        (unquote(name), value) for name, value in parse_qsl(query.split("#")[0], keep_blank_values=True)
    ]


def basic_pair(header: str) -> bool:
    """True for ``Basic dXNlcjpwYXNz``: credentials that really are a user and a password."""
    try:
        return ":" in base64.b64decode(header.split(" ", 1)[1], validate=True).decode("utf-8")
    except (ValueError, IndexError):
        return False


def dumps(value: Any) -> str:
    """A value for a message, short."""
    return json.dumps(value, ensure_ascii=False)[:200]
