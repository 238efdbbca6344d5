"""Fixtures of the made-up run, for the tests of tables and of the report."""

import pytest

from immrecon.config.display import DisplaySpec
from immrecon.tables.results import Results


@pytest.fixture(scope="session")
def spec() -> DisplaySpec:
    from made_up_trial import make_spec

    return make_spec()


@pytest.fixture(scope="session")
def run(spec: DisplaySpec) -> Results:
    from made_up_results import make_results

    return make_results(spec)


@pytest.fixture(scope="session")
def empty_run() -> Results:
    from made_up_results import empty_results

    return empty_results()


@pytest.fixture(scope="session")
def hostile() -> str:
    from made_up_trial import HOSTILE

    return HOSTILE
