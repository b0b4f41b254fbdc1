"""A worker on the real database whose blocks reach the servers of `servers` and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from tests.automations.blocks.servers import Mailbox, Web, serving_mail, serving_web
from tests.automations.engine.documents import document
from tests.automations.runs.conftest import Bench, bench, working
from tests.security.egress.certificates import Authority
from tieline.core import json
from tieline.security.egress import Policy
from tieline.security.vault import Vault, parse_keys
from tieline.storage.database import Database

__all__ = ["bench"]


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority("mail test")


@pytest.fixture(scope="session")
def ca_file(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authority.write(tmp_path_factory.mktemp("ca") / "ca.pem")


@dataclass
class Place:
    """A tenant with a worker, and the servers that its blocks reach."""

    bench: Bench
    web: Web
    mail: Mailbox
    vault: Vault

    @property
    def database(self) -> Database:
        return self.bench.database

    async def run(self, *entries: Any, inputs: Any = None, variables: dict[str, str] | None = None) -> dict[str, Any]:
        """A new automation, run once to its end; gives the run's row, with ``shown`` its output."""
        return shown(await self.bench.run(document(*entries, variables=variables), inputs))

    async def error(self, *entries: Any, inputs: Any = None) -> dict[str, Any]:
        """The one error with which the run fails."""
        row = await self.run(*entries, inputs=inputs)
        assert row["status"] == "failed", row["shown"]
        (error,) = row["error"]
        assert isinstance(error, dict)
        return error


def shown(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "shown": json.loads(row["output"]) if row["output"] else []}


@pytest.fixture
async def place(
    bench: Bench, database: Database, authority: Authority, ca_file: Path, tmp_path: Path
) -> AsyncIterator[Place]:
    vault = Vault(parse_keys(Vault.generate_key()))
    policy = Policy(allow=(ip_network("127.0.0.0/8"),), ca_file=str(ca_file))
    async with (
        serving_web() as web,
        serving_mail(authority.context()) as mail,
        working(database, vault=vault, policy=policy, sandbox=tmp_path / "files"),
    ):
        yield Place(bench, web, mail, vault)
