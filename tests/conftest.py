"""What all tests share: where the repository is, and skips that fail where they must not happen."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED = REPOSITORY.parent / "shared"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """In CI a skipped test that is marked `required_in_ci` is a failure: what it needs must be there."""
    outcome = yield
    report = outcome.get_result()
    if report.skipped and os.environ.get("CI") == "true" and item.get_closest_marker("required_in_ci"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} must run in CI, but was skipped: {report.longrepr}"


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets that stands beside the repository."""
    if not SHARED.is_dir():
        pytest.skip("the shared folder with real data sets is not beside the repository")
    return SHARED / "data"
