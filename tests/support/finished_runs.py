"""Runs that are trained and evaluated, as far as a model and its card are made from them."""

import json

import numpy as np

from tests.support.made_runs import make_rows, predict
from tests.support.tiny_trainings import EMOTIONS, tiny_trained_run, tone_rows
from xser.core.files import write_json
from xser.core.run_records import RUN, TRAINED
from xser.evidence.figures.predictions import VALIDATION, write_predictions, write_run

CORPORA = {
    "one": {"title": "ONE", "languages": ["deu"], "licence": "CC-BY-4.0", "citation": "Who: One. 2020."},
    "two": {
        "title": "TWO",
        "languages": ["urd"],
        "licence": "CC-BY-NC-ND-4.0 or GPL-3.0",
        "licence_note": "They differ.",
    },
    "three": {"title": "THREE", "languages": ["fra"], "licence": "none found"},
}


def finished_run(folder, seed=0, evaluated=True, validation=True, **told):
    """A run of the small network on tones, with made-up predictions beside it. `told` is put into trained.json."""
    folder.mkdir(parents=True)
    prepared = folder.with_name(f"{folder.name}-prepared")
    prepared.mkdir()
    tiny_trained_run(folder, tone_rows(prepared), remove_band_mean=False)
    about = {"sources": ["one", "two"], "target": "three", "task": "one+two-to-three", "corpora": CORPORA, "seed": seed}
    about |= {"fingerprints": {"one": "1", "two": "2"}, "made_up": False}
    record = json.loads((folder / TRAINED).read_text()) | about | told
    write_json(folder / TRAINED, record)
    rng = np.random.default_rng(seed)
    if validation:
        parts = [make_rows(80, corpus=name, language=language) for name, language in (("one", "deu"), ("two", "urd"))]
        rows = parts[0].merge(parts[1], how="outer").assign(part="valid")
        write_predictions(folder / VALIDATION, predict(rng, rows, 0.7, EMOTIONS))
    if evaluated:
        write_predictions(
            folder / "predictions.csv", predict(rng, make_rows(corpus="three", language="fra"), 0.6, EMOTIONS)
        )
        write_run(folder, {**record, "allowed": ["three: something severe"]})
        assert (folder / RUN).is_file()
    return folder
