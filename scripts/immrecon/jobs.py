"""The frame around every script: the only module that knows the `snakemake` object."""

import contextlib
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import immrecon
from immrecon.errors import ContractError, ImmreconError
from immrecon.provenance import source_digest

LOGGER = logging.getLogger("immrecon")


@contextlib.contextmanager
def job(snakemake: Any) -> Iterator[Any]:
    """Log to the rule's log file, refuse another copy of the code, and end on errors with one line for the user.

    Logs carry no clock, so that they too are the same on every run.
    """
    log = Path(str(snakemake.log[0]))
    log.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(log, mode="w", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.INFO)
    try:
        _refuse_other_code(snakemake)
        yield snakemake
    except ImmreconError as error:
        LOGGER.error("%s", error)
        print(f"immrecon error in {snakemake.rule}: {error}", file=sys.stderr)
        sys.exit(1)
    except Exception as error:
        # A fault of ours: the trace goes to the log, and the one line that names it to whoever started the run.
        LOGGER.exception("not foreseen")
        text = " ".join(str(error).split())
        print(f"immrecon fault in {snakemake.rule}: {type(error).__name__}: {text}", file=sys.stderr)
        sys.exit(1)
    finally:
        LOGGER.removeHandler(handler)
        handler.close()


def _refuse_other_code(snakemake: Any) -> None:
    """The package that was imported must be the one whose digest decided that this job runs."""
    imported = Path(immrecon.__file__).resolve().parents[1]
    if not snakemake.params.code.startswith(source_digest(snakemake.rule, imported)):
        raise ContractError(
            f"the code imported from {imported} is not the code of this workflow (or was edited during the run). "
            "Hint: remove the other installed copy of immrecon, or run again."
        )
