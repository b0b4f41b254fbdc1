"""List and object tools, variables."""

from __future__ import annotations

from tieline.automations.blocks.palette.common import BODY, CASE, ITEM_CONDITIONS, KEEPS, LIST
from tieline.automations.blocks.palette.model import Described, Field, choices, describe, one_of, yes_no

_LIST1 = Field("list1", "List 1", "list", required=True, other_ids=("input1",))
_LIST2 = Field("list2", "List 2", "list", required=True, other_ids=("input2",))
_DEPTH = Field("depth", "Levels", "number", "How many levels of lists become one.", default=1)
_FIELD = Field("field", "Field", "text", required=True, example="email", other_ids=("key",))


def _in_both(**where: str) -> Field:
    shown = {field: (value,) for field, value in where.items()}
    label = "Fields that both have"
    return one_of("on_existing_item_key", label, "", KEEPS, default="keep_list1", shown_when=shown)


describe(
    Described(
        "FilterListBlock",
        "lists",
        "Filter list",
        "filter",
        inputs=(LIST, ITEM_CONDITIONS),
        branches=(BODY,),
        body="optional",
        output=[{"age": 40, "name": "Ada"}],
        keywords=("where",),
    ),
    Described(
        "LookupItemBlock",
        "lists",
        "Look up item",
        "search",
        inputs=(LIST, ITEM_CONDITIONS),
        output={"id": 2, "name": "Ada"},
        keywords=("find", "first"),
    ),
    Described(
        "SplitListBlock",
        "lists",
        "Split list",
        "split",
        inputs=(LIST, ITEM_CONDITIONS),
        output={"matching": [{"n": 1}], "others": [{"n": 5}]},
        keywords=("partition",),
    ),
    Described(
        "SortListBlock",
        "lists",
        "Sort list",
        "sort",
        inputs=(
            LIST,
            Field("key", "Field", "text", "Empty: the items themselves.", example="name", other_ids=("field",)),
            one_of("order", "Order", "", choices(asc="Rising", desc="Falling"), default="asc"),
            Field(
                "fields",
                "Several fields",
                "mapping",
                "In place of one field: names, each with asc or desc.",
                formula=False,
                advanced=True,
            ),
        ),
        branches=(BODY,),
        body="optional",
        output=[{"name": "a"}, {"name": "b"}],
        keywords=("order",),
    ),
    Described(
        "GroupListBlock",
        "lists",
        "Group list",
        "group",
        inputs=(
            LIST,
            Field("key", "Group by the field", "text", "Empty: one group.", example="town", other_ids=("field",)),
            Field(
                "aggregates",
                "Aggregates",
                "mapping",
                "Further fields of a group: count, sum, avg, min, max, first, last or list of a field.",
                example=[{"key": "total", "value": "sum(amount)"}],
                formula=False,
            ),
        ),
        branches=(BODY,),
        body="optional",
        output=[{"key": "Ghent", "count": 2, "items": [{"town": "Ghent"}, {"town": "Ghent"}], "total": 7}],
        keywords=("aggregate", "sum"),
    ),
    Described(
        "ChunkListBlock",
        "lists",
        "Cut into batches",
        "batch",
        inputs=(LIST, Field("size", "Items in a batch", "number", required=True, default=100)),
        branches=(BODY,),
        body="optional",
        output=[[1, 2], [3]],
        keywords=("chunk",),
    ),
    Described(
        "FlattenListBlock",
        "lists",
        "Flatten list",
        "flatten",
        inputs=(
            LIST,
            Field("field", "Field", "text", "The lists in this field of each item.", example="lines"),
            _DEPTH,
        ),
        branches=(BODY,),
        body="optional",
        output=[1, 2, 3],
    ),
    Described(
        "FieldValuesBlock",
        "lists",
        "Field values",
        "column",
        inputs=(LIST, _FIELD),
        settings=(yes_no("skip_empty", "Leave out empty ones"),),
        branches=(BODY,),
        body="optional",
        output=["ada@example.com"],
        keywords=("pluck", "column"),
    ),
    Described(
        "ReverseListBlock",
        "lists",
        "Reverse list",
        "reverse",
        inputs=(LIST,),
        branches=(BODY,),
        body="optional",
        output=[2, 1],
    ),
    Described(
        "AppendListBlock",
        "lists",
        "Add item to list",
        "plus",
        inputs=(
            LIST,
            Field("item", "Item", "any", required=True),
            one_of("position", "Where", "", choices(end="At the end", start="At the beginning"), default="end"),
        ),
        branches=(BODY,),
        body="optional",
        output=[1, 2],
        keywords=("append", "push"),
    ),
    Described(
        "LimitBlock",
        "lists",
        "Limit list",
        "limit",
        inputs=(
            LIST,
            Field("limit", "Number of items", "number", required=True, default=10),
            Field("offset", "From", "number", "How many items are passed over.", default=0),
        ),
        output=[{"id": 1}],
        keywords=("take", "slice"),
    ),
    Described(
        "DeduplicateListBlock",
        "lists",
        "Remove duplicates",
        "deduplicate",
        inputs=(LIST, Field("key", "Field", "text", "Empty: whole items are compared.", example="email")),
        settings=(CASE,),
        branches=(BODY,),
        body="optional",
        output=[{"email": "ada@example.com"}],
        keywords=("unique", "distinct"),
    ),
    Described(
        "MergeListsBlock",
        "lists",
        "Merge lists",
        "merge",
        inputs=(_LIST1, _LIST2),
        settings=(
            one_of(
                "merge_strategy",
                "How",
                "",
                choices(merge="One list of both", set="List 2 as children of list 1"),
                default="merge",
            ),
            Field("list1_unique_key", "Key of list 1", shown_when={"merge_strategy": ("merge",)}, other_ids=("key",)),
            Field("list2_unique_key", "Key of list 2", shown_when={"merge_strategy": ("merge",)}),
            one_of(
                "on_duplicate_key",
                "Items with the same key",
                "",
                choices(ignore="Keep that of list 1", merge="Make one of both"),
                default="ignore",
                shown_when={"merge_strategy": ("merge",)},
            ),
            _in_both(merge_strategy="merge", on_duplicate_key="merge"),
            Field("list1_key", "Key of list 1", required=True, shown_when={"merge_strategy": ("set",)}),
            Field("list2_key", "Key of list 2", required=True, shown_when={"merge_strategy": ("set",)}),
            Field(
                "children_key",
                "Field for the children",
                required=True,
                example="lines",
                shown_when={"merge_strategy": ("set",)},
            ),
            CASE,
        ),
        branches=(BODY,),
        body="optional",
        output=[{"id": 1, "name": "Ada", "town": "London"}],
        keywords=("join", "union"),
    ),
    Described(
        "CompareListsBlock",
        "lists",
        "Compare lists",
        "compare",
        inputs=(_LIST1, _LIST2),
        settings=(
            one_of(
                "compare_mode",
                "What comes out",
                "",
                choices(
                    diff="What only list 1 has",
                    intersect="What both have",
                    changes="What was added, removed and changed",
                ),
                default="diff",
                other_ids=("mode",),
            ),
            Field("list1_unique_key", "Key of list 1", "text", "Empty: whole items.", other_ids=("key",)),
            Field("list2_unique_key", "Key of list 2", "text", "Empty: the same."),
            one_of(
                "result_mode",
                "Items in both",
                "",
                choices(list1="As in list 1", merge="One of both"),
                default="list1",
                shown_when={"compare_mode": ("intersect",)},
            ),
            _in_both(compare_mode="intersect", result_mode="merge"),
            CASE,
        ),
        branches=(BODY,),
        body="optional",
        output=[{"id": 1}],
        keywords=("difference", "sync"),
    ),
    Described(
        "ReplaceFieldNamesBlock",
        "lists",
        "Rename fields",
        "rename",
        inputs=(
            LIST,
            Field(
                "mapping",
                "New names",
                "mapping",
                "Old name and new name.",
                required=True,
                example=[{"key": "mail", "value": "email"}],
                default=[],
                other_ids=("fields",),
            ),
        ),
        settings=(
            Field(
                "keepOtherFields", "Other fields", "select", "", choices("keep", "remove"), False, "keep", None, False
            ),
        ),
        branches=(BODY,),
        body="optional",
        output=[{"email": "ada@example.com"}],
    ),
    Described(
        "TransformListBlock",
        "lists",
        "Transform list",
        "transform",
        inputs=(
            LIST,
            Field(
                "mapping",
                "Fields",
                "mapping",
                "Name of a new field, and a formula that reads the item; a dotted name makes objects within.",
                required=True,
                default=[],
                other_ids=("fields",),
            ),
        ),
        settings=(yes_no("keep_other_fields", "Keep the other fields"),),
        branches=(BODY,),
        body="optional",
        output=[{"name": "Ada Lovelace"}],
        keywords=("map",),
    ),
)

