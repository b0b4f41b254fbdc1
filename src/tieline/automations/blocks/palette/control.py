"""Triggers, logic, loops, output and run control."""

from __future__ import annotations

from typing import Any

from tieline.automations.blocks.palette.common import BODY, CONDITIONS, LOG_REQUESTS
from tieline.automations.blocks.palette.model import Choice, Described, Edge, Field, choices, describe, one_of, yes_no

_WEBHOOK = {"run_mode": ("webhook",)}

describe(
    Described(
        "StartBlock",
        "triggers",
        "Start",
        "play",
        inputs=(
            one_of(
                "run_mode",
                "Run mode",
                "How runs are started.",
                choices(
                    manual="Manually",
                    scheduled="On a schedule",
                    triggered="By a call to its URL",
                    webhook="By an event",
                ),
                default="manual",
            ),
            Field(
                "async",
                "Answer at once",
                "boolean",
                "A caller does not wait for the run's output.",
                default="yes",
                formula=False,
                shown_when={"run_mode": ("triggered", "webhook")},
            ),
            Field("datasourcetype_guid", "Connector", "connector", formula=False, shown_when=_WEBHOOK),
            Field("webhook_event_guid", "Event", "event", formula=False, shown_when=_WEBHOOK),
            Field(
                "test_payload",
                "Test payload",
                "code",
                "The payload of test runs that are started without one, as JSON.",
                example='{"email": "ada@example.com"}',
                formula=False,
                advanced=True,
            ),
        ),
        settings=(Field("datasource", "Connection", "connection", formula=False, shown_when=_WEBHOOK), LOG_REQUESTS),
        output={"email": "ada@example.com"},
        keywords=("trigger", "schedule", "webhook"),
    ),
    Described(
        "FormBlock",
        "triggers",
        "Inputs",
        "form",
        fields=(
            Field("form", "Fields", "form", required=True, formula=False, default=[]),
            yes_no(
                "persistData",
                "Remember the answers",
                "A later run that is not given an answer takes the last one.",
                other_ids=("persist_data",),
            ),
        ),
        output={"Name": "Ada"},
        keywords=("form", "ask", "questions"),
    ),
)

describe(
    Described(
        "IfElseBlock",
        "logic",
        "Condition",
        "branch",
        inputs=(CONDITIONS,),
        branches=(Edge("childTrueId", "Yes"), Edge("childFalseId", "No")),
        keywords=("if", "else"),
    ),
    Described(
        "CaseBlock",
        "logic",
        "Switch",
        "switch",
        inputs=(Field("expression", "Expression", "any", "What the cases are compared with.", required=True),),
        fields=(Field("statements", "Cases", "statements", "A chain for each value.", required=True, default=[]),),
        branches=(Edge("statementChildrenIds", "Case", many=True), Edge("defaultChildId", "Otherwise")),
        keywords=("case", "route"),
    ),
    Described(
        "TryBlock",
        "logic",
        "Try",
        "shield",
        branches=(Edge("tryChildId", "Try"), Edge("catchChildId", "When it fails")),
        output={
            "failed": True,
            "error": {
                "code": "call-refused",
                "title": "The called URL answered with an error",
                "detail": "It answered 404.",
                "block": "call",
                "blockId": "B1",
                "path": "b3",
            },
        },
        keywords=("catch", "error", "exception"),
    ),
)

_EACH = Field("input", "List", "list", "A list, or a formula that gives one.", required=True)

describe(
    Described(
        "ForEachBlock",
        "loops",
        "Loop",
        "loop",
        inputs=(_EACH,),
        branches=(BODY,),
        body="always",
        output={"item": {"id": 1}, "index": 0},
        keywords=("for each", "iterate"),
    ),
    Described(
        "ForEachBatchBlock",
        "loops",
        "Loop in batches",
        "batch",
        inputs=(_EACH, Field("size", "Items in a batch", "number", required=True, default=100)),
        branches=(BODY,),
        body="always",
        output={"item": [{"id": 1}, {"id": 2}], "index": 0},
        keywords=("chunk",),
    ),
    Described("ForEachBreakBlock", "loops", "Exit loop", "exit", ends=True, keywords=("break", "leave")),
)

describe(
    Described(
        "ShowBlock",
        "output",
        "Output",
        "output",
        inputs=(Field("input", "Value", "any", "What the run gives to whoever started it."),),
        settings=(
            one_of(
                "display_mode",
                "How",
                "Merge puts fields or items together with the last value.",
                choices(add="Add to the output", set="Replace the output", merge="Merge with the last value"),
                default="add",
            ),
            one_of("format", "Format", "", choices("plain", "markdown"), default="plain"),
        ),
        keywords=("show", "print", "result"),
    ),
    Described(
        "RedirectBlock",
        "output",
        "Redirect",
        "redirect",
        inputs=(Field("url", "URL", required=True, example="https://example.com/thanks"),),
        ends=True,
    ),
    Described(
        "UpdateJobBlock",
        "output",
        "Update run title",
        "title",
        inputs=(Field("title", "Title", "text", "What the list of runs shows.", required=True),),
    ),
)

