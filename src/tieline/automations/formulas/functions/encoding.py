"""Hashing, encoding, identifiers, addresses and CSV."""

from __future__ import annotations

import base64
import binascii
import csv
import hashlib
import hmac as hmac_
import html
import io
import json
import zlib
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, unquote, unquote_plus, urlsplit
from uuid import UUID, uuid5

from tieline.automations.formulas.context import Context
from tieline.automations.formulas.errors import FormulaValueError
from tieline.automations.formulas.functions.json_ import decoded
from tieline.automations.formulas.registry import example, function
from tieline.automations.formulas.values import Items, Object, list_of, text_of, truth_of

_ALGORITHMS = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "sha3_512", "blake2b", "blake2s")
_MAX_PAIRS = 10_000


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _digest(context: Context, text: str, algorithm: str) -> str:
    context.spend(len(text) * 2)
    return hashlib.new(algorithm, _bytes(text), usedforsecurity=False).hexdigest()


def _algorithm(name: str) -> str:
    plain = name.lower().replace("-", "").replace("sha3256", "sha3_256").replace("sha3512", "sha3_512")
    if plain not in _ALGORITHMS:
        raise FormulaValueError(f"'algorithm' must be one of {', '.join(_ALGORITHMS)}")
    return plain


@function("encoding", example("{md5: 'hello'}", "5d41402abc4b2a76b9719d911017c592"))
def md5(context: Context, text: str) -> str:
    """The MD5 hash as hexadecimal text. For check sums only, it protects nothing."""
    return _digest(context, text, "md5")


@function("encoding", example("{sha1: 'hello'}", "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"))
def sha1(context: Context, text: str) -> str:
    """The SHA-1 hash as hexadecimal text. For check sums only, it protects nothing."""
    return _digest(context, text, "sha1")


@function("encoding", example("{sha256: 'hello'}", "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"))
def sha256(context: Context, text: str) -> str:
    """The SHA-256 hash as hexadecimal text."""
    return _digest(context, text, "sha256")


@function("encoding", example("{left: {sha512: 'hello'}, 16}", "9b71d224bd62f378"))
def sha512(context: Context, text: str) -> str:
    """The SHA-512 hash as hexadecimal text."""
    return _digest(context, text, "sha512")


@function("encoding", example("{hash: 'hello', 'sha-1'}", "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"))
def hash_(context: Context, text: str, algorithm: str = "sha256") -> str:
    """The hash by an algorithm: md5, sha1, sha224, sha256, sha384, sha512, sha3_256, sha3_512, blake2b, blake2s."""
    return _digest(context, text, _algorithm(algorithm))


@function("encoding", example("{crc32: 'hello'}", "3610a686"))
def crc32(context: Context, text: str) -> str:
    """The CRC-32 check sum as hexadecimal text."""
    context.spend(len(text))
    return f"{zlib.crc32(_bytes(text)):08x}"


@function(
    "encoding",
    example("{hmac: 'hello', 'key'}", "9307b3b915efb5171ff14d8cb55fbcc798c6c0ef1456d66ded1a6aa723a58b7b"),
    example("{hmac: 'hello', 'key', 'sha256', 'base64'}", "kwezuRXvtRcf8U2MtV+8x5jGwO8UVtZt7RpqpyOli3s="),
)
def hmac(context: Context, text: str, key: str, algorithm: str = "sha256", encoding: str = "hex") -> str:
    """The keyed hash (RFC 2104) of a text, as `hex` or `base64`."""
    context.spend(len(text) * 2 + len(key))
    digest = hmac_.new(_bytes(key), _bytes(text), _algorithm(algorithm)).digest()
    if encoding not in {"hex", "base64"}:
        raise FormulaValueError("'encoding' must be hex or base64")
    return digest.hex() if encoding == "hex" else base64.b64encode(digest).decode()


@function("encoding", example("{base64encode: 'héllo'}", "aMOpbGxv"), aliases=("base64",))
def base64encode(context: Context, text: str) -> str:
    """UTF-8 text in base64 (RFC 4648)."""
    context.reserve(len(text) * 2)
    return base64.b64encode(_bytes(text)).decode()


