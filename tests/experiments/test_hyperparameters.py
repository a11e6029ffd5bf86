"""Later files win over earlier ones, the command line over all; every value is checked, and comments mean nothing."""

import re
import shutil

import pytest
from hyperpyyaml import load_hyperpyyaml

from tests.support import stages
from xser.core.errors import UsageError, XserError
from xser.core.fingerprints import fingerprint
from xser.experiments.catalogue import Catalogue
from xser.experiments.hyperparameter_table import TABLE
from xser.experiments.hyperparameters import Hyperparameters, read_options, resolve

RUN = {"seed": 0, "number_of_emotions": 4, "number_of_speakers": 3, "number_of_languages": 2}


@pytest.fixture
def recipes_of_mine(recipes, tmp_path):
    """A copy of the recipes, to be changed."""
    return shutil.copytree(recipes, tmp_path / "recipes")


def change(path, pattern, text):
    """As `sed -i 's/pattern/text/'` does, on one line at least."""
    before = path.read_text(encoding="utf-8")
    after = re.sub(pattern, text, before, flags=re.MULTILINE)
    assert after != before
    path.write_text(after, encoding="utf-8")


def told(recipes, *words):
    return stages.experiment_of(["--corpus", "emodb", "--recipes", recipes, *words])


def identity(recipes, *words):
    experiment = told(recipes, *words)
    return fingerprint(experiment.hyperparameters(experiment.systems[0]).identity)


# A misspelt value is refused wherever it stands. ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "pattern", "text", "message"),
    [
        ("systems/baseline2.yaml", "^batches: shuffled", "batches: shufled", "`batches` is shuffled or hierarchical"),
        ("systems/baseline2.yaml", "^batches:", "bathces:", "unknown key `bathces` .did you mean batches"),
        ("systems/baseline2.yaml", "^supcon_weight: 0.0", "supcon_weight: none", "takes a number"),
        ("systems/baseline2.yaml", "^speaker_weight: 0.0", "speaker_weight: -1", "is 0 or more, not -1"),
        ("systems/baseline2.yaml", "^trained_on: sources", "trained_on: source", None),
        ("train.yaml", "^steps: 600", "steps: many", "takes a whole number, not 'many'"),
        ("train.yaml", "^precision: fp32", "precision: fp8", "fp32 or bf16 or fp16"),
        ("train.yaml", "^dropout: 0.2", "dropout: 1.5", "is 1 or less"),
        ("train.yaml", "^like_durations: True", "like_durations: maybe", "true or false"),
        ("encoders/compact.yaml", "^blocks: 2", "blocks: two", "whole number"),
        ("encoders/compact.yaml", "^blocks: 2", "blocks: [2]", "takes a whole number"),
        ("encoders/compact.yaml", "^blocks: 2", "blocks: 2\nblocks: 3", "the key `blocks` stands twice"),
    ],
)
def test_a_wrong_value_in_a_file_is_told_with_file_and_line(recipes_of_mine, file, pattern, text, message):
    path = recipes_of_mine / "hparams" / file
    change(path, pattern, text)
    if message is None:
        told(recipes_of_mine)
        return
    with pytest.raises(XserError, match=message) as caught:
        told(recipes_of_mine)
    assert re.search(rf"{re.escape(str(path))}, line \d+", str(caught.value)) and "\n" not in str(caught.value)


@pytest.mark.parametrize("finetuning", ["frozen", "full", "last_layers", "peft"])
def test_a_wrong_value_of_a_finetuning_is_told(recipes_of_mine, finetuning):
    change(recipes_of_mine / "hparams" / "finetuning" / f"{finetuning}.yaml", "^layer: .*", "layer: middle")
    with pytest.raises(XserError, match="`layer` is last or mix"):
        told(recipes_of_mine, "--encoder", "xlsr_300m", "--finetune", finetuning)


def test_all_files_that_come_with_xser_hold_what_the_table_allows(recipes):
    catalogue = Catalogue([recipes])
    train = catalogue.find("hparams", "train.yaml")
    assert {key for key in resolve([train], {}).values if key not in TABLE} == set()
    for folder in ("encoders", "systems", "finetuning"):
        for name in catalogue.names("hparams", folder):
            resolve([train, catalogue.find("hparams", folder, f"{name}.yaml")], {})


# Comments are for people. ---------------------------------------------------------------------------------------------


def test_a_reworded_comment_changes_neither_what_is_allowed_nor_what_a_training_is(recipes_of_mine):
    before = identity(recipes_of_mine)
    train = recipes_of_mine / "hparams" / "train.yaml"
    change(train, r"# shuffled \| hierarchical.*", "# how batches are drawn")
    change(train, r"# tau \(ours\)", "# tau (our choice)")
    with pytest.raises(XserError, match="--batches is shuffled or hierarchical, not 'nonsense'"):
        told(recipes_of_mine, "--batches", "nonsense")
    assert identity(recipes_of_mine) == before


