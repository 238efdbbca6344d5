"""The command line: `immrecon report`, `check`, `new-lab` and `generate`."""

import argparse
import sys
from pathlib import Path

from immrecon.errors import ImmreconError
from immrecon.provenance import REPOSITORY


def main() -> None:
    """Run a command; a foreseen error is one sentence on standard error and exit code 1."""
    arguments = _parser().parse_args()
    try:
        arguments.run(arguments)
    except ImmreconError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("Stopped. The same command goes on from here.", file=sys.stderr)
        sys.exit(130)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="immrecon", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    report = commands.add_parser("report", help="run the pipeline of one study and cut")
    report.add_argument("--config", type=Path, default=Path("config/config.yaml"), help="configuration of the study")
    report.add_argument("--cut", default=None, help="data cut; default: the one the configuration names")
    report.add_argument("--cores", type=int, default=2, help="jobs at a time (default 2)")
    report.set_defaults(run=_report)
    check = commands.add_parser("check", help="read all sources without writing a result, and say what was found")
    check.add_argument("config", type=Path, metavar="CONFIG", help="configuration of the study")
    check.add_argument("--cut", default=None, help="data cut; default: the one the configuration names")
    check.set_defaults(run=_check)
    new_lab = commands.add_parser("new-lab", help="study an unknown lab export and write a draft of its dialect")
    new_lab.add_argument("file", type=Path, metavar="FILE", help="export as received, in any format")
    new_lab.add_argument("--name", default=None, help="name of the laboratory; default: made from the file's name")
    new_lab.add_argument(
        "--out", type=Path, default=None, help="file to write, which must not exist; default: print it"
    )
    new_lab.add_argument(
        "--config", type=Path, default=None, help="configuration of the study, whose analytes are then known"
    )
    new_lab.set_defaults(run=_new_lab)
    generated = commands.add_parser("generate", help="rewrite results/README.md and config/schema.json from the code")
    generated.set_defaults(run=_generate)
    return parser


def _report(arguments: argparse.Namespace) -> None:
    from immrecon.run import run_report

    run_report(arguments.config, arguments.cut, arguments.cores)


def _check(arguments: argparse.Namespace) -> None:
    from immrecon.check import check_study, together
    from immrecon.check_summary import summary
    from immrecon.errors import SourceError

    checkup = check_study(arguments.config, arguments.cut)
    _print_safely("\n".join(summary(checkup)))
    if checkup.problems:
        raise SourceError(together(checkup.problems))
    print("The ingest works. Queries are for the laboratories and the sites; none of them stops a run.")


def _new_lab(arguments: argparse.Namespace) -> None:
    from immrecon.config.load import declared_analytes
    from immrecon.errors import ConfigError
    from immrecon.ingest.propose import propose

    analytes = None if arguments.config is None else declared_analytes(arguments.config)
    draft = propose(arguments.file, arguments.name, analytes)
    counts = f"{draft.count('sure')} sure, {draft.count('inferred')} inferred, {len(draft.questions)} questions"
    if arguments.out is None:
        _print_safely(draft.text())
        print(f"Draft: {counts}.", file=sys.stderr)
        return
    try:
        with arguments.out.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(draft.text())
    except FileExistsError:
        raise ConfigError(f"{arguments.out}: is there already, and nothing is overwritten.") from None
    except OSError as error:
        raise ConfigError(f"{arguments.out}: cannot be written ({error.strerror}).") from None
    print(f"Draft written to {arguments.out}: {counts}.")
    print('Answer the questions ("???"), name the file under sources.labs, then: immrecon check CONFIG')


def _print_safely(text: str) -> None:
    """Print, with an escape for what the terminal's encoding lacks."""
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, errors="backslashreplace").decode(encoding))


def _generate(_: argparse.Namespace) -> None:
    from immrecon.config.schema import config_schema
    from immrecon.contracts.io import write_text
    from immrecon.dictionary import data_dictionary

    write_text(data_dictionary(), REPOSITORY / "results" / "README.md")
    write_text(config_schema(), REPOSITORY / "config" / "schema.json")


if __name__ == "__main__":
    main()
