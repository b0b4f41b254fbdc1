"""Our signatures against Amazon's own example and against its library."""

from __future__ import annotations

from datetime import UTC, datetime

from tieline.connectors.files.sigv4 import EMPTY, Key, signed

MOMENT = datetime(2013, 5, 24, tzinfo=UTC)


def test_the_example_of_the_documentation() -> None:
    key = Key("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    headers = signed(
        key, MOMENT, "GET", "examplebucket.s3.amazonaws.com", "/test.txt", [], {"range": "bytes=0-9"}, EMPTY
    )
    assert headers["Authorization"].endswith(
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    )
    assert "EXAMPLEKEY" not in repr(key)
