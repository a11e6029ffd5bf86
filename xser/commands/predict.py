"""The emotion of recordings, by a trained model.

xser predict my_model my.wav
xser predict my_model recordings/ 'more/*.m4a' --output emotions.csv
xser predict my_model meeting.m4a --timeline --vad --output meeting.vtt
xser predict my_model calls.csv --adapt-to same_microphone/ --output emotions.parquet

A recording is a file of audio or video. A folder stands for all recordings below it, and - for a file on stdin. A table
(.csv, .tsv, .jsonl, .parquet) stands for those in its column `path`; columns `start` and `end`, in seconds, cut them.
Nothing is written beside them. A long --output that was cut short goes on with the same command.
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from xser.core.errors import UsageError

if TYPE_CHECKING:
    from xser.model.recognition import Model


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``xser predict``."""
    parser.add_argument("model", metavar="MODEL", help="an exported model, a run's folder, or a name on the hub")
    parser.add_argument("recordings", nargs="+", metavar="PATH", help="files, folders, patterns, tables, or -")
    parser.add_argument("--output", metavar="FILE", help="write there: .csv, .jsonl, .parquet; a timeline: .vtt, .txt")
    parser.add_argument("--overwrite", action="store_true", help="replace an --output that is there")
    parser.add_argument("--timeline", action="store_true", help="emotion over time: a row for each --hop")
    parser.add_argument("--window", metavar="S", type=float, help="seconds that are recognised at once (default: 4)")
    parser.add_argument("--hop", metavar="S", type=float, help="seconds of a row of the timeline (default: 1)")
    parser.add_argument("--vad", action="store_true", help="a timeline of speech alone, found by Silero VAD")
    parser.add_argument(
        "--adapt-to",
        metavar="PATH",
        action="append",
        default=[],
        help="unlabelled recordings of the same speaker or microphone, for a model trained with --target-statistics",
    )
    parser.add_argument(
        "--reject-below", metavar="P", type=float, default=0.0, help="an answer less confident than this is unknown"
    )
    parser.add_argument("--skip-bad", action="store_true", help="go on after a recording that cannot be used")
    parser.add_argument("--jobs", metavar="N", type=int, default=-1, help="cores to use; -1 means every core")
    parser.add_argument("--device", metavar="D", default="auto", help="where to compute: auto, cpu, cuda, mps")


def main(options: argparse.Namespace) -> None:
    """Recognise; print a table, CSV where stdout is no terminal, or write a file."""
    _refuse_what_does_not_fit(options)
    from xser.corpora.given_recordings import find_recordings
    from xser.experiments.recognise import Asked, Timeline, check_output, table_of, write

    timeline = Timeline(options.window or 4.0, options.hop or 1.0, options.vad) if options.timeline else None
    asked = Asked(find_recordings(options.recordings), timeline, options.skip_bad, options.reject_below)
    output = None if options.output is None else check_output(Path(options.output), asked, options.overwrite)
    model = _model(options)
    if output is not None:
        bad = write(model, asked, output, repr(model.config))
        print(f"written: {output}" + (f"; {bad} recordings cannot be used: see its column `problem`" if bad else ""))
        return
    table = table_of(model, asked)
    if not table["problem"].any():
        table = table.drop(columns="problem")
    if sys.stdout.isatty():
        print(table.to_string(index=False, float_format=lambda value: f"{value:.3f}"))
    else:
        table.to_csv(sys.stdout, index=False, lineterminator="\n")


def _model(options: argparse.Namespace) -> "Model":
    import torch

    from xser.corpora.given_recordings import find_recordings
    from xser.model.loading import load

    if options.jobs > 0:
        torch.set_num_threads(options.jobs)
    model = load(options.model, options.device)
    return model.adapt_to(find_recordings(options.adapt_to)) if options.adapt_to else model


def _refuse_what_does_not_fit(options: argparse.Namespace) -> None:
    if not options.timeline and (options.window is not None or options.hop is not None or options.vad):
        raise UsageError("--window, --hop and --vad belong to --timeline")
    if not 0 <= options.reject_below <= 1:
        raise UsageError(f"--reject-below is a probability, 0 to 1, not {options.reject_below:g}")
    if options.jobs == 0 or options.jobs < -1:
        raise UsageError(f"--jobs is a number of cores, or -1 for every core, not {options.jobs}")
