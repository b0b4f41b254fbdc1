"""Storages of a tenant's connections: opened, tried again where that helps, checked."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from msgspec import UNSET

from tieline.connectors.files.base import Opening, Storage, storage_kind
from tieline.connectors.files.errors import StorageRefused
from tieline.connectors.manifest.model import Manifest
from tieline.connectors.runtime.account import Account
from tieline.core.errors import Transient
from tieline.security.egress import Egress

ATTEMPTS = 4
T = TypeVar("T")


def is_storage(manifest: Manifest) -> bool:
    """Whether connections of this connector are places for files."""
    return manifest.storage is not UNSET


def opening_of(account: Account, egress: Egress, sandbox: Path | None, *, first: bool = False) -> Opening:
    """What a storage needs of an opened connection."""
    method = account.method()
    defaults = {
        field.id: field.default
        for field in (method.fields if method is not None else [])
        if isinstance(field.default, str | int)
    }
    return Opening(
        answers={**defaults, **_given(account.params), **_given(account.secrets)},
        egress=egress,
        tenant_id=UUID(account.tenant_id),
        method=method.id if method is not None else "",
        sandbox=sandbox,
        first=first,
    )


def storage_of(account: Account, egress: Egress, sandbox: Path | None, *, first: bool = False) -> Storage:
    """The storage of an opened connection; raises `StorageRefused` where it is one of an API."""
    if account.manifest.storage is UNSET:
        raise StorageRefused(
            f"the connector {account.manifest.name!r} keeps no files; choose a connection of one that does"
        )
    opening = opening_of(account, egress, sandbox, first=first)
    return storage_kind(account.manifest.storage.kind).open(opening)


async def tried(account: Account, egress: Egress, sandbox: Path | None) -> Storage:
    """The storage after a look into its root, closed again: with its ``notes``, and what it ``learned``.

    Raises the errors of storages.
    """
    async with storage_of(account, egress, sandbox, first=True) as storage:
        await storage.check()
        return storage


def origin_of_storage(account: Account) -> str:
    """Where the secrets of a connection may be sent; what `Binding` keeps for storages."""
    assert account.manifest.storage is not UNSET
    return storage_kind(account.manifest.storage.kind).origin(account.params)


async def with_patience(
    open_storage: Callable[[], Awaitable[Storage]], work: Callable[[Storage, int], Awaitable[T]]
) -> T:
    """What ``work`` gives on a storage opened for it. What may pass is tried again, each time with a new session.

    ``work`` is told which attempt it is, from 1: what an attempt before did may be there already.
    """
    attempt = 1
    while True:
        try:
            async with await open_storage() as storage:
                return await work(storage, attempt)
        except Transient:
            if attempt == ATTEMPTS:
                raise
        await asyncio.sleep(random.uniform(0, 0.5 * 2.0**attempt))  # noqa: S311 - jitter
        attempt += 1


def _given(answers: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answers.items() if value not in (None, "")}
