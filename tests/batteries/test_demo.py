"""`tieline demo`: the figures that a newcomer is promised."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.alone, pytest.mark.battery, pytest.mark.timeout(300)]


def test_the_demo_keeps_its_promises_on_a_fresh_and_on_a_used_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o711)
    folder = tmp_path / "a folder with a space"
    folder.mkdir()
    folder.chmod(0o711)
    for time in ("first", "second"):
        done = subprocess.run(
            [sys.executable, "-m", "tieline", "demo", "--headless", "--json", "--port", "0", "--registrations", "300"],
            cwd=folder,
            env={**os.environ, "TIELINE_DATA_DIR": str(folder / ".tieline")},
            capture_output=True,
            text=True,
            timeout=140,
            check=False,
        )
        assert done.returncode == 0, (time, done.stderr)
        result = json.loads(done.stdout)
        assert [entry["name"] for entry in result["connectors"]] == ["gather", "dialbook"]
        run, second = result["run"], result["second_run"]
        assert (run["status"], run["records"], run["created"], run["kills"]) == ("finished", 300, 300, 1)
        assert (run["lost"], run["duplicated"], run["mismatched"]) == (0, 0, 0)
        assert run["resumed_after_s"] <= 15
        assert run["refetched_pages"] <= 1
        assert (second["status"], second["records"], second["lost"], second["duplicated"]) == ("finished", 7, 0, 0)
