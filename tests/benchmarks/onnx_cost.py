#!/usr/bin/env python3
"""What an exported model costs as a graph: size, speed beside torch, and the UAR that 8 bits lose on real speech.

python tests/benchmarks/onnx_cost.py my_model recordings.csv            # columns path and emotion
python tests/benchmarks/onnx_cost.py my_model recordings.csv --most 300
"""

import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

from xser.commands.command_line import OneLineParser, run  # noqa: E402
from xser.core.errors import XserError  # noqa: E402
from xser.core.extras import optional  # noqa: E402
from xser.core.files import megabytes  # noqa: E402

GRAPHS = {"ONNX": "model.onnx", "ONNX, 8 bits": "model.int8.onnx"}
WARM = 3  # recordings that are gone through before the clock counts


def ways_of(folder):
    """Functions from a waveform to probabilities, by name, each on one thread: torch and the graphs that there are."""
    import torch

    from xser.model.loading import load

    torch.set_num_threads(1)
    model = load(folder, "cpu")
    runtime = optional("onnxruntime", "an ONNX graph")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    found = {"torch": lambda wave: np.array(list(model.predict((wave, 16000)).probabilities.values()))}
    for name, file in GRAPHS.items():
        if not (folder / file).is_file():
            raise XserError(f"{folder} has no {file}: export it again with --onnx --int8")
        session = runtime.InferenceSession(str(folder / file), options, providers=["CPUExecutionProvider"])
        found[name] = lambda wave, it=session: it.run(["probabilities"], {"waveform": wave[None]})[0][0]
    return model.emotions, found


def measure(folder, rows):
    """A row for each way, in turn on every recording.

    Returns
    -------
    pandas.DataFrame
        ``size`` (bytes), ``speed`` (median over recordings of torch's time by this one's), ``uar`` (%), ``difference``
        (the largest of a probability, to torch).
    """
    from xser.corpora.audio.waveforms import read_waveform

    emotions, ways = ways_of(folder)
    scores = {name: [] for name in ways}
    seconds = {name: [] for name in ways}
    for path in rows["path"]:
        wave = read_waveform(path)
        for name, way in ways.items():
            before = time.perf_counter()
            scores[name].append(way(wave))
            seconds[name].append(time.perf_counter() - before)
    right = rows["emotion"].map({emotion: number for number, emotion in enumerate(emotions)}).to_numpy()
    table = []
    for name in ways:
        files = [folder / "model.safetensors"] if name == "torch" else folder.glob(f"{GRAPHS[name]}*")
        ratios = np.divide(seconds["torch"], seconds[name])[WARM:]
        said = np.argmax(scores[name], axis=1)
        recalls = [np.mean(said[right == number] == number) for number in np.unique(right)]
        row = {"way": name, "size": sum(file.stat().st_size for file in files)}
        row |= {"speed": statistics.median(ratios), "uar": 100 * np.mean(recalls)}
        table.append(row | {"difference": np.abs(np.subtract(scores[name], scores["torch"])).max()})
    return pd.DataFrame(table)


def main(argv):
    """Print the table as Markdown."""
    options = OneLineParser(prog="onnx_cost.py", description=__doc__)
    options.add_argument("model", metavar="MODEL", type=Path, help="a folder of `xser export --onnx --int8`")
    options.add_argument("table", metavar="TABLE", help="CSV with the columns path and emotion")
    options.add_argument("--most", type=int, help="take so many recordings at random")
    chosen = options.parse_args(argv)
    rows = pd.read_csv(chosen.table)
    if chosen.most and len(rows) > chosen.most:
        rows = rows.sample(chosen.most, random_state=0)
    found = measure(chosen.model, rows)
    print(f"{len(rows)} recordings, one thread, each way in turn on each of them\n")
    print("| | size | times as fast as torch | UAR | largest difference of a probability |\n|---|---|---|---|---|")
    for row in found.itertuples():
        print(f"| {row.way} | {megabytes(row.size)} | {row.speed:.2f} | {row.uar:.1f} | {row.difference:.1g} |")


if __name__ == "__main__":
    run(lambda: main(sys.argv[1:]))
