"""Records in memory: by id, by look-up field, and in sorted views that live until the next change."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, Protocol, TypeVar


class Row(Protocol):
    """``id`` never changes; two rows never share one."""

    @property
    def id(self) -> Any: ...


R = TypeVar("R", bound=Row)
Key = Callable[[Any], Any]
Where = tuple[tuple[str, Any], ...]
_VIEWS = 8


class Table(Generic[R]):
    """``lookups`` names the fields that are found without a scan; a look-up value of None is not kept."""

    def __init__(self, lookups: Mapping[str, Key] | None = None) -> None:
        self.rows: dict[Any, R] = {}
        self.lookups: dict[str, Key] = dict(lookups or {})
        self._found: dict[str, dict[Any, R | list[R]]] = {name: {} for name in self.lookups}
        self._views: dict[tuple[str, Where], list[R]] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[R]:
        return iter(self.rows.values())

    def get(self, key: Any) -> R | None:
        return self.rows.get(key)

    def by(self, lookup: str, value: Any) -> list[R]:
        """Rows with that value, oldest first."""
        found = self._found[lookup].get(value)
        if found is None:
            return []
        return list(found) if isinstance(found, list) else [found]

    def add(self, row: R) -> R:
        self.rows[row.id] = row
        for name, key in self.lookups.items():
            self._link(name, key(row), row)
        self._views.clear()
        return row

    def change(self, row: R, changes: Mapping[str, Any]) -> None:
        """Sets fields and keeps look-ups right."""
        before = {name: key(row) for name, key in self.lookups.items()}
        for field, value in changes.items():
            setattr(row, field, value)
        for name, key in self.lookups.items():
            after = key(row)
            if after != before[name]:
                self._unlink(name, before[name], row)
                self._link(name, after, row)
        self._views.clear()

    def remove(self, row: R) -> None:
        del self.rows[row.id]
        for name, key in self.lookups.items():
            self._unlink(name, key(row), row)
        self._views.clear()

    def view(self, sort: str, where: Where = (), keep: Callable[[R], bool] | None = None) -> list[R]:
        """Rows that ``keep`` accepts in the order of ``sort``, then id.

        ``where`` names the filter for the cache; a pair of it whose name is a look-up narrows the scan.
        """
        known = self._views.get((sort, where))
        if known is not None:
            return known
        narrowed = next((self.by(name, value) for name, value in where if name in self.lookups), None)
        rows = list(self.rows.values()) if narrowed is None else narrowed
        if keep is not None:
            rows = [row for row in rows if keep(row)]
        rows.sort(key=_sort_key(sort))
        if len(self._views) >= _VIEWS:
            self._views.pop(next(iter(self._views)))
        self._views[sort, where] = rows
        return rows

    def _link(self, name: str, value: Any, row: R) -> None:
        if value is None:
            return
        index = self._found[name]
        present = index.get(value)
        if present is None:
            index[value] = row
        elif isinstance(present, list):
            present.append(row)
        else:
            index[value] = [present, row]

    def _unlink(self, name: str, value: Any, row: R) -> None:
        index = self._found[name]
        present = index.get(value)
        if present is row:
            del index[value]
        elif isinstance(present, list):
            rest = [other for other in present if other is not row]
            index[value] = rest if len(rest) > 1 else rest[0]


def after(rows: list[R], sort: str, last: tuple[Any, Any] | None, limit: int, descending: bool) -> tuple[list[R], bool]:
    """Keyset page of an ascending view: rows behind ``last`` (sort value, id) and whether more follow."""
    key = _sort_key(sort)
    if descending:
        end = len(rows) if last is None else bisect_left(rows, last, key=key)
        return rows[max(0, end - limit) : end][::-1], end > limit
    start = 0 if last is None else bisect_right(rows, last, key=key)
    return rows[start : start + limit], start + limit < len(rows)


def _sort_key(field: str) -> Callable[[Any], tuple[Any, Any]]:
    def key(row: Any) -> tuple[Any, Any]:
        return getattr(row, field), row.id

    return key
