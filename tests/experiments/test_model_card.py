"""The card of an exported model tells what its runs recorded, and nothing that they did not."""

import json
import shutil

import pytest
import yaml
from huggingface_hub import ModelCard

from tests.support.finished_runs import CORPORA, finished_run
from xser.core.files import write_json
from xser.core.run_records import TRAINED
from xser.evidence.figures.calibration import calibrate, confidences, told_by
from xser.evidence.figures.one_model import answering_together
from xser.evidence.figures.pooled import pool_runs
from xser.evidence.figures.predictions import read_predictions, read_run
from xser.evidence.figures.scores import score_table
from xser.experiments.export import Export, export
from xser.experiments.model_card import encoder_licence
from xser.model.exported import EncoderRecord
from xser.model.loading import load


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return finished_run(tmp_path_factory.mktemp("runs") / "seed0")


def exported(folder, *runs):
    export(Export(runs, folder))
    return (folder / "README.md").read_text(encoding="utf-8")


def tell(run, folder, **told):
    """A run like another one, with other words in trained.json."""
    shutil.copytree(run, folder)
    record = json.loads((folder / TRAINED).read_text()) | told
    write_json(folder / TRAINED, {key: value for key, value in record.items() if value is not None})
    return folder


def test_the_hub_understands_the_header(run, tmp_path):
    exported(tmp_path / "my_model", run)
    data = ModelCard.load(tmp_path / "my_model" / "README.md").data
    assert (data.language, data.license, data.library_name) == (["deu", "urd"], "cc-by-nc-nd-4.0", "xser")
    assert (data.datasets, data.pipeline_tag) == (["one", "two"], "audio-classification")
    scores = score_table(pool_runs([read_run(run)])).set_index("evaluated_on")
    found = {result.dataset_split: result for result in data.eval_results}
    assert set(found) == {"whole", "test"}
    for part, result in found.items():
        row = scores.loc[part]
        assert result.metric_value == round(row["uar"], 1)
        assert f"[{row['low']:.1f}, {row['high']:.1f}]" in result.metric_name
        assert f"⟨{row['speakers_low']:.1f}" in exported_text(tmp_path) or part == "test"


def exported_text(tmp_path):
    return (tmp_path / "my_model" / "README.md").read_text(encoding="utf-8")


def test_the_card_tells_what_must_be_known(run, tmp_path):
    text = exported(tmp_path / "my_model", run)
    for told in (
        "Trained on German, Urdu (ONE, TWO)", 'xser.load("my_model")', "xser predict my_model my.wav", "blind",
        "Regulation (EU) 2024/1689", "three: something severe", "speaker (seed 0)", "They differ.", "Who: One. 2020.",
        "arXiv:2606.06200", "On THREE, a language that it never heard", "xser run", "too good",
    ):  # fmt: skip
        assert told in text, told
    assert "Made-up" not in text and "ensemble" not in text


@pytest.mark.parametrize(
    ("licences", "header", "told"),
    [
        (
            ("CC0-1.0 or CC-BY", "MIT"),
            {"license": "other", "license_name": "cc-by"},
            "The strictest of them: **CC-BY**",
        ),
        (("CC-BY-NC-SA-4.0", "ODbL-1.0"), {"license": "cc-by-nc-sa-4.0"}, "no commercial use; shared alike"),
        (("MIT", "signed form"), {"license": "other", "license_name": "signed-form"}, "each user signs for it"),
        (("CC-BY-4.0", "none found"), {"license": "unknown"}, "**A licence is not known** (none found"),
    ],
)
def test_the_licence_is_the_strictest(licences, header, told, run, tmp_path):
    corpora = dict(CORPORA)
    for name, licence in zip(("one", "two"), licences, strict=True):
        corpora[name] = CORPORA[name] | {"licence": licence}
    other = tell(run, tmp_path / "other", corpora=corpora)
    (other / "run.json").unlink()
    text = exported(tmp_path / "model", other)
    written = yaml.safe_load(text.split("---\n")[1])
    assert {key: value for key, value in written.items() if key.startswith("license")} == header
    assert told in text


def test_what_is_not_known_is_said(run, tmp_path):
    other = tell(run, tmp_path / "other", corpora=None, made_up=True, command="xser run --data-root /home/me/speech x")
    (other / "run.json").unlink()
    (other / "validation.csv").unlink()
    text = exported(tmp_path / "model", other)
    assert "model-index" not in text and "It was never evaluated" in text
    assert "Made-up recordings" in text and "not known" in text and "it was not checked" in text
    assert "/home/me" not in text and "--data-root .../speech x" in text
    assert load(tmp_path / "model", "cpu").config.temperature == 1


def test_a_corpus_of_a_recipe_is_known_without_a_record(run, tmp_path):
    fingerprints = {"emodb": "1", "esd:cmn": "2"}
    other = tell(run, tmp_path / "other", corpora=None, fingerprints=fingerprints)
    text = exported(tmp_path / "model", other)
    assert "EMO-DB" in text and "Mandarin" in text and "CC0-1.0 or CC-BY" in text
    assert yaml.safe_load(text.split("---\n")[1])["language"] == ["cmn", "deu"]


def test_the_licence_of_an_encoder_is_found_by_its_name_or_its_recipe():
    told = {"name": "whisper_tiny_en", "source": "folder", "identity": "0", "config": {"model_type": "whisper"}}
    record = EncoderRecord(**told, included=True)
    assert encoder_licence(record) == "MIT or Apache-2.0"
    assert encoder_licence(record.model_copy(update={"name": "mine", "source": "facebook/w2v-bert-2.0"})) == "MIT"
    assert encoder_licence(record.model_copy(update={"name": "mine"})) == "not known"


def test_an_ensemble_is_judged_by_its_joint_answers(run, tmp_path):
    other = finished_run(tmp_path / "seed1", seed=1)
    text = exported(tmp_path / "model", run, other)
    together = {name: answering_together([read_predictions(each / name) for each in (run, other)])
                for name in ("predictions.csv", "validation.csv")}  # fmt: skip
    config = load(tmp_path / "model", "cpu").config
    assert config.temperature == calibrate(told_by(together["validation.csv"])).temperature
    right = confidences(told_by(together["predictions.csv"]))[1]
    assert f"{100 * (1 - right.mean()):.1f} %)" in text
    assert "An ensemble of 2 networks" in text and "s for 4 s of sound" in text


def test_an_ensemble_without_common_utterances_has_no_figure(run, tmp_path):
    other = tell(run, tmp_path / "other", calibration={"temperature": 3.0})
    (other / "validation.csv").unlink()
    (other / "run.json").unlink()
    text = exported(tmp_path / "model", run, other)
    config = load(tmp_path / "model", "cpu").config
    alone = load(run, "cpu").config.temperature
    assert config.temperature == pytest.approx((alone + 3) / 2)
    assert "there is no figure of the whole" in text and "model-index" not in text


def test_a_run_and_its_export_are_equally_sure(run, tmp_path):
    exported(tmp_path / "model", run)
    kept = calibrate(told_by(read_predictions(run / "validation.csv"))).temperature
    assert load(run, "cpu").config.temperature == load(tmp_path / "model", "cpu").config.temperature == kept
