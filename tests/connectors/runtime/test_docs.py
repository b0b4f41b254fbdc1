"""docs/reference/runtime.md is held against the program."""

from __future__ import annotations

from tests.fixtures.markdown import read
from tests.fixtures.shared import ROOT
from tieline.connectors.runtime.auth import KINDS
from tieline.connectors.runtime.paging import STYLES
from tieline.connectors.runtime.transports.base import TRANSPORTS


def test_each_auth_kind_transport_and_paging_style_has_its_heading_and_no_other() -> None:
    headings = read(ROOT / "docs" / "reference" / "runtime.md").headings
    auth = headings.index("Auth kinds")
    transports = headings.index("Transports")
    paging = headings.index("Paging styles")
    after = headings.index("Since")
    assert set(headings[auth + 1 : transports]) == set(KINDS)
    assert set(headings[transports + 1 : paging]) == set(TRANSPORTS)
    assert set(headings[paging + 1 : after]) == set(STYLES)
