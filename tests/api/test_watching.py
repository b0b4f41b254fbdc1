"""The alerts and the dashboard of ``deploy/`` look at metrics that a server really serves, by labels that they have."""

from __future__ import annotations

import re

import promql_parser
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.api.conftest import NO_LIMIT, Parts, Tenant, client, serving
from tests.test_deploy import alerts, dashboard, expressions
from tieline.server.app import create_app

pytestmark = pytest.mark.anyio

# What Prometheus adds to every metric, and the one that it makes itself.
ADDED = {"job", "instance"}


def selectors(expression: str) -> list[promql_parser.VectorSelector]:
    found: list[promql_parser.VectorSelector] = []

    def visit(node: object) -> bool:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)
        return True

    promql_parser.walk(promql_parser.parse(expression), visit)
    return found


async def test_what_is_watched_is_served(parts: Parts, tenant: Tenant) -> None:
    async with serving(create_app(parts, tiers=NO_LIMIT)) as where, client(where, tenant.key) as api:
        await api.get("/nothing")
        text = (await api.get("/metrics")).text + (await api.get("/metrics")).text
    labels: dict[str, set[str]] = {"up": set()}
    said = re.findall(r"^# TYPE (\S+) ", text, re.MULTILINE)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels.setdefault(sample.name, set()).update(sample.labels)
    watched = {}
    for expression in expressions():
        for selector in selectors(expression):
            name = selector.name or ""
            watched[name] = expression
            asked = {matcher.name for matcher in selector.matchers.matchers} - ADDED
            if name in labels:
                assert asked <= labels[name], expression
            else:  # a counter with labels has no sample before it first counts
                assert name.removesuffix("_total") in {one.removesuffix("_total") for one in said}, expression
    assert len(watched) > 20
    assert (
        not {name for name in said if name.startswith("tieline_")}
        - {family for name in watched for family in (name, name.removesuffix("_bucket"), name.removesuffix("_total"))}
        - {"tieline_http_request_seconds_created", "tieline_http_requests_created"}
    )
    assert {rule["alert"] for rule in alerts()}
    assert dashboard()["uid"] == "tieline"
