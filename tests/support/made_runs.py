"""Made-up runs for tests: references fixed by the target, predictions right with a chosen probability."""

import numpy as np
import pandas as pd

from xser.evidence.figures.predictions import prediction_table, write_predictions, write_run

EMOTIONS = ("angry", "happy", "neutral", "sad")
INFO = {
    "kind": "zero_shot",
    "sources": ["beta", "gamma"],
    "target": "alpha",
    "encoder": "compact",
    "scheme": "four",
    "emotions": list(EMOTIONS),
    "split": "speaker",
    "split_seed": 0,
    "command": "bash recipes/zero_shot/run.sh",
    "versions": {"torch": "2.13.0"},
    "fingerprints": {"alpha": "0123"},
    "left_out": [],
    "complete": True,
    "made_up": False,
}

COMPARED = {  # systems in the order of tables, with those that each is compared with
    "baseline1": (),
    "baseline2": ("baseline1",),
    "proposed": ("baseline2", "no_supcon", "no_adversary"),
    "no_supcon": (),
    "no_adversary": (),
    "upper_bound": (),
}


def make_rows(utterances=120, speakers=8, occurring=EMOTIONS, corpus="alpha", language="deu", first=0):
    """Rows of a manifest named from `first` on; the last quarter of the speakers is the test part."""
    number = np.arange(first, first + utterances)
    speaker = (number // len(occurring)) % speakers
    rows = {
        "utterance": [f"{corpus}-{i:04d}" for i in number],
        "corpus": corpus,
        "language": language,
        "speaker": [f"{corpus}-{i}" for i in speaker],
        "text": "",
        "part": ["test" if i >= 0.75 * speakers else "train" for i in speaker],
        "emotion": [occurring[i % len(occurring)] for i in number],
    }
    return pd.DataFrame(rows)


def predict(rng, rows, accuracy, emotions=EMOTIONS):
    """Predictions of `rows`, each right with probability `accuracy`."""
    emotions = tuple(emotions)
    chosen = np.array([emotions.index(name) for name in rows["emotion"]])
    chosen = (chosen + (rng.random(len(rows)) >= accuracy) * rng.integers(1, len(emotions), len(rows))) % len(emotions)
    scores = rng.random((len(rows), len(emotions)))
    scores[np.arange(len(rows)), chosen] += 1.5
    return prediction_table(rows, scores / scores.sum(axis=1, keepdims=True), emotions)


def make_run(root, system, accuracy=0.5, seed=0, fold=0, source="", validation=0.5, rows=None, key="0", **info):
    """Write a run folder as evaluation does and return it. `info` replaces items of `INFO`."""
    info = {**INFO, **info}
    info.setdefault("task", "+".join(info["sources"]) + f"-to-{info['target']}")
    rng = np.random.default_rng([seed, fold, *map(ord, system + source + info["target"] + info["encoder"])])
    rows = make_rows(corpus=info["target"]) if rows is None else rows
    name = f"seed{seed}" + (f"-fold{fold}" if fold else "") + f"-{key:0>8}"
    folder = root / "runs" / info["task"] / info["encoder"] / (f"{system}-{source}" if source else system) / name
    write_predictions(folder / "predictions.csv", predict(rng, rows, accuracy, info["emotions"]))
    own = {
        "system": system,
        "source": source,
        "seed": seed,
        "fold": fold,
        "validation": {"fra": 0.4, "mean": validation},
    }
    if system in COMPARED:
        own |= {"system_order": list(COMPARED).index(system), "compared_with": COMPARED[system]}
    write_run(folder, {**own, **info})
    return folder
