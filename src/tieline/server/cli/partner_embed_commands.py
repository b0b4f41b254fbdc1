"""``tieline partners keys`` and ``tieline partners origins``: what a partner has registered to sign people on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from tieline.core.clock import iso
from tieline.core.errors import BadInput, NotFound
from tieline.server.cli.common import AsJson, read_document, say, say_json, table
from tieline.server.cli.partners_commands import AppId, _here, _record, partners

keys = typer.Typer(no_args_is_help=True, help="Public keys with which a partner signs sign-on tokens.")
origins = typer.Typer(no_args_is_help=True, help="Origins of the pages that may embed Tieline.")
partners.add_typer(keys, name="keys")
partners.add_typer(origins, name="origins")


@keys.command("ls")
def list_keys(app_id: AppId, as_json: AsJson = False) -> None:
    """List the public keys of a partner."""

    async def work(unit: Any, partner: dict[str, Any]) -> list[dict[str, Any]]:
        from tieline.oem.sso import keys as rules

        return [_shown(row) for row in await rules.listed(unit, partner["id"])]

    found = _of(app_id, work)
    if as_json:
        say_json(found)
        return
    rows = ((one["kid"], one["algorithm"], one["createdAt"], "revoked" if one["revoked"] else "") for one in found)
    table(rows, "KID", "ALGORITHM", "SINCE", "")


@keys.command("add")
def add_key(
    app_id: AppId,
    file: Annotated[Path, typer.Argument(help="A JWK or PEM file; - reads standard input.")],
    kid: Annotated[str, typer.Option(help="Its name in tokens; else the JWK's, else its thumbprint.")] = "",
    as_json: AsJson = False,
) -> None:
    """Register a public key: Ed25519 or RSA."""
    import json

    try:
        text = read_document(file).decode()
    except UnicodeDecodeError:
        raise BadInput(f"{file} is no text; a key has to be a JWK or PEM") from None
    try:
        given = json.loads(text) if text.lstrip().startswith("{") else text
    except (ValueError, RecursionError):
        raise BadInput(f"{file} is neither a JWK nor PEM") from None

    async def work(unit: Any, partner: dict[str, Any]) -> dict[str, Any]:
        from tieline.oem.sso import keys as rules

        row = await rules.add(unit, partner["id"], given, kid=kid)
        await _record(unit, partner["id"], "partner-key.registered", row["kid"])
        return _shown(row)

    made = _of(app_id, work)
    if as_json:
        say_json(made)
    else:
        say(made["kid"])


@keys.command("rm")
def remove_key(app_id: AppId, key: Annotated[str, typer.Argument(help="Kid or id of the key.")]) -> None:
    """Revoke a public key: tokens signed with it are refused from now on."""

    async def work(unit: Any, partner: dict[str, Any]) -> None:
        from tieline.oem.sso import keys as rules

        try:
            row = await rules.revoke(unit, partner["id"], key)
        except NotFound:
            raise BadInput(f"there is no such key; `tieline partners keys ls {app_id}` shows them") from None
        await _record(unit, partner["id"], "partner-key.revoked", row["kid"])

    _of(app_id, work)


@origins.command("ls")
def list_origins(app_id: AppId, as_json: AsJson = False) -> None:
    """List the origins of a partner."""

    async def work(_: Any, partner: dict[str, Any]) -> list[str]:
        from tieline.oem.sso import embedding

        found: list[str] = embedding.origins_of(partner["settings"])
        return found

    _tell(_of(app_id, work), as_json)


@origins.command("add")
def add_origins(
    app_id: AppId,
    wanted: Annotated[list[str], typer.Argument(metavar="ORIGIN...", help="Like https://app.example.com.")],
    as_json: AsJson = False,
) -> None:
    """Let pages of these origins embed Tieline."""

    async def work(unit: Any, partner: dict[str, Any]) -> list[str]:
        from tieline.oem.sso import embedding

        return await _put(unit, partner, [*embedding.origins_of(partner["settings"]), *wanted])

    _tell(_of(app_id, work), as_json)


@origins.command("rm")
def remove_origins(
    app_id: AppId,
    unwanted: Annotated[list[str], typer.Argument(metavar="ORIGIN...", help="As `ls` shows them.")],
    as_json: AsJson = False,
) -> None:
    """Let pages of these origins embed Tieline no more; their sessions end within a second."""

    async def work(unit: Any, partner: dict[str, Any]) -> list[str]:
        from tieline.oem.sso import embedding

        known = embedding.origins_of(partner["settings"])
        if strange := [one for one in unwanted if one not in known]:
            raise BadInput(f"{strange[0]!r} is none of them; `tieline partners origins ls {app_id}` shows them")
        return await _put(unit, partner, [one for one in known if one not in unwanted])

    _tell(_of(app_id, work), as_json)


async def _put(unit: Any, partner: dict[str, Any], wanted: list[str]) -> list[str]:
    from tieline.oem.sso import embedding

    kept: list[str] = await embedding.put_origins(unit, partner["id"], wanted)
    await _record(unit, partner["id"], "embed-settings.updated", detail={"origins": kept})
    return kept


def _tell(kept: list[str], as_json: bool) -> None:
    if as_json:
        say_json(kept)
        return
    for one in kept:
        say(one)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": str(row["id"]),
        "kid": row["kid"],
        "algorithm": row["algorithm"],
        "createdAt": iso(row["created_at"]),
        "revoked": row["revoked_at"] is not None,
    }


def _of(app_id: str, work: Callable[[Any, dict[str, Any]], Awaitable[Any]]) -> Any:
    """Runs ``work`` with a unit of the system and the partner's row."""

    async def run(platform: Any) -> Any:
        from tieline.oem.sso import embedding

        async with platform.database.system() as unit:
            try:
                partner = await embedding.find(unit, app_id)
            except NotFound:
                raise BadInput(
                    f"There is no partner with the app id {app_id!r}; `tieline partners ls` shows them."
                ) from None
            return await work(unit, partner)

    return _here(run)
