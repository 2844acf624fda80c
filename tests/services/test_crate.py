"""The run crate before the validator of its own profile (pip: roc-validator)."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.conftest import unavailable
from tests.unit.test_evidence import GIVEN, results, write  # noqa: F401

pytestmark = pytest.mark.services

PROFILE = "workflow-run-crate-0.5"
#: What a crate without an author says nothing of, and what is no file of a run.
ADVICE = {
    "The Application SHOULD have a url",
    "The SoftwareApplication id SHOULD be an absolute URI",
    "The README.md SHOULD be about the crate",
    "The README.md SHOULD have text/markdown as its encodingFormat",
    "The `publisher` property of a `Root Data Entity` SHOULD be an `Organization`",
    "The author SHOULD have an organizational affiliation.",
    "The author SHOULD have a Contextual Entity which specifies the organizational "
    "`affiliation`.",
}


@pytest.fixture(scope="module")
def validator(tmp_path_factory):
    """Issues of a crate, as (severity, message); the validator asks no network."""
    python = os.environ.get("EVENFOLD_CRATES")
    if not python:
        unavailable("a Python with roc-validator and rocrate (EVENFOLD_CRATES)")
    folder = tmp_path_factory.mktemp("crates")
    script = Path(__file__).with_name("crates.py")
    subprocess.run([python, str(script), str(folder / "cache")], check=True)

    def issues(crate: Path) -> set[tuple[str, str]]:
        told = folder / "told.json"
        subprocess.run(
            [Path(python).with_name("rocrate-validator"), "-y", "validate",
             "--cache-path", folder / "cache", "--offline", "--skip-availability-check",
             "--no-paging", "-p", PROFILE, "-l", "recommended", "-f", "json",
             "-o", told, crate],
            cwd=folder, capture_output=True,
        )  # fmt: skip
        found = json.loads(told.read_text())["issues"]
        return {(issue["severity"], issue["message"]) for issue in found}

    return issues


def test_the_crate_is_a_workflow_run_crate(results, validator):  # noqa: F811
    write(results, {**GIVEN, "authors": "A. Author", "title": "A run"})
    found = validator(results.folder)
    assert [told for severity, told in found if severity == "REQUIRED"] == []
    assert {told for _, told in found} <= ADVICE
    # The validator validates: a crate without its workflow is none.
    path = results.path("crate")
    path.write_text(path.read_text().replace("ComputationalWorkflow", "SoftwareApp"))
    assert "REQUIRED" in {severity for severity, _ in validator(results.folder)}
