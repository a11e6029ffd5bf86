"""Made-up runs for tests: references fixed by the task, predictions right with a chosen probability."""

import numpy as np
import pandas as pd

from xser.evidence.predictions import write_predictions, write_run

EMOTIONS = ("angry", "happy", "neutral", "sad")


def make_frame(
    rng, accuracy, utterances=120, speakers=8, emotions=EMOTIONS, occurring=None, corpus="alpha", language="deu", first=0
):
    """Predictions of `utterances` utterances named from `first` on, a quarter of them in the test part."""
    occurring = list(occurring or emotions)
    number = np.arange(first, first + utterances)
    reference = np.array([occurring[i % len(occurring)] for i in number])
    right = rng.random(utterances) < accuracy
    wrong = np.array([emotions[(emotions.index(name) + 1 + rng.integers(len(emotions) - 1)) % len(emotions)] for name in reference])
    prediction = np.where(right, reference, wrong)
    scores = rng.random((utterances, len(emotions)))
    scores[np.arange(utterances), [emotions.index(name) for name in prediction]] += 1.5
    scores /= scores.sum(axis=1, keepdims=True)
    speaker = (number // len(occurring)) % speakers
    text = {
        "utterance": [f"{corpus}-{i:04d}" for i in number],
        "corpus": corpus,
        "language": language,
        "speaker": [f"{corpus}-{i}" for i in speaker],
        "text": "",
        "part": ["test" if i >= 0.75 * speakers else "train" for i in speaker],
        "emotion": reference,
        "prediction": prediction,
    }
    return pd.DataFrame({**text, **{f"score_{name}": scores[:, i] for i, name in enumerate(emotions)}})


def make_run(root, system, accuracy, seed=0, fold=0, source="", validation=0.5, frame=None, draw=0, shape=None, **info):
    """Write a run folder as evaluation does and return it."""
    target = info.get("target", "alpha")
    task = info.get("task", f"beta+gamma-to-{target}")
    emotions = tuple(info.get("emotions", EMOTIONS))
    if frame is None:
        rng = np.random.default_rng([seed, fold, draw, sum(map(ord, system + source + target))])
        frame = make_frame(rng, accuracy, emotions=emotions, corpus=target.partition(":")[0], **(shape or {}))
    encoder = info.get("encoder", "compact")
    name = f"seed{seed}" + (f"-fold{fold}" if fold else "") + f"-{draw:08d}"
    folder = root / "runs" / task / encoder / (f"{system}-{source}" if source else system) / name
    write_predictions(folder / "predictions.csv", frame)
    complete = {
        "kind": "zero_shot", "task": task, "sources": ["beta", "gamma"], "target": target, "system": system, "source": source,
        "encoder": encoder, "scheme": "four", "emotions": list(emotions), "split": "speaker", "split_seed": 0, "seed": seed,
        "fold": fold, "validation": {"fra": validation, "mean": validation}, "command": "bash recipes/zero_shot/run.sh",
        "versions": {"torch": "2.13.0"}, "fingerprints": {"data": "0123"}, "left_out": [], "complete": True, "made_up": False,
    }  # fmt: skip
    write_run(folder, {**complete, **info})
    return folder
