"""Code, HTTP, mail and the data store."""

from __future__ import annotations

from tieline.automations.blocks.call_url import METHODS
from tieline.automations.blocks.palette.common import BODY, CONDITIONS, LOG_REQUESTS
from tieline.automations.blocks.palette.model import Choice, Described, Field, choices, describe, one_of, yes_no

_RESULT = choices(printed="What it prints", value="The value of the last expression", full="Both")

describe(
    Described(
        "CustomCodeBlock3",
        "code",
        "Custom code",
        "code",
        inputs=(
            one_of("language", "Language", "", choices(python="Python"), default="python"),
            Field(
                "inputs",
                "Inputs",
                "mapping",
                'The code reads them as inputs["name"].',
                default=[],
                example=[{"key": "words", "value": "{$.start.words}"}],
            ),
            Field(
                "code",
                "Code",
                "code",
                "Python, taken as it is: formulas in it are not evaluated.",
                required=True,
                default="print(inputs)",
                formula=False,
            ),
            Field("timeout", "Seconds", "number", "At most 30.", default=5, advanced=True),
        ),
        settings=(one_of("result", "Output", "", _RESULT, default="printed"),),
        keywords=("python", "script"),
    ),
)

_BODIES = ("POST", "PUT", "PATCH", "DELETE", "OPTIONS")

describe(
    Described(
        "CallUrlBlock",
        "http",
        "Call URL",
        "globe",
        inputs=(
            Field("url", "URL", required=True, example="https://api.example.com/contacts"),
            Field("method", "Method", "select", "", tuple(Choice(name, name) for name in METHODS), default="GET"),
            Field("query", "Query", "mapping", "A list repeats its name."),
            Field(
                "params",
                "Parameters",
                "mapping",
                "Of the URL; in a block without body and query, the body of a write.",
                advanced=True,
            ),
            Field("headers", "Headers", "mapping", "Their values are kept out of the history."),
            Field("body", "Body", "any", shown_when={"method": _BODIES}),
            one_of(
                "encoding",
                "Body is",
                "Without a choice the Content-Type header decides, else JSON.",
                choices(
                    json="JSON", form="Form", multipart="Multipart", text="Text", xml="XML", raw="Raw", base64="Base64"
                ),
                shown_when={"method": _BODIES},
            ),
            Field("timeout", "Seconds to wait", "number", "Up to 600.", default=60, advanced=True),
            Field("retries", "Attempts after the first", "number", "0 to 10.", default=5, advanced=True),
            one_of(
                "response",
                "Answer is",
                "",
                choices(auto="What its type says", json="JSON", text="Text", file="A file"),
                default="auto",
                advanced=True,
            ),
            Field(
                "accept_status",
                "Good statuses",
                "text",
                "Else all below 400.",
                example="200-299,404",
                formula=False,
                advanced=True,
            ),
            yes_no("follow_redirects", "Follow redirects", default="yes", advanced=True),
        ),
        settings=(
            Field("datasource", "Connection", "connection", "Its credentials sign the request.", formula=False),
            yes_no("full_response", "Full response", "The output has status, headers, body and url."),
            yes_no("capitalize_headers", "Capitalize header names", shown_when={"full_response": ("yes",)}),
            LOG_REQUESTS,
        ),
        output={"id": 1, "name": "Ada"},
        keywords=("http", "request", "rest", "api"),
    ),
    Described(
        "MailBlock",
        "http",
        "Send mail",
        "mail",
        inputs=(
            Field("to", "To", "text", "Addresses with commas, or a list.", required=True, example="ada@example.com"),
            Field("subject", "Subject"),
            Field("text", "Text", "longtext"),
            Field("html", "HTML", "longtext"),
            Field("from", "From", "text", example="Tieline <robot@example.com>"),
            Field("cc", "Cc", advanced=True),
            Field("bcc", "Bcc", advanced=True),
            Field("reply_to", "Reply to", advanced=True),
            Field("attachments", "Attachments", "list", "Of {name, type, content, encoding}.", advanced=True),
            Field("headers", "Headers", "mapping", advanced=True),
            Field("host", "Mail server", "text", "In place of a connection.", example="mail.example.com"),
            Field("port", "Port", "number", advanced=True),
            one_of(
                "security",
                "Security",
                "",
                choices(starttls="STARTTLS (587)", tls="TLS (465)", none="None (25)"),
                advanced=True,
            ),
            Field("username", "User name", advanced=True),
            Field("password", "Password", secret=True, advanced=True),
        ),
        settings=(Field("datasource", "Connection", "connection", "To a mail server.", formula=False),),
        output={"message_id": "<1@example.com>", "accepted": ["ada@example.com"], "refused": {}},
        keywords=("email", "smtp"),
    ),
)


def _when(*operations: str) -> dict[str, tuple[str, ...]]:
    return {"operation": operations}


_TTL = "Seconds after which it is gone; empty: it stays."

describe(
    Described(
        "DataStoreBlock",
        "store",
        "Data store",
        "database",
        inputs=(
            one_of(
                "operation",
                "Operation",
                "",
                choices("get", "set", "increment", "delete", "list", add="Add, where there is none"),
                required=True,
                default="get",
            ),
            Field("store", "Store", "text", "One of many stores.", default="default"),
            Field(
                "key", "Key", required=True, shown_when=_when("get", "set", "add", "increment", "delete"), example="a/1"
            ),
            Field("value", "Value", "any", required=True, shown_when=_when("set", "add")),
            Field("default", "Default", "any", "Where there is no value.", shown_when=_when("get")),
            Field("by", "By", "number", default=1, shown_when=_when("increment")),
            Field("ttl", "Time to live", "number", _TTL, shown_when=_when("set", "add", "increment"), advanced=True),
            Field("prefix", "Keys that begin with", shown_when=_when("list", "delete")),
            Field("after", "Behind the key", shown_when=_when("list"), advanced=True),
            Field("limit", "At most", "number", "1000 without a body.", shown_when=_when("list"), advanced=True),
        ),
        settings=(yes_no("as_text", "Keep text as it is", "Else text that is JSON is kept as data.", advanced=True),),
        branches=(BODY,),
        body="optional",
        output="the value",
        keywords=("key", "value", "state", "counter"),
    ),
    Described(
        "DataTableBlock",
        "store",
        "Data table",
        "table",
        inputs=(
            one_of(
                "operation",
                "Operation",
                "",
                choices("insert", "update", "upsert", "delete", "get", "find", "count"),
                required=True,
                default="find",
            ),
            Field("table", "Table", required=True, example="people"),
            Field("id", "Id of the row", shown_when=_when("insert", "update", "upsert", "delete", "get")),
            Field("row", "Row", "mapping", required=True, shown_when=_when("insert", "update", "upsert")),
            Field(
                "conditions",
                "Conditions",
                "conditions",
                CONDITIONS.help,
                shown_when=_when("update", "delete", "find", "count"),
            ),
            Field("ttl", "Time to live", "number", _TTL, shown_when=_when("insert", "upsert"), advanced=True),
            Field("after", "Behind the id", shown_when=_when("find"), advanced=True),
            Field("limit", "At most", "number", "1000 without a body.", shown_when=_when("find"), advanced=True),
        ),
        branches=(BODY,),
        body="optional",
        output=[{"id": "ada", "name": "Ada", "age": 36}],
        keywords=("database", "rows", "crud"),
    ),
)
