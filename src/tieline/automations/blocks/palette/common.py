"""Settings that blocks share."""

from __future__ import annotations

from tieline.automations.blocks.palette.model import Choice, Edge, Field, choices, one_of, yes_no

ON_ERROR = one_of(
    "blendr_on_error",
    "When it fails",
    "Stop ends the run as failed; warning goes on and ends the run with a warning; ignore just goes on.",
    choices("stop", "warning", "ignore"),
    default="stop",
)
CENSOR = yes_no(
    "automations_censor_data",
    "Hide data",
    "Nobody sees inputs, output and requests of this block in a run's history.",
    advanced=True,
)
LOG_REQUESTS = yes_no(
    "log_requests",
    "Keep requests",
    "The history keeps headers and bodies of calls, also of those that went well.",
    advanced=True,
)
PARALLEL = Field(
    "parallel",
    "Items at once",
    "number",
    "So many items are in work at once, 2 to 50; empty or 1: one after the other.",
    formula=False,
    advanced=True,
)
KEEP_ORDER = yes_no(
    "keep_order",
    "Keep the order",
    "What items of a parallel loop show and change is put together in the order of the list.",
    default="yes",
    advanced=True,
)

NEXT = Edge("childId", "Next")
BODY = Edge("loopBlockId", "For each item")

LIST = Field("list", "List", "list", "A list, or a formula that gives one.", required=True, other_ids=("input",))
CONDITIONS = Field("conditions", "Conditions", "conditions", required=True)
ITEM_CONDITIONS = Field(
    "conditions",
    "Conditions",
    "conditions",
    "The left side is the name of a field of the items, or a formula that reads the item.",
    required=True,
)
CASE = yes_no("case_insensitive", "Ignore case", "Keys are compared without regard to case.")
KEEPS = (
    Choice("keep_list1", "That of list 1"),
    Choice("keep_list2", "That of list 2"),
    Choice("keep_both", "Both, as a list"),
)
