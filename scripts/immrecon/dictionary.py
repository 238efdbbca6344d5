"""The data dictionary: every table, its grain, its columns, generated from the contracts."""

from immrecon.contracts.analysis import ANALYSIS
from immrecon.contracts.base import Contract
from immrecon.contracts.export import EXPORTS
from immrecon.contracts.harmonised import HARMONISED
from immrecon.contracts.results import RESULTS

_HEAD = """\
# Results: what is where

A run writes `results/<study>/<cut>/`. Upper-case columns are participant-level (and stay where the data stay);
lower-case columns are results. This page is generated from the code.

| file | what it is |
| --- | --- |
| `report/closed/report.html` | the report: one file, opens from disk without a network |
| `figures/` | every figure as SVG, PDF and PNG |
| `tables/` | every table as HTML and CSV |
| `estimates/*.parquet` | the numbers behind them, one tidy table per kind of result |
| `analysis/<table>/*.parquet` | ADaM-like datasets, one folder of parts per table |
| `harmonised/<table>/*.parquet` | what was read, one row shape for every source, each row with its source cell |
| `export/*.csv` | tables for joint models in R, at participant level (display ids); they stay where the data stay |
| `harmonised/queries_*.parquet` | every query, with file, sheet, row, column, value, what is wrong and a hint |
| `harmonised/query_log.parquet` | the same with site, identifier, and whether new, still open or resolved |
| `queries/queries.xlsx` | the queries to work with: all, by site, resolved; never for an open session |
| `queries/by_site/*.csv` | the same for each site, UTF-8 as Excel opens it; a site gets its own file only |
| `queries/ids.csv` | identifier, kind and severity of each query: what `compared_with` of a later cut names |
| `harmonised/cells.parquet` | the account of every lab cell: the counts add up |
| `inputs.json`, `sources.json`, `run_config.yaml` | what the run was made from, with digests |
| `manifest.json` | SHA-256 of every output but itself and `run.json` |
| `run.json` | commit, machine and time: the one file that differs between runs |
| `logs/` | rows and participants in and out of every step |

Read a table with `polars.read_parquet("results/<study>/<cut>/estimates/landmarks.parquet")`, or a folder of parts with
`polars.read_parquet("results/<study>/<cut>/analysis/adtte/*.parquet")`. Days count from the clock that the column
names; transplant medicine has a day 0. Missing is null, never NaN.
"""


def data_dictionary() -> str:
    """Markdown; the same code gives the same bytes."""
    parts = [_HEAD]
    for title, contracts in (
        ("Harmonised", HARMONISED),
        ("Analysis datasets", ANALYSIS),
        ("Estimates", RESULTS),
        ("Tables for other software", EXPORTS),
    ):
        parts.append(f"\n## {title}\n")
        parts += [_table(contract) for contract in contracts]
    return "".join(parts)


def _table(contract: Contract) -> str:
    keys = contract.schema.primary_key()
    ending = ".csv" if contract.layer == "export" else "/*.parquet" if contract.participant_level else ".parquet"
    path = f"{contract.layer}/{contract.name}{ending}"
    lines = [
        f"\n### {contract.name}\n\n{contract.grain} `{path}`, schema version {contract.schema_version}, "
        f"key {', '.join(f'`{key}`' for key in keys)}.\n\n",
        "| column | type | unit | description |\n| --- | --- | --- | --- |\n",
    ]
    for name, column in contract.schema.columns().items():
        metadata = column.metadata or {}
        values = metadata.get("values")
        description = (column.description or "") + (f" ({', '.join(values)})" if values else "")
        kind = f"{column.dtype}{', may be missing' if column.nullable else ''}"
        lines.append(f"| `{name}` | {kind} | {metadata.get('unit', '')} | {description} |\n")
    return "".join(lines)