@pytest.mark.parametrize(
    ("pattern", "text", "same"),
    [
        ("^temperature: 0.07 ", "temperature: 7.0e-2 ", True),
        ("^temperature: 0.07 ", "temperature: '0.07' ", True),
        ("^temperature: 0.07 ", "temperature: 0.070001 ", False),
        ("^like_durations: True", "like_durations: true", True),
        ("^    hidden: 256", "    hidden: 128", False),
        ("xser.model.supcon.LanguageAwareSupCon", "my.losses.SupCon", False),
        ("!ref <dropout>", "!ref <weight_decay>", False),
    ],
)
def test_a_training_is_its_values_and_its_classes(recipes_of_mine, pattern, text, same):
    before = identity(recipes_of_mine)
    change(recipes_of_mine / "hparams" / "train.yaml", pattern, text)
    assert (identity(recipes_of_mine) == before) is same


def test_a_value_is_the_same_wherever_it_was_set(recipes_of_mine):
    typed = identity(recipes_of_mine, "--temperature", "0.2")
    assert typed != identity(recipes_of_mine)
    change(recipes_of_mine / "hparams" / "train.yaml", "^temperature: 0.07", "temperature: 0.2")
    assert identity(recipes_of_mine) == typed


# What is built. -------------------------------------------------------------------------------------------------------


def test_later_files_win_and_the_command_line_over_all(recipes):
    hparams = recipes / "hparams"
    files = [hparams / "train.yaml", hparams / "encoders" / "compact.yaml", hparams / "systems" / "proposed.yaml"]
    built = load_hyperpyyaml(resolve(files, {"steps": 7, "embedding_size": 16}).text(RUN))
    assert (built["steps"], built["batches"], built["supcon_weight"]) == (7, "hierarchical", 1.0)
    assert built["network"].size == 16 and built["emotion_head"].out_features == 4
    assert built["supcon"].temperature == 0.07


def test_every_value_is_read_back_as_it_was_resolved(recipes):
    hparams = recipes / "hparams"
    for finetuning in ("full", "peft"):
        files = [hparams / "train.yaml", hparams / "encoders" / "xlsr_300m.yaml"]
        resolved = resolve([*files, hparams / "finetuning" / f"{finetuning}.yaml"], {"learning_rate": 1e-5})
        built = load_hyperpyyaml(Hyperparameters(resolved.values, {}).text({}))
        for key, value in resolved.values.items():
            assert built[key] == value and type(built[key]) is type(value), key


def test_a_key_of_ones_own_must_be_referred_to(recipes_of_mine):
    train = recipes_of_mine / "hparams" / "train.yaml"
    train.write_text(train.read_text() + "\nwidth: 3\nmine: !new:collections.Counter\n    w: !ref <width>\n")
    assert told(recipes_of_mine, "--width", "5").overrides == {"width": 5}
    train.write_text(train.read_text().replace("<width>", "<steps>"))
    with pytest.raises(XserError, match="unknown key `width`.*nothing refers to it"):
        told(recipes_of_mine)


# The command line. ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "values"),
    [
        (["--steps", "3"], {"steps": 3}),
        (["--learning-rate=1e-4", "--batch_size", "6"], {"learning_rate": 1e-4, "batch_size": 6}),
        (["--like_durations", "false"], {"like_durations": False}),
        (["--weight_decay", "0"], {"weight_decay": 0.0}),
    ],
)
def test_options_are_read(recipes, words, values):
    read = read_options(words, resolve([recipes / "hparams" / "train.yaml"], {}))
    assert read == values and [type(value) for value in read.values()] == [type(value) for value in values.values()]


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        (["--steps", "1.5"], XserError, "--steps takes a whole number"),
        (["--steps", "0"], XserError, "--steps is 1 or more"),
        (["--steps", "true"], XserError, "--steps takes a whole number"),
        (["--learning_rate", "fast"], XserError, "--learning_rate takes a number"),
        (["--learning_rate", "nan"], XserError, "--learning_rate takes a number"),
        (["--like_durations", "1"], XserError, "true or false"),
        (["--lora_rank", "4"], UsageError, "means nothing to this --encoder and --finetune"),
        (["--stepz", "4"], UsageError, "did you mean --steps"),
    ],
)
def test_a_wrong_option_is_told(recipes, words, error, message):
    with pytest.raises(error, match=message):
        read_options(words, resolve([recipes / "hparams" / "train.yaml"], {}))
