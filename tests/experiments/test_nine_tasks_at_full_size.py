"""Nine tasks x six systems on all five corpora at full size, tiny recordings and tiny encoders, through the verbs."""

import json
import os
import shutil
import tempfile
from pathlib import Path

import pandas as pd
import pytest
import torch

from tests.support import stages
from tests.support.official_lists import CORPORA, FAULTY, SUMS, TASKS, lay_out_speech, meld_tables, read_list
from tools.make_tiny_encoder import make_tiny_encoder
from xser.core.rows import read_rows

SYSTEMS = ("baseline1", "baseline2", "proposed", "no_supcon", "no_adversary", "upper_bound")
QUICK = "--batch_size 600 --utterances_per_cell 50 --steps 1 --lora_rank 2 --adapter_size 4".split()
ENCODERS = {  # of each source's language, as published
    "en": "wav2vec2_base_960h",
    "cn": "chinese_wav2vec2_base",
    "de": "wav2vec2_base_de_voxpopuli",
    "fr": "wav2vec2_base_fr_voxpopuli",
}
WHOLE = {"de": 339, "fr": 504, "cn": 14000}  # utterances of each target in four classes
TEST = {"de": 38, "fr": 42, "cn": 1400}


@pytest.fixture(scope="module")
def words():
    """Options, stage 0 being done."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the batches are so small that several would wait for one another
    memory = "/dev/shm"
    folder = Path(tempfile.mkdtemp(dir=memory if os.access(memory, os.W_OK) else None))
    try:
        for seed, id in enumerate(CORPORA):
            files = read_list(id)
            lay_out_speech(folder / "data" / id, [path for path, _ in files], seed)
            if id == "meld":  # a copy that has both faults repaired
                lay_out_speech(folder / "data" / id, FAULTY, seed=99)
                for name, text in meld_tables(files, speakers=304):
                    (folder / "data" / id / name).write_text(text, encoding="utf-8")
        for seed, name in enumerate(ENCODERS.values()):
            make_tiny_encoder("wav2vec2-group", folder / "models" / name, seed=seed)
        where = ["--data-root", str(folder / "data"), "--work-dir", str(folder / "exp")]
        encoder = ["--encoder", "language_matched", "--model-root", str(folder / "models")]
        words = [*where, *encoder, *QUICK, "--split", "paper", "--system", ",".join(SYSTEMS), "--device", "cpu"]
        stages.run("prepare", ["--task", "en-de", *words])  # it has all five corpora
        yield words
    finally:
        torch.set_num_threads(threads)
        shutil.rmtree(folder)


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_a_task_at_full_size(words, task, capsys):
    argv = ["--task", task, *words]
    stages.run("manifests train evaluate", argv)
    target = task[-2:]
    said = capsys.readouterr().out
    assert f"{task}: {SUMS[target]} training utterances, as published; " in said
    planned = stages.runs_of(argv)
    assert [run.system.name for run in planned] == list(SYSTEMS)
    source = planned[0].experiment.sources[0]
    assert planned[0].learned_from == (source,)
    for run in planned:
        experiment = run.experiment
        manifest = read_rows(experiment.manifest_folder(experiment.target) / "manifest.csv")
        bound = run.system.name == "upper_bound"
        wanted = manifest[manifest["part"] == "test"] if bound else manifest
        assert len(wanted) == (TEST if bound else WHOLE)[target]
        predictions = pd.read_csv(run.folder / "predictions.csv")
        assert sorted(predictions["utterance"]) == sorted(wanted["utterance"])
        assert set(predictions["prediction"]) <= {"angry", "happy", "neutral", "sad"}
        assert (predictions["part"] == "test").sum() == TEST[target]
        info = json.loads((run.folder / "run.json").read_text())
        learned = {"baseline1": (source,), "upper_bound": (experiment.target,)}.get(run.system.name, experiment.sources)
        sizes = {"meld": 8245, "esd": 11200, "emodb": 266, "cafe": 420, "urdu": 300}
        assert info["train_utterances"] == sum(sizes[selection.corpus] for selection in learned)
        assert (info["named_task"], info["complete"], info["split"]) == (task, True, "paper")
        assert info["encoder"] == ENCODERS[task[:2]]
        if not bound:
            assert info["task_training"]["utterances"] == info["task_training"]["published_utterances"] == SUMS[target]
    table = pd.read_csv(planned[0].results_folder / "table.csv")
    assert set(table.query("evaluated_on == 'test'")["system"]) == set(SYSTEMS)
    assert set(table.query("evaluated_on == 'whole'")["system"]) == set(SYSTEMS) - {"upper_bound"}
    assert set(table.query("evaluated_on == 'whole'")["utterances"]) == {WHOLE[target]}
