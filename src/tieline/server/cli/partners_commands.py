"""``tieline partners``: on the database itself, so that the first key needs no key."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any
from uuid import UUID

import typer

from tieline.core.clock import iso
from tieline.core.errors import BadInput
from tieline.server.cli import app
from tieline.server.cli.common import AsJson, say, say_json, table

partners = typer.Typer(no_args_is_help=True, help="Partners, who embed Tieline in their own product.")
app.add_typer(partners, name="partners")

AppId = Annotated[str, typer.Argument(help="The partner's app id, as it is sent in X-App-Id.")]


@partners.command()
def create(
    app_id: AppId,
    name: Annotated[str, typer.Option(help="What people call the partner.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make a partner and its API key, which is shown this once."""
    if not app_id.strip() or len(app_id) > 200 or "\0" in app_id:
        raise BadInput("An app id has 1 to 200 characters.")

    async def work(platform: Any) -> dict[str, str]:
        from tieline.tenancy import partners as rules

        async with platform.database.system() as unit:
            partner_id = await rules.create(unit, name=name or app_id, app_id=app_id)
            key = await rules.issue_key(unit, platform.vault, partner_id)
            await _record(unit, partner_id, "partner.created", name=name or app_id)
        return {"id": str(partner_id), "appId": app_id, "apiKey": key}

    _tell(_here(work), as_json)


@partners.command()
def key(app_id: AppId, as_json: AsJson = False) -> None:
    """Give a partner a new API key, which is shown this once; the old one stops working within a second."""

    async def work(platform: Any) -> dict[str, str]:
        from tieline.tenancy import partners as rules

        async with platform.database.system() as unit:
            row = await rules.find(unit, app_id)
            if row is None:
                raise BadInput(f"There is no partner with the app id {app_id!r}; `tieline partners ls` shows them.")
            made = await rules.issue_key(unit, platform.vault, row["id"])
            await _record(unit, row["id"], "partner.key-issued", name=row["name"])
        return {"id": str(row["id"]), "appId": app_id, "apiKey": made}

    _tell(_here(work), as_json)


@partners.command()
def ls(as_json: AsJson = False) -> None:
    """List the partners."""

    async def work(platform: Any) -> list[dict[str, Any]]:
        from tieline.tenancy import partners as rules

        async with platform.database.system() as unit:
            rows = await rules.listed(unit)
        return [
            {
                "appId": row["app_id"],
                "name": row["name"],
                "hasKey": row["has_key"],
                "createdAt": iso(row["created_at"]),
            }
            for row in rows
        ]

    found = _here(work)
    if as_json:
        say_json(found)
        return
    rows = ((one["appId"], one["name"], "yes" if one["hasKey"] else "no", one["createdAt"]) for one in found)
    table(rows, "APP ID", "NAME", "KEY", "SINCE")


async def _record(unit: Any, partner_id: UUID, action: str, subject_id: str = "", **more: Any) -> None:
    """As the partner's API records it, with nobody but the command line as the actor."""
    from tieline.tenancy import audit

    subject = f"{action.rpartition('.')[0]}:{subject_id or partner_id}"
    await audit.record_of_partner(unit, partner_id, None, action=action, subject=subject, **more)


def _tell(made: dict[str, str], as_json: bool) -> None:
    if as_json:
        say_json(made)
        return
    say(f"X-App-Id: {made['appId']}")
    say(f"X-Api-Key: {made['apiKey']}")


def _here(work: Any) -> Any:
    from tieline.server.platform import Platform
    from tieline.server.settings import Settings

    async def run() -> Any:
        async with Platform.open(Settings(), pool_size=1) as platform:
            return await work(platform)

    return asyncio.run(run())
