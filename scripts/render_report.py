"""One self-contained HTML report."""

from immrecon.config.display import DisplaySpec
from immrecon.contracts.io import write_text
from immrecon.jobs import job
from immrecon.report.build import render_report
from immrecon.sources import read_json
from immrecon.tables.results import read_results

with job(snakemake) as j:
    spec = DisplaySpec.model_validate(j.params.spec)
    html = render_report(read_results(j.input), j.input.figures, spec, read_json(j.input.inputs))
    write_text(html, j.output.report)
