"""Look for what would fool a model or its author: in corpora, in the parts of their splits, and in what they share.

    xser audit emodb urdu --data-root ~/corpora
    xser audit emodb --split paper --data-root ~/corpora --output audits
    xser audit exp/manifests/emodb-four-speaker-1a2b3c4d/manifest.csv

A corpus is prepared first (stage 0) where it is not. Every finding has its number, a plain sentence and a severity:
docs/audit.md says what each means. Written are NAME.json (all findings, with the recordings they are about), NAME.csv,
NAME.md and a picture of each corpus. Findings do not change the exit code.
"""

import argparse
from pathlib import Path

from xser.audit.confounds import FEWEST_PERMUTATIONS, PERMUTATIONS
from xser.commands.options import (
    add_manifest_options,
    add_place_options,
    add_recording_options,
    request_of,
    typed_command,
)
from xser.core.files import folder_of
from xser.experiments.catalogue import PLACE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``xser audit``."""
    parser.add_argument(
        "corpora",
        nargs="+",
        metavar="CORPUS|FILE",
        help="corpora by name, tables and folders that are corpora, or manifest.csv and rows.csv files of xser",
    )
    parser.add_argument(
        "--permutations",
        metavar="N",
        type=_permutations,
        default=PERMUTATIONS,
        help="shuffles of the permutation tests; more make small p-values finer",
    )
    parser.add_argument("--output", metavar="DIR", default=PLACE / "exp" / "audit", help="where the files go")
    parser.add_argument("--name", metavar="STEM", type=_stem, default="audit", help="stem of the files")
    parser.add_argument("--title", metavar="TEXT", default="Audit", help="heading of the page")
    add_manifest_options(parser, split=None)
    add_place_options(parser)
    add_recording_options(parser)


def main(options: argparse.Namespace) -> None:
    """Audit what was asked for, print the findings, write the files."""
    from xser.audit.engine import Auditor
    from xser.audit.report import report_text, write_report
    from xser.experiments.audits import audited_corpora

    request, command = request_of(options), typed_command("audit", options.words)
    corpora = audited_corpora(options.corpora, request, options.split)
    auditor = Auditor(corpora, folder_of(request.work_dir), request.jobs, options.permutations)
    audited = auditor.everything()
    written = write_report(auditor, audited, Path(options.output), options.name, options.title, command)
    print(f"{report_text(auditor, audited)}\n\n{written}")


def _permutations(text: str) -> int:
    if not text.isdecimal() or int(text) < FEWEST_PERMUTATIONS:
        raise argparse.ArgumentTypeError(f"{FEWEST_PERMUTATIONS} or more, as fewer show nothing, not {text}")
    return int(text)


def _stem(text: str) -> str:
    if Path(text).name != text or text in ("", ".", ".."):
        raise argparse.ArgumentTypeError(f"a stem such as audit, not {text!r}: folders go to --output")
    return text
