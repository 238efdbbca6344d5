# What every rule shares: the one configuration, where files lie, and the digest of a step's code.

import os
import shlex
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

SCRIPTS = Path(workflow.basedir).parent / "scripts"
sys.path.insert(0, str(SCRIPTS))
# Jobs must import this checkout, and add the same numbers in the same order on any machine.
os.environ.update(PYTHONPATH=str(SCRIPTS))
for name in (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "RAYON_NUM_THREADS",
):
    os.environ[name] = "1"
# Snakemake puts the interpreter into a shell line as it stands; its path may hold a blank.
sys.executable = shlex.quote(sys.executable)

from immrecon.job_server import serve_jobs
from immrecon.layout import FIRST_OUTPUT
from immrecon.lock import take_for_this_process
from immrecon.provenance import code_digest
from immrecon.workflow import Steps, configured, told

with told():
    STEPS = Steps(
        configured(workflow.overwrite_configfiles, workflow.config_settings.config)
    )
LAYOUT = STEPS.layout

# Results and the records of what they were made from stay together, whoever runs this from wherever.
if workflow.is_main_process and workflow.overwrite_workdir is not None:
    raise WorkflowError(
        "the run folder follows from the configuration. Leave out --directory."
    )


workdir: str(STEPS.run_folder)
