"""The synthetic study: a SMART101-like trial with known truth, as hospitals and laboratories really send it.

`simulate_study()` draws the study once, up to the last extract; `write_demo()` writes what each data cut
would have received, and `truth.yaml`. No person stands behind any record. The dependence is one way: nothing
else in the package needs this folder.
"""

from immrecon.simulate.parameters import StudyParameters
from immrecon.simulate.study import Study, simulate_study, write_demo

__all__ = ["Study", "StudyParameters", "simulate_study", "write_demo"]
