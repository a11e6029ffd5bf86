"""Write the table of README.md from the results on real speech, or check that it is what stands there.

python tools/real_speech_table.py --write
python tools/real_speech_table.py --check
"""

import argparse
import csv
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "README.md"
START, END = "<!-- real speech: written by tools/real_speech_table.py -->", "<!-- end of real speech -->"
TARGETS = {"emodb": "German", "ravdess": "English", "turevdb": "Turkish", "urdu": "Urdu"}
SYSTEMS = ("baseline1", "baseline2", "proposed")
ENCODERS = (  # file in docs/results, encoder, words
    ("real_speech", "compact", "small network, from scratch"),
    ("real_speech", "whisper_tiny_en", "Whisper tiny.en, frozen"),
    ("real_speech_peft", "whisper_tiny_en", "Whisper tiny.en, fine-tuned (LoRA, adapters)"),
)


def main():
    """Write or check the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--write", action="store_true", help="write the table")
    what.add_argument("--check", action="store_true", help="exit with 1 where another table stands there")
    options = parser.parse_args()
    before = PAGE.read_text(encoding="utf-8")
    head, _, rest = before.partition(START)
    after = f"{head}{START}\n{table()}\n{END}{rest.partition(END)[2]}"
    if options.write:
        PAGE.write_text(after, encoding="utf-8")
    elif after != before:
        sys.exit(f"{PAGE} has another table than docs/results: run python tools/real_speech_table.py --write")


def table():
    """Return the table in Markdown: UAR on all recordings of each target, and their mean; the best of a block bold."""
    rows = [("encoder", "system", *TARGETS.values(), "mean"), ("---", "---", *["---:"] * (len(TARGETS) + 1))]
    for file, encoder, words in ENCODERS:
        block = [_scores(file, encoder, system) for system in SYSTEMS]
        best = [max(column) for column in zip(*block, strict=True)]
        for system, scores in zip(SYSTEMS, block, strict=True):
            cells = [f"**{uar:.1f}**" if uar == top else f"{uar:.1f}" for uar, top in zip(scores, best, strict=True)]
            rows.append((words if system == SYSTEMS[0] else "", f"`{system}`", *cells))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _scores(file, encoder, system):
    with open(ROOT / "docs" / "results" / f"{file}.csv", encoding="utf-8", newline="") as lines:
        found = {
            row["target"]: float(row["uar"])
            for row in csv.DictReader(lines)
            if (row["encoder"], row["system"], row["evaluated_on"]) == (encoder, system, "whole")
        }
    scores = [found[target] for target in TARGETS]
    return [*scores, sum(scores) / len(scores)]


if __name__ == "__main__":
    main()
