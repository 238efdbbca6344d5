"""Generated files are in step with the code."""

from pathlib import Path

from immrecon.config.schema import config_schema
from immrecon.contracts.analysis import ANALYSIS
from immrecon.contracts.harmonised import HARMONISED
from immrecon.contracts.results import RESULTS
from immrecon.dictionary import data_dictionary
from immrecon.layout import ESTIMATES

REPOSITORY = Path(__file__).resolve().parents[2]


def test_data_dictionary_is_in_step():
    assert (REPOSITORY / "results" / "README.md").read_text() == data_dictionary(), "run `make generated`"


def test_config_schema_is_in_step():
    assert (REPOSITORY / "config" / "schema.json").read_text() == config_schema(), "run `make generated`"


def test_every_contract_has_a_grain_a_key_and_descriptions():
    for contract in HARMONISED + ANALYSIS + RESULTS:
        assert contract.grain.startswith("One row per")
        assert contract.grain.endswith(".")
        assert contract.schema.primary_key(), contract.name
        for name, column in contract.schema.columns().items():
            assert column.description, f"{contract.name}.{name}"
            upper = contract.layer != "estimates" and contract.name != "cells"
            assert name.isupper() == upper, f"{contract.name}.{name}: the case of a column tells its layer"


def test_layout_lists_every_result_table():
    assert sorted(ESTIMATES) == sorted(contract.name for contract in RESULTS)


def test_participant_level_tables_are_keyed_by_participant():
    for contract in HARMONISED + ANALYSIS + RESULTS:
        if contract.participant_level:
            assert "USUBJID" in contract.schema.primary_key()
        elif contract.layer == "estimates":
            assert "USUBJID" not in contract.schema.column_names()
