"""What all tests share: where the repository is, and skips that fail where they must not happen."""

import fcntl
import os
import shutil
from collections.abc import Callable
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


@pytest.fixture(scope="session")
def made_once(tmp_path_factory) -> Callable[[str, Callable[[Path], None]], Path]:
    """A folder by name, made by the first test process that asks for it; the others wait and share it."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def folder(name: str, make: Callable[[Path], None]) -> Path:
        made, done = base / name, base / f"{name}.done"
        with (base / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                shutil.rmtree(made, ignore_errors=True)  # what a failed one left
                made.mkdir()
                make(made)
                done.touch()
        return made

    return folder


@pytest.fixture(scope="session", autouse=True)
def every_kind_of_query_has_words():
    """Any table of queries that a test makes or reads: a kind without words in `queries.rules` fails the test.

    A run goes on with words made from the severity; the tests are where a new kind must be given its own.
    """
    from immrecon.contracts.harmonised import QUERIES_CLINICAL, Queries
    from immrecon.queries.rules import RULES

    assert QUERIES_CLINICAL.schema is Queries
    original = Queries.filter

    def checked(frame, **options):
        unknown = sorted(set(frame["QUKIND"]) - RULES.keys())
        assert not unknown, f"kinds of query without words in immrecon.queries.rules.RULES: {', '.join(unknown)}"
        return original(frame, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Queries, "filter", staticmethod(checked))
        yield
