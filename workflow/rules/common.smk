# What every rule shares: the one configuration, where files lie, and the digest of a step's code.

import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

SCRIPTS = Path(workflow.basedir).parent / "scripts"
sys.path.insert(0, str(SCRIPTS))
# Jobs must import this checkout, and add the same numbers in the same order on any machine.
os.environ["PYTHONPATH"] = str(SCRIPTS)
for name in (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "POLARS_MAX_THREADS",
):
    os.environ[name] = "1"

from immrecon.config.load import load_study
from immrecon.errors import ImmreconError
from immrecon.provenance import code_digest
from immrecon.workflow import Steps, configured

try:
    STEPS = Steps(
        configured(workflow.overwrite_configfiles, workflow.config_settings.config)
    )
except ImmreconError as error:
    raise WorkflowError(str(error))
LAYOUT = STEPS.layout
