"""The recordings of the benchmark: prepared by stages 0 and 1, as many of each language and emotion."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
from worker import EMOTIONS, read_rows

from tests.support import CHECKOUT
from xser.core.digests import samples_digest
from xser.core.errors import XserError


def material_options(parser):
    """Add the options that say which recordings."""
    parser.add_argument("--data-root", metavar="DIR", default=CHECKOUT / "egs_data", help="recordings: a folder each")
    parser.add_argument(
        "--corpora", metavar="A,B,C", default="emodb,urdu,turevdb", help="three languages (default: %(default)s)"
    )
    parser.add_argument(
        "--durations", metavar="CORPUS=FILE", action="append", default=[],
        help="a table of path and seconds: bring recordings of a copy that was cut to these durations, by repetition",
    )  # fmt: skip
    parser.add_argument(
        "--scheme", metavar="X", default=CHECKOUT / "recipes/zero_shot/four_real_speech.yaml", help="set of emotions"
    )
    parser.add_argument("--work-dir", metavar="DIR", help="kept when given: prepared audio, features")


def quoted_command(script, argv):
    """The command as another would type it: no folder of this computer, nothing that does not change the figures."""
    words, given = ["python", f"tests/benchmarks/{script}"], list(argv)
    while given:
        option, equals, value = given.pop(0).partition("=")
        if not equals and given and not given[0].startswith("--"):
            value = given.pop(0)
        if option not in ("--work-dir", "--output", "--page"):
            corpus, assigned, path = value.rpartition("=")
            words += [option] + [f"{corpus}{assigned}{Path(path).name}"] * bool(value)
    return " ".join(words)


def material(options, work, number):
    """Write the rows that both sides learn from, `number` of each language and emotion (None: all).

    Returns
    -------
    (Path, Path, dict)
        Rows to learn from, rows to validate on (one of each language and emotion), and what there is to say of them.

    Raises
    ------
    XserError
        When the recordings cannot be prepared.
    """
    *sources, target = options.corpora.split(",")
    data_root = Path(options.data_root).expanduser().resolve()
    words = ["--sources", ",".join(sources), "--target", target, "--scheme", str(Path(options.scheme).resolve())]
    for stage in ("prepare", "manifests"):
        command = [
            sys.executable,
            "-m",
            "xser",
            "run",
            *words,
            "--stage",
            stage,
            "--stop-stage",
            stage,
            "--data-root",
            data_root,
            "--work-dir",
            work,
        ]
        ended = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True)
        if ended.returncode:
            raise XserError(ended.stderr.strip().splitlines()[-1].removeprefix("error: "))
    rows = pd.concat([read_rows(_manifest(work, corpus)) for corpus in (*sources, target)], ignore_index=True)
    rows = rows[rows["emotion"].isin(EMOTIONS)]
    for corpus, _, table in (each.partition("=") for each in options.durations):
        rows = _with_durations(rows, corpus, pd.read_csv(table), work)
    learning = _of_each_cell(rows[rows["part"] == "train"], number)
    learning.to_csv(work / "rows.csv", index=False)
    _of_each_cell(rows[rows["part"] != "train"], 1).to_csv(work / "valid.csv", index=False)
    return work / "rows.csv", work / "valid.csv", _described(learning, options)


def _manifest(work, corpus):
    found = sorted(work.glob(f"manifests/{corpus}-*/manifest.csv"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise XserError(f"no manifest of {corpus} below {work}: the corpora need parts by --split speaker")
    return found[-1]


def _of_each_cell(rows, number):
    """The same number of each language and emotion where there are so many, drawn with a fixed seed."""
    if number is not None:
        rows = rows.sample(frac=1, random_state=0).groupby(["language", "emotion"]).head(number)
    return rows.reset_index(drop=True)


def _with_durations(rows, corpus, table, work):
    """Repeat each recording of `corpus` up to the duration that `table` (path, seconds) gives it, or cut it."""
    wanted = {Path(path).stem: seconds for path, seconds in zip(table["path"], table["seconds"], strict=True)}
    rows = rows.copy()
    for index in rows.index[rows["corpus"] == corpus]:
        seconds = float(wanted[Path(rows.loc[index, "source"]).stem])
        samples, rate = soundfile.read(rows.loc[index, "audio"], dtype="int16")
        path = work / "brought_to_durations" / corpus / "audio" / Path(rows.loc[index, "audio"]).name
        path.parent.mkdir(parents=True, exist_ok=True)
        repeated = np.resize(samples, round(seconds * rate))
        soundfile.write(path, repeated, rate)
        digest = samples_digest(repeated.tobytes())
        rows.loc[index, ["audio", "seconds", "digest"]] = str(path), seconds, digest
    return rows


def _described(rows, options):
    seconds = rows.groupby("language")["seconds"].describe()[["count", "min", "50%", "mean", "max"]].round(2)
    return {
        "recordings": "made up" if Path(options.data_root).name == "egs_data" else "real",
        "corpora": options.corpora,
        "brought_to_other_durations": [each.partition("=")[0] for each in options.durations],
        "seconds": {language: row.to_dict() for language, row in seconds.iterrows()},
        "utterances": len(rows),
    }
