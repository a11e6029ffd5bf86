"""A training that takes a second: rows of tones in two languages, and hyperparameters for them."""

from pathlib import Path

import pandas as pd
import soundfile

from tests.support.made_audio import digest_of
from tests.support.made_corpora import PITCH, tone
from xser.core.files import write_json
from xser.experiments.hyperparameters import resolve
from xser.model.training import TrainingData, train_run

EMOTIONS = tuple(sorted(PITCH))
HPARAMS = Path(__file__).parents[2] / "recipes" / "hparams"


def tone_rows(folder):
    """Two languages, two utterances of each emotion, in the folder ``audio`` of a prepared folder."""
    (folder / "audio").mkdir()
    found = []
    for number, (language, emotion, take) in enumerate(
        (language, emotion, take) for language in ("deu", "urd") for emotion in EMOTIONS for take in range(2)
    ):
        path = folder / "audio" / f"{number}.wav"
        samples = tone(emotion, number)
        soundfile.write(path, samples, 16000)
        found.append(
            {"utterance": str(number), "corpus": "made", "digest": digest_of(path), "audio": str(path)}
            | {"seconds": len(samples) / 16000, "emotion": emotion, "language": language, "speaker": f"s{take}"}
        )
    return pd.DataFrame(found)


def tiny_data(rows):
    """Learn from all rows, select by them too."""
    return TrainingData(rows, rows, EMOTIONS, frozenset())


def tiny_hyperparameters(data, encoder=None, finetuning=None, system="proposed", **values):
    """HyperPyYAML text of a step: of a pretrained encoder in a folder, or of the compact one."""
    few = {"steps": 1, "utterances_per_cell": 1, "languages_per_batch": 2}
    if encoder is not None:
        few |= {"encoder_source": str(encoder), "encoder_revision": None}
    middle = "encoders/compact.yaml" if encoder is None else f"finetuning/{finetuning}.yaml"
    files = [HPARAMS / name for name in ("train.yaml", middle, f"systems/{system}.yaml")]
    return resolve(files, few | values).text(data.run_values(0))


def tiny_trained_run(folder, rows, encoder=None, finetuning=None, **values):
    """A run's folder as stage 2 leaves it, as far as a model is loaded from it."""
    data = tiny_data(rows)
    train_run(folder, tiny_hyperparameters(data, encoder, finetuning, **values), data, "", "cpu")
    told = {
        **{
            "kind": "zero_shot",
            "task": "deu+urd-to-fra",
            "sources": ["deu", "urd"],
            "target": "fra",
            "seed": 0,
            "fold": 0,
        },
        **{"system": values.get("system", "proposed"), "source": "", "encoder": "tiny" if encoder else "compact"},
        **{"encoder_source": encoder and str(encoder), "finetuning": finetuning},
        **{"scheme": "four", "emotions": list(EMOTIONS), "split": "speaker", "split_seed": 0, "versions": {}},
        **{"target_statistics": values.get("target_statistics", "none"), "command": "xser run", "fingerprints": {}},
        **{"left_out": [], "complete": True, "made_up": True, "validation": {"deu": 0.5, "urd": 0.5, "mean": 0.5}},
    }
    write_json(folder / "trained.json", told)
    return folder
