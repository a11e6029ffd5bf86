"""What --encoder may be: a file of the recipes, a folder, a hub name, the source language's; each mistake told."""

import json
import re
import shutil

import pytest
import yaml

from tests.support import stages
from tests.support.fresh_interpreter import SAY_HEAVY, python
from tests.support.tiny_encoders import tiny_encoder
from xser.commands import command_line, run
from xser.core.errors import XserError
from xser.experiments.catalogue import Catalogue
from xser.experiments.encoder_choice import describe_encoders
from xser.experiments.hyperparameters import describe_file, resolve

WITHIN = ["--corpus", "emodb"]


@pytest.fixture
def folder(tmp_path_factory, tmp_path):
    return shutil.copytree(tiny_encoder("hubert", tmp_path_factory), tmp_path / "mon modèle")


def parse(*options):
    return stages.experiment_of(list(options))


def test_a_folder_is_named_after_itself_and_its_content(folder, tmp_path):
    experiment = parse(*WITHIN, "--encoder", str(folder), "--lora_rank", "2", "--layer", "mix")
    assert experiment.finetuning == "peft" and experiment.overrides == {"lora_rank": 2, "layer": "mix"}
    assert re.fullmatch(r"mon-mod-le-[0-9a-f]{6}", experiment.encoder.name)
    choice = experiment.encoder
    assert choice.settings == {"encoder_source": str(folder), "encoder_revision": None} and choice.commit is None
    moved = shutil.move(folder, tmp_path / "elsewhere" / "mon modèle")
    again = parse(*WITHIN, "--encoder", str(moved))
    assert (again.encoder.name, again.encoder.identity) == (experiment.encoder.name, choice.identity)
    config = json.loads((moved / "config.json").read_text())
    (moved / "config.json").write_text(json.dumps(config | {"layer_norm_eps": 0.5}))
    assert parse(*WITHIN, "--encoder", str(moved)).encoder.name != experiment.encoder.name


