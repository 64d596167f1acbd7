"""What is shipped is listed whole: every locked package with its version and hashes."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
LOCKED = re.compile(r"^([a-z0-9][\w.-]*)==([^ ;]+)", re.MULTILINE)


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    out = tmp_path_factory.mktemp("sbom")
    subprocess.run([ROOT / "scripts" / "sbom.sh", out], check=True, timeout=120)
    return {path.name: json.loads(path.read_text()) for path in out.iterdir()}


def test_every_locked_python_package_is_in_it_with_its_hashes(
    lists: dict[str, dict[str, Any]],
) -> None:
    listed = lists["python.cdx.json"]
    assert listed["bomFormat"] == "CycloneDX"
    assert listed["metadata"]["component"]["name"] == "video-reception"
    locked = set(LOCKED.findall((ROOT / "requirements.lock").read_text()))
    found = {(one["name"], one["version"]) for one in listed["components"]}
    assert len(locked) > 40
    assert found == locked
    for one in listed["components"]:
        hashes = [h for ref in one["externalReferences"] for h in ref.get("hashes", ())]
        assert hashes, one["name"]


def test_every_browser_file_is_from_a_package_in_it(lists: dict[str, dict[str, Any]]) -> None:
    wanted = json.loads((ROOT / "package.json").read_text())["dependencies"]
    listed = lists["browser.cdx.json"]["components"]
    assert {one["name"]: one["version"] for one in listed} == wanted
    assert all(one["hashes"] for one in listed)