def _unbase64(text: str) -> str:
    plain = "".join(text.split()).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        raise FormulaValueError("the text is not base64") from None


@function("encoding", example("{base64decode: 'aMOpbGxv'}", "héllo"))
def base64decode(context: Context, text: str) -> str:
    """Base64 as UTF-8 text; the form for addresses and missing padding are fine. Bytes that are not text become �."""
    context.spend(len(text) * 3)
    return _unbase64(text)


@function("encoding", example("{base64urlencode: 'a?b>c'}", "YT9iPmM"))
def base64urlencode(context: Context, text: str) -> str:
    """Base64 for addresses, without padding (RFC 4648 section 5)."""
    context.reserve(len(text) * 2)
    return base64.urlsafe_b64encode(_bytes(text)).decode().rstrip("=")


@function("encoding", example("{base64urldecode: 'YT9iPmM'}", "a?b>c"))
def base64urldecode(context: Context, text: str) -> str:
    """The opposite of `base64urlencode`."""
    context.spend(len(text) * 3)
    return _unbase64(text)


@function("encoding", example("{urlencode: 'a b&c/d'}", "a+b%26c%2Fd"))
def urlencode(context: Context, text: str) -> str:
    """For a query or a form: blanks become +, all that is not plain is escaped."""
    context.reserve(len(text) * 3)
    context.spend(len(text) * (4 if text.isascii() else 60))
    return quote_plus(text, errors="replace")


@function("encoding", example("{rawurlencode: 'a b&c/d'}", "a%20b%26c%2Fd"))
def rawurlencode(context: Context, text: str) -> str:
    """For a path: blanks become %20 (RFC 3986)."""
    context.reserve(len(text) * 3)
    context.spend(len(text) * (4 if text.isascii() else 60))
    return quote(text, safe="", errors="replace")


@function("encoding", example("{urldecode: 'a+b%26c'}", "a b&c"))
def urldecode(context: Context, text: str) -> str:
    """The opposite of `urlencode`."""
    context.spend(len(text) * 10)
    return unquote_plus(text)


@function("encoding", example("{rawurldecode: 'a+b%26c'}", "a+b&c"))
def rawurldecode(context: Context, text: str) -> str:
    """The opposite of `rawurlencode`."""
    context.spend(len(text) * 10)
    return unquote(text)


@function(
    "encoding", example("{querystring: {$.o}}", "q=a+b&page=2", o={"q": "a b", "page": 2}), aliases=("buildquery",)
)
def querystring(context: Context, object_: Object) -> str:
    """An object as the query of an address; a list gives its key several times, null is left out."""
    pairs = []
    for key, value in object_.items():
        for item in value if isinstance(value, list) else [value]:
            if item is not None:
                pair = f"{quote_plus(key, errors='replace')}={quote_plus(text_of(item), errors='replace')}"
                context.spend(len(pair) * 4 + 100)
                pairs.append(pair)
    return "&".join(pairs)


@function("encoding", example("{parsequery: 'q=a+b&page=2'}", {"q": "a b", "page": "2"}))
def parsequery(context: Context, text: str) -> Object:
    """The query of an address as an object; a repeated key gives a list."""
    context.spend(len(text) * 20)
    out: Object = {}
    try:
        pairs = parse_qsl(text.partition("?")[2] or text, keep_blank_values=True, max_num_fields=_MAX_PAIRS)
    except ValueError:
        raise FormulaValueError(f"the query has more than {_MAX_PAIRS} fields") from None
    for key, value in pairs:
        if key not in out:
            out[key] = value
        elif isinstance(out[key], list):
            out[key].append(value)
        else:
            out[key] = [out[key], value]
    return out


def _split_url(context: Context, text: str) -> Any:
    context.spend(len(text) * 10)
    try:
        parts = urlsplit(text.strip())
        return parts, parts.hostname, parts.port
    except ValueError:
        raise FormulaValueError("the text is not an address") from None