_OF_DIFF = {"compare_mode": ("diff",)}

describe(
    Described(
        "CompareObjectBlock",
        "objects",
        "Compare objects",
        "compare",
        inputs=(
            Field("object1", "Object 1", "object", required=True, other_ids=("input1",)),
            Field("object2", "Object 2", "object", required=True, other_ids=("input2",)),
        ),
        settings=(
            one_of(
                "compare_mode",
                "What comes out",
                "",
                choices(diff="Fields that differ", similar="Fields that are alike", changes="What changed from 1 to 2"),
                default="changes",
            ),
            yes_no("ignore_missing_in_object1", "Leave out what object 1 has not", shown_when=_OF_DIFF),
            yes_no("ignore_missing_in_object2", "Leave out what object 2 has not", shown_when=_OF_DIFF),
        ),
        output={"equal": False, "added": {}, "removed": {}, "changed": {"a": {"from": 1, "to": 2}}},
        keywords=("difference",),
    ),
)

describe(
    Described(
        "VariableBlock",
        "variables",
        "Variable",
        "variable",
        fields=(
            Field("variableGuid", "Variable", "variable", required=True, formula=False),
            Field("operations", "Operations", "operations", "One after the other.", required=True, default=[]),
        ),
        keywords=("set", "assign", "counter"),
    ),
)
