"""Write the table of hyperparameters, from xser/experiments/hyperparameter_table.py and train.yaml, or check that it is
what stands in docs.

    python tools/hyperparameter_table.py --write
    python tools/hyperparameter_table.py --check

The table goes between the two marks of PAGE.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from xser.core.files import write_text  # noqa: E402
from xser.experiments.hyperparameter_table import TABLE  # noqa: E402
from xser.experiments.hyperparameters import resolve  # noqa: E402

PAGE = ROOT / "docs" / "hyperparameters.md"
START, END = "<!-- hyperparameters: written by tools/hyperparameter_table.py -->", "<!-- end of hyperparameters -->"
HEADINGS = ("Key", "Values", "Default in train.yaml", "Usually set by", "What it is")
SET_BY = {
    "train": "",
    "encoder": "the encoder's file",
    "finetuning": "`--finetune`",
    "system": "`--system`",
    "data": "the data",
    "option": "`--{option}`",
}


def main():
    """Write or check the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--write", action="store_true", help="write the table")
    what.add_argument("--check", action="store_true", help="exit with 1 where another table stands there")
    options = parser.parse_args()
    before = PAGE.read_text(encoding="utf-8")
    head, start, rest = before.partition(START)
    _, end, tail = rest.partition(END)
    if not (start and end):
        sys.exit(f"{PAGE} lacks the mark {START} or {END}: the table goes between them")
    after = f"{head}{START}\n{table()}\n{END}{tail}"
    if options.write:
        write_text(PAGE, after)
    elif after != before:
        sys.exit(f"{PAGE} has another table than xser: run python tools/hyperparameter_table.py --write")


def table():
    """Return the table in Markdown."""
    defaults = resolve([ROOT / "recipes" / "hparams" / "train.yaml"], {}).values
    rows = [HEADINGS, ["---"] * len(HEADINGS), *(_row(each, defaults) for each in TABLE.values())]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(each, defaults):
    default = f"`{_text(defaults[each.key])}`" if each.key in defaults else ""
    values = (each.allowed + (", or null" if each.null else "")).replace("|", "\\|")
    return f"`{each.key}`", values, default, SET_BY[each.set_by].format(option=each.key.replace("_", "-")), each.help


def _text(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


if __name__ == "__main__":
    main()