@function(
    "encoding",
    example(
        "{parseurl: 'https://example.com:8443/a?b=1#c'}",
        {"scheme": "https", "host": "example.com", "port": 8443, "path": "/a", "query": "b=1", "fragment": "c"},
    ),
)
def parseurl(context: Context, text: str) -> Object:
    """The parts of an address: scheme, host, port, path, query, fragment."""
    parts, host, port = _split_url(context, text)
    return {
        "scheme": parts.scheme,
        "host": host,
        "port": port,
        "path": parts.path,
        "query": parts.query,
        "fragment": parts.fragment,
    }


@function(
    "encoding",
    example("{domain: 'ada@example.com'}", "example.com"),
    example("{domain: 'https://www.example.com/a'}", "www.example.com"),
    aliases=("extractdomain", "getdomain"),
)
def domain(context: Context, text: str) -> str | None:
    """The domain of an e-mail address or of a web address; null when there is none."""
    text = text.strip()
    if "://" not in text and "@" in text:
        return text.rpartition("@")[2].strip("> ") or None
    return _split_url(context, text if "://" in text else f"//{text}")[1]  # type: ignore[no-any-return]


@function(
    "encoding",
    example("{htmlencode: '<a & \"b\">'}", "&lt;a &amp; &quot;b&quot;&gt;"),
    aliases=("escapehtml", "htmlspecialchars", "xmlescape"),
)
def htmlencode(context: Context, text: str) -> str:
    """Text for HTML and XML: & < > \" ' escaped."""
    context.reserve(len(text) * 2)
    context.reserve(len(text) + 5 * sum(text.count(mark) for mark in "&<>\"'"))
    return html.escape(text)


@function(
    "encoding", example("{htmldecode: '&lt;b&gt; &euro;'}", "<b> €"), aliases=("unescapehtml", "htmlentitydecode")
)
def htmldecode(context: Context, text: str) -> str:
    """The opposite of `htmlencode`, for all HTML entities."""
    context.spend(len(text) * 10)
    return html.unescape(text)


@function("encoding", example("{hexencode: 'hé'}", "68c3a9"), aliases=("bin2hex",))
def hexencode(context: Context, text: str) -> str:
    """The UTF-8 bytes of a text as hexadecimal text."""
    context.reserve(len(text) * 2)
    return _bytes(text).hex()


@function("encoding", example("{hexdecode: '68c3a9'}", "hé"), aliases=("hex2bin",))
def hexdecode(text: str) -> str:
    """The opposite of `hexencode`."""
    try:
        return bytes.fromhex(text).decode("utf-8", "replace")
    except ValueError:
        raise FormulaValueError("the text is not hexadecimal") from None


@function("encoding", example("{jsonescape: 'say \"hi\"'}", 'say \\"hi\\"'))
def jsonescape(context: Context, text: str) -> str:
    """Text for the inside of a JSON string."""
    context.reserve(len(text) * 6)
    return json.dumps(text, ensure_ascii=False)[1:-1]


@function("encoding", example("{bytelength: 'é'}", 2))
def bytelength(text: str) -> int:
    """The number of bytes of a text in UTF-8."""
    return len(_bytes(text))


