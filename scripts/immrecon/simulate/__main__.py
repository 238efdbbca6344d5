"""`python -m immrecon.simulate --out data/demo` rewrites the demo data."""

import argparse
from pathlib import Path

from immrecon.simulate.study import write_demo


def main() -> None:
    """Parses the command line and writes the files."""
    parser = argparse.ArgumentParser(
        prog="python -m immrecon.simulate", description="Rewrite the synthetic demo study."
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to write, e.g. data/demo")
    out = parser.parse_args().out
    print(f"{len(write_demo(out))} files written below {out}")


if __name__ == "__main__":
    main()
