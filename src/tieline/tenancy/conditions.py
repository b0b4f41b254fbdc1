"""From the tree of a filter to the condition of a SELECT."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from tieline.core.filters import Attribute, Both, Comparison, Either, Negation, Node, Present

Filters = Mapping[str, tuple[Attribute, ColumnElement[Any]]]


def condition(node: Node, filters: Filters) -> ColumnElement[bool]:
    """The SQL of a filter. Each part of it is true or false, never NULL, so that ``not`` means what it says."""
    match node:
        case Both(parts):
            return sa.and_(*(condition(part, filters) for part in parts))
        case Either(parts):
            return sa.or_(*(condition(part, filters) for part in parts))
        case Negation(part):
            return sa.not_(condition(part, filters))
        case Present(name):
            return _present(filters[name][1])
        case Comparison(name):
            attribute, column = filters[name]
            return _comparison(column, attribute, node)


def _present(column: ColumnElement[Any]) -> ColumnElement[bool]:
    if isinstance(column.type, sa.Text):
        return sa.and_(column.is_not(None), column != "")
    return column.is_not(None)


def _comparison(column: ColumnElement[Any], attribute: Attribute, node: Comparison) -> ColumnElement[bool]:
    if node.value is None:
        return column.is_(None) if node.operator == "eq" else column.is_not(None)
    if isinstance(column.type, sa.Uuid):
        return _identity_comparison(column, node)
    if attribute.kind == "text":
        return _text_comparison(column, str(node.value), node.operator, exact=attribute.exact)
    value: Any = node.value
    if isinstance(value, datetime):
        value = sa.literal(value, type_=sa.DateTime(timezone=True))
    return _ordered(column, value, node.operator)


def _ordered(column: ColumnElement[Any], value: Any, operator: str) -> ColumnElement[bool]:
    match operator:
        case "eq":
            return sa.and_(column.is_not(None), column == value)
        case "ne":
            return column.is_distinct_from(value)
        case "gt":
            return sa.and_(column.is_not(None), column > value)
        case "ge":
            return sa.and_(column.is_not(None), column >= value)
        case "lt":
            return sa.and_(column.is_not(None), column < value)
        case _:
            return sa.and_(column.is_not(None), column <= value)


def _identity_comparison(column: ColumnElement[Any], node: Comparison) -> ColumnElement[bool]:
    """Ids are compared as ids where they are, so that an index serves; a text that is no id equals none."""
    if node.operator not in {"eq", "ne"}:
        return _text_comparison(sa.cast(column, sa.Text), str(node.value).lower(), node.operator, exact=True)
    try:
        identifier = UUID(str(node.value))
    except ValueError:
        return sa.false() if node.operator == "eq" else sa.true()
    return _ordered(column, identifier, node.operator)


def _text_comparison(column: ColumnElement[Any], value: str, operator: str, *, exact: bool) -> ColumnElement[bool]:
    left: ColumnElement[Any] = column if exact else sa.func.lower(column)
    right: ColumnElement[Any] = sa.literal(value, type_=sa.Text)
    if not exact:
        right = sa.func.lower(right)
    match operator:
        case "co":
            return sa.and_(column.is_not(None), sa.func.strpos(left, right) > 0)
        case "sw":
            return sa.and_(column.is_not(None), sa.func.starts_with(left, right))
        case "ew":
            return sa.and_(column.is_not(None), sa.func.right(left, sa.func.length(right)) == right)
        case _:
            return _ordered(left, right, operator)