describe(
    Described("StopBlock", "control", "Stop", "stop", ends=True, keywords=("end",)),
    Described(
        "ErrorBlock",
        "control",
        "Error",
        "error",
        inputs=(
            Field("message", "Message", "text", required=True),
            one_of(
                "action",
                "Then",
                "",
                choices(stop="End the run as failed", **{"continue": "Warn and go on"}),
                default="stop",
            ),
        ),
        output={"message": "no such customer"},
        keywords=("fail", "throw"),
    ),
    Described(
        "SleepBlock",
        "control",
        "Wait",
        "clock",
        inputs=(Field("time", "Seconds", "number", "At most 30 days.", required=True, default=5),),
        keywords=("sleep", "delay", "pause"),
    ),
    Described(
        "CallWidgetBlock",
        "control",
        "Call automation",
        "automation",
        fields=(
            Field("guid", "Automation", "automation", "Not this one itself.", required=True),
            Field(
                "widgetInputs",
                "Payload",
                "mapping",
                "What its start block, or its form by label, is given.",
                default=[],
                other_ids=("inputs",),
            ),
        ),
        settings=(yes_no("async", "Do not wait", "The output is then the id of the run."),),
        output="Hello Ada",
        keywords=("subflow", "call", "reuse"),
    ),
    Described(
        "LabelBlock",
        "control",
        "Label",
        "label",
        inputs=(Field("name", "Name", "text", formula=False),),
        keywords=("anchor",),
    ),
    Described(
        "GotoBlock",
        "control",
        "Go to label",
        "goto",
        inputs=(Field("label", "Label", "block", required=True, formula=False, only=("LabelBlock",)),),
        ends=True,
        keywords=("jump",),
    ),
)

_LISTING = Field(
    "pointer_block_id",
    "Incremental block",
    "block",
    "The connector block whose pointer is meant.",
    required=True,
    formula=False,
    only=("EndpointBlock", "SnippetBlock"),
)

describe(
    Described(
        "ListPointerBlock",
        "incremental",
        "List pointers",
        "pointer",
        inputs=(_LISTING,),
        output=[{"inputs": "6f1c", "last_retrieved_at": "2026-01-02T03:04:05Z", "since": "2026-01-02T03:04:05Z"}],
    ),
    Described(
        "UpdatePointerBlock",
        "incremental",
        "Update pointer",
        "pointer",
        inputs=(
            _LISTING,
            Field("last_retrieved_at", "Start from the moment", "date", example="2026-01-01T00:00:00Z"),
            Field("highest_record_retrieved", "Start from the value", "any", "Of the field that the listing goes by."),
            Field("value", "Start from", "any", "Where neither of the two above is given.", advanced=True),
        ),
        output={"updated": 1},
    ),
    Described(
        "DeletePointerBlock",
        "incremental",
        "Delete pointer",
        "pointer",
        inputs=(_LISTING,),
        output={"deleted": 1},
    ),
)

_CONNECTOR = Field("datasourcetype_guid", "Connector", "connector", required=True, formula=False)
_ROLE = one_of(
    "endpoint_role",
    "Role",
    "The connector's operation says it.",
    tuple(
        Choice(role, role) for role in ("list", "search", "get", "create", "update", "delete", "listnew", "listupdated")
    ),
)
_CALLS = (
    Field("datasource", "Connection", "connection", required=True, formula=False),
    Field("maxitemcount", "Maximum number of items", "number", shown_when={"endpoint_role": ("list", "search")}),
    yes_no(
        "blendr_pointer",
        "Only new and updated",
        "Only what is new or changed since the last run that went through the list to its end.",
        shown_when={"endpoint_role": ("list", "listnew", "listupdated")},
    ),
    LOG_REQUESTS,
)


def _calling(kind: str, title: str, operation: str, *, other: str, **more: Any) -> Described:
    called = Field(operation, "Operation", "operation", required=True, formula=False, other_ids=(other,))
    fields = (_CONNECTOR, called, _ROLE)
    return Described(
        kind, "connectors", title, "connector", fields=fields, settings=_CALLS, branches=(BODY,), body="role", **more
    )


describe(
    _calling("EndpointBlock", "Connector block", "endpoint_guid", other="snippet_guid", keywords=("api",)),
    _calling("SnippetBlock", "Connector block of several calls", "snippet_guid", other="endpoint_guid", hidden=True),
)