def test_a_folder_is_found_from_where_one_stands(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    assert parse(*WITHIN, "--encoder", "mon modèle").encoder.source == str(folder)
    assert parse(*WITHIN, "--encoder", "./mon modèle").encoder.source == str(folder)


@pytest.mark.parametrize(
    ("typed", "source", "revision", "name"),
    [
        ("microsoft/wavlm-large", "microsoft/wavlm-large", None, "microsoft-wavlm-large"),
        ("microsoft/wavlm-large@main", "microsoft/wavlm-large", "main", "microsoft-wavlm-large-main"),
        ("a/b@refs/pr/1", "a/b", "refs/pr/1", "a-b-refs-pr-1"),
        ("a/b@" + "0123456789" * 4, "a/b", "0123456789" * 4, "a-b-01234567"),
    ],
)
def test_a_hub_name_may_have_a_revision(typed, source, revision, name):
    choice = parse(*WITHIN, "--encoder", typed).encoder
    assert (choice.source, choice.revision, choice.name, choice.option) == (source, revision, name, typed)


def test_a_file_of_the_recipes_names_its_model():
    choice = parse(*WITHIN, "--encoder", "xlsr_300m").encoder
    assert (choice.name, choice.source) == ("xlsr_300m", "facebook/wav2vec2-xls-r-300m")
    assert parse(*WITHIN).encoder.settings == {}


@pytest.mark.parametrize(
    ("sources", "encoder"),
    [
        ("emodb,cafe", "wav2vec2_base_de_voxpopuli"),
        ("cafe,emodb", "wav2vec2_base_fr_voxpopuli"),
        ("esd:cmn,emodb", "chinese_wav2vec2_base"),
        ("cremad,emodb", "wav2vec2_base_960h"),
    ],
)
def test_language_matched_is_the_first_sources(sources, encoder):
    experiment = parse("--sources", sources, "--target", "turevdb", "--encoder", "language_matched")
    assert (experiment.encoder.name, experiment.encoder.option) == (encoder, "language_matched")
    assert parse("--corpus", "emodb", "--encoder", "language_matched").encoder.name == "wav2vec2_base_de_voxpopuli"


def test_a_model_root_comes_before_the_hub(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "models" / "xlsr_300m")
    root = ["--model-root", str(tmp_path / "models")]
    choice = parse(*WITHIN, "--encoder", "xlsr_300m", *root).encoder
    assert (choice.name, choice.source) == ("xlsr_300m", str(tmp_path / "models" / "xlsr_300m"))
    assert choice.revision is None
    assert parse(*WITHIN, "--encoder", "hubert_base", *root).encoder.source == "facebook/hubert-base-ls960"
    given = parse(*WITHIN, "--encoder", "xlsr_300m", *root, "--encoder_source", str(folder))
    assert given.encoder.source == str(folder) and given.overrides == {"encoder_source": str(folder)}


def test_another_revision_of_a_file_of_the_recipes():
    choice = parse(*WITHIN, "--encoder", "xlsr_300m", "--encoder_revision", "main").encoder
    assert (choice.source, choice.revision) == ("facebook/wav2vec2-xls-r-300m", "main")
    choice = parse(*WITHIN, "--encoder", "xlsr_300m", "--encoder_source", "a/b").encoder
    assert (choice.source, choice.revision) == ("a/b", None)  # the file's revision is of its own model


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--encoder", "xlsr"], "no encoder 'xlsr'.*did you mean xlsr_300m.*language_matched.*hub name"),
        (["--encoder", "/no/where"], "no folder /no/where: give --encoder the folder"),
        (["--encoder", "./models/a"], "no folder"),
        (["--encoder", "models/a/b"], "no folder"),
        (["--encoder", "a/b@"], "no encoder 'a/b@'"),
        (["--encoder", "emotion2vec_plus_large"], "FunASR.*converted"),
        (["--encoder", "emotion2vec/emotion2vec_plus_base"], "FunASR.*take another"),
        (["--encoder", "iic/emotion2vec_base@v2"], "FunASR"),
        (["--encoder", "xlsr_300m", "--model-root", "/no/where"], "--model-root /no/where is no folder"),
        (["--encoder", "xlsr_300m", "--encoder_source", "/no/where"], "no folder /no/where"),
        (
            ["--encoder", "a/b", "--encoder_source", "c/d"],
            "--encoder a/b says which model it is: leave --encoder_source",
        ),
        (["--finetune", "peft"], "compact is trained from scratch"),
        (["--encoder", "xlsr_300m", "--finetune", "peftt"], "did you mean peft"),
        (["--batches", "weird"], "--batches is shuffled or hierarchical, not 'weird'"),
        (["--precision", "fp8"], "--precision is fp32 or bf16 or fp16"),
        (["--encoder", "xlsr_300m", "--layer", "middle"], "--layer is last or mix"),
        (["--encoder", "xlsr_300m", "--finetune", "frozen", "--keep", "all"], "--keep is embeddings or frames"),
    ],
)
def test_a_mistake_is_one_line_before_anything_runs(options, said):
    with pytest.raises(XserError, match=said) as caught:
        parse(*WITHIN, *options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--corpus", "urdu"], "no encoder of Urdu.*name an encoder, or add a line there"),
        (["--corpus", "esd"], "esd is Mandarin.*take esd:cmn or esd:eng"),
        (["--sources", "esd,cafe", "--target", "urdu"], "as a source, or name an encoder"),
    ],
)
def test_language_matched_needs_one_language_that_has_an_encoder(options, said):
    with pytest.raises(XserError, match=said):
        parse(*options, "--encoder", "language_matched")


