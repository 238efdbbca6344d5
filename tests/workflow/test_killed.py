"""A run killed at a random moment and started again by the same command ends in the same bytes.

`tests/workflow/kill_many.py` does this many times; here it is done once for the parent alone and once for the whole
process group.
"""

import pytest

from .conftest import REPOSITORY, Checkout, contents, differing, lean, study_folder
from .kill_many import kill_once


@pytest.mark.parametrize(("whole_group", "after_seconds"), [(False, 4.0), (True, 7.0)], ids=["parent", "group"])
def test_killed_and_started_again(lean_demo, tmp_path, whole_group, after_seconds):
    study_folder(REPOSITORY / "config", tmp_path / "study")
    lean(tmp_path / "study")
    checkout = Checkout(REPOSITORY, tmp_path)
    kill_once(checkout.command(), tmp_path, checkout.environment(), whole_group, after_seconds)
    run = checkout.report()
    assert run.returncode == 0, run.stdout + run.stderr
    assert differing(contents(lean_demo.results()), contents(checkout.results())) == []