@function(
    "encoding",
    example("{guid:}", like="[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
    aliases=("uuid", "newguid"),
)
def guid(context: Context) -> str:
    """A new random UUID (RFC 9562 version 4)."""
    return str(UUID(int=context.env.random.getrandbits(128), version=4))


@function(
    "encoding",
    example("{uuidfrom: 'https://example.com/7'}", "a6c225f3-d106-5670-ba8e-ab4ca609b702"),
    aliases=("uuid5",),
)
def uuidfrom(context: Context, text: str, namespace: str = "6ba7b811-9dad-11d1-80b4-00c04fd430c8") -> str:
    """The UUID that always belongs to a text (RFC 9562 version 5), in the namespace of addresses unless another is
    given."""
    context.spend(len(text) * 2)
    try:
        return str(uuid5(UUID(namespace), _bytes(text).decode("utf-8")))
    except ValueError:
        raise FormulaValueError("'namespace' must be a UUID") from None


@function(
    "encoding",
    example("{csv: {$.rows}}", 'id,name\r\n1,"A, B"', rows=[{"id": 1, "name": "A, B"}]),
    example("{csv: {$.row}, 'id,name', '|'}", "1|Ann\n", row={"name": "Ann", "id": 1, "age": 30}),
    aliases=("tocsv",),
)
def csv_(context: Context, list_: Any, columns: str = ",", header: Any = None) -> str:
    """A list of objects (or of lists) as CSV text (RFC 4180), the first line holding the names; a cell that a
    spreadsheet would take for a formula stays as it is. The second argument is the separator (`,`); a third that is
    false leaves the line of names out. A second argument that lists names gives these columns only, as lines without
    names that each end with a line break, to be appended to a text; the third is then the separator."""
    list_ = [list_] if isinstance(list_, dict) else list_of(list_)
    if len(columns) > 1 or columns.isalnum():
        return _csv_lines(context, list_, columns.split(","), "," if header is None else text_of(header))
    separator = columns
    header = header is None or truth_of(header)
    if len(separator) != 1 or separator in '"\r\n':
        raise FormulaValueError("'separator' must be one character")
    names: dict[str, None] = {}
    for row in list_:
        if isinstance(row, dict):
            context.spend(len(row) * 10)
            names.update(dict.fromkeys(row))
    context.reserve_items(len(list_) * max(1, len(names)), what="the table")
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\r\n")
    if names and header:
        writer.writerow(names)
    for row in list_:
        cells = [row.get(name) for name in names] if isinstance(row, dict) else row if isinstance(row, list) else [row]
        texts = [text_of(cell) for cell in cells]
        context.spend(sum(map(len, texts)) * 4 + 200)
        writer.writerow(texts)
    return out.getvalue().removesuffix("\r\n")


def _csv_lines(context: Context, rows: Items, columns: list[str], separator: str) -> str:
    if len(separator) != 1 or separator in '"\r\n':
        raise FormulaValueError("'separator' must be one character")
    names = [name.strip() for name in columns]
    context.reserve_items(len(rows) * len(names), what="the table")
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\n")
    for row in rows:
        texts = [text_of(row.get(name) if isinstance(row, dict) else row) for name in names]
        context.spend(sum(map(len, texts)) * 4 + 200)
        writer.writerow(texts)
    return out.getvalue()


@function(
    "encoding",
    example("{parsecsv: {$.text}}", [{"id": "1", "name": "A, B"}], text='id,name\n1,"A, B"\n'),
    aliases=("fromcsv",),
)
def parsecsv(context: Context, text: str, separator: str = ",", header: bool = True) -> Items:
    """CSV text as a list of objects named by the first line; without a header line, as a list of lists."""
    if len(separator) != 1 or separator in '"\r\n':
        raise FormulaValueError("'separator' must be one character")
    context.spend(len(text) * 30)
    if "\0" in text:
        raise FormulaValueError("the text holds a NUL character")
    rows = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            context.spend(200)
            if row:
                rows.append(row)
    except csv.Error:
        raise FormulaValueError("the text is not CSV, or a cell is larger than 128 kB") from None
    if not header or not rows:
        return rows
    names = rows[0]
    context.reserve_items(len(rows) * max(1, len(names)), what="the table")
    return [{name: row[i] if i < len(row) else "" for i, name in enumerate(names)} for row in rows[1:]]


@function("encoding", example("{jwtpayload: 'e30.eyJzdWIiOiI3In0.x'}", {"sub": "7"}), aliases=("jwtdecode",))
def jwtpayload(context: Context, token: str) -> Any:
    """What a JSON Web Token (RFC 7519) says, **without** checking its signature."""
    parts = token.split(".")
    if len(parts) != 3:
        raise FormulaValueError("a token of three parts is needed")
    return decoded(context, _unbase64(parts[1]))