def test_a_wrong_folder_is_told_before_anything_runs(folder, tmp_path):
    def told(match, *options):
        with pytest.raises(XserError, match=match):
            parse(*WITHIN, *options)

    weights = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(weights[:-1])
    told("damaged or cut short", "--encoder", str(folder))
    (folder / "model.safetensors").unlink()
    told("has no weights", "--encoder", str(folder))
    (folder / "config.json").write_text('{"model_type": "data2vec-audio"}')
    told("'data2vec-audio'.*use one of wav2vec2", "--encoder", str(folder))
    (folder / "config.json").unlink()
    told("has no config.json: give the folder", "--encoder", str(folder))
    (tmp_path / "hubert_base").mkdir()
    told("has no config.json", "--encoder", "hubert_base", "--model-root", str(tmp_path))
    emotion2vec = tmp_path / "emotion2vec_plus_base"
    emotion2vec.mkdir()
    told("no config.json .emotion2vec is a model of FunASR's", "--encoder", str(emotion2vec))


@pytest.mark.parametrize(
    ("name", "config", "emotional"),
    [
        ("wav2vec2-base-superb-er", {}, True),
        ("wav2vec2-large-robust-12-ft-emotion-msp-dim", {}, True),
        ("emotion2vec_converted", {}, True),
        ("plain", {"id2label": {"0": "anger", "1": "happiness", "2": "neutral"}}, True),
        ("plain", {"id2label": {"0": "arousal", "1": "dominance", "2": "valence"}}, True),
        ("plain", {"_name_or_path": "superb/hubert-large-superb-er"}, True),
        ("hubert-base-ls960", {"id2label": {"0": "LABEL_0", "1": "LABEL_1"}}, False),
        ("whisper-serbian", {}, False),
    ],
)
def test_an_encoder_that_has_seen_emotional_speech_is_told(folder, tmp_path, name, config, emotional):
    model = shutil.copytree(folder, tmp_path / name)
    content = json.loads((model / "config.json").read_text()) | config
    (model / "config.json").write_text(json.dumps(content))
    note = parse(*WITHIN, "--encoder", str(model)).encoder.note
    assert bool(note) == emotional
    if emotional:
        assert "\n" not in note and "no zero-shot results" in note and name in note


def test_ready_files_are_complete_and_pinned(recipes):
    catalogue = Catalogue([recipes])
    names = set(catalogue.names("hparams", "encoders"))
    assert names >= {
        "wav2vec2_base_960h", "chinese_wav2vec2_base", "wav2vec2_base_de_voxpopuli", "wav2vec2_base_fr_voxpopuli",
        "xlsr_300m", "wavlm_base_plus", "hubert_base", "w2v_bert_2", "whisper_tiny_en", "whisper_small",
    }  # fmt: skip
    for name in names - {"compact"}:
        path = catalogue.find("hparams", "encoders", f"{name}.yaml")
        values = resolve([path], {}).values
        assert re.fullmatch(r"[\w-]+/[\w.-]+", values["encoder_source"]), name
        assert re.fullmatch("[0-9a-f]{40}", values["encoder_revision"]), name
        assert re.search("parameters", describe_file(path)), name
    matched = yaml.safe_load(catalogue.find("hparams", "language_matched.yaml").read_text())
    assert set(matched.values()) <= names
    described = dict(describe_encoders(catalogue))
    assert set(described) == names | {"language_matched", "FOLDER", "HUB/NAME@REVISION"} and all(described.values())


def test_the_help_lists_encoders_and_finetunings(capsys):
    def help_of(*words):
        command_line.run_command("run", run, [*words, "--help"])
        return capsys.readouterr().out

    for encoder, key in (("compact", "--blocks"), ("language_matched", "--lora_rank"), ("a/b", "--lora_rank")):
        told = help_of("emodb", "--encoder", encoder)
        assert f"  {key} " in told
        for listed in ("language_matched", "xlsr_300m", "FOLDER", "frozen", "peft", "last_layers", "full"):
            assert f"\n  {listed}  " in told
    assert "  --keep " in help_of("emodb", "--encoder", "xlsr_300m", "--finetune", "frozen")


def test_checking_a_folder_needs_no_heavy_library(folder):
    code = (
        "import sys\nfrom xser.experiments.request import Request, resolve_request\n"
        f"print(resolve_request(Request(corpus='emodb', encoder=sys.argv[1])).encoder.name)\n{SAY_HEAVY}"
    )
    assert python(code, str(folder)).endswith("heavy:\n")
