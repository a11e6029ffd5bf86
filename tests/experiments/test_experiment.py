"""Options are checked before anything runs, each mistake in one line that names the remedy."""

import shlex

import pytest

from tests.support import CHECKOUT, stages
from tests.support.made_emobox import write_emobox
from xser.commands import command_line, run
from xser.core.errors import UsageError, XserError

WITHIN = ["--corpus", "emodb"]
ZERO_SHOT = ["--sources", "cafe,esd:cmn", "--target", "emodb"]


def parse(*options):
    return stages.experiment_of(list(options))


def names(experiment):
    return [system.name for system in experiment.systems]


def test_defaults_within_a_corpus():
    experiment = parse(*WITHIN)
    assert (experiment.is_zero_shot, experiment.task.name, names(experiment)) == (False, "emodb", ["baseline2"])
    assert (experiment.encoder.name, experiment.split.name, experiment.seeds) == ("compact", "speaker", (0,))
    assert experiment.preparation.data_root == CHECKOUT / "egs_data"
    assert experiment.scheme.emotions == ("angry", "happy", "neutral", "sad")
    assert experiment.command == "xser run --corpus emodb"


def test_zero_shot():
    experiment = parse(*ZERO_SHOT, "--seeds", "0-2,7", "--steps", "5", "--learning-rate=1e-4")
    assert [str(selection) for selection in experiment.task.selections] == ["cafe", "esd:cmn", "emodb"]
    assert names(experiment) == ["baseline2", "proposed"]
    assert experiment.seeds == (0, 1, 2, 7)
    assert experiment.overrides == {"steps": 5, "learning_rate": 1e-4}
    assert experiment.command.startswith("xser run --sources cafe,esd:cmn --target emodb")


def test_the_command_names_what_lies_in_the_checkout_from_there():
    scheme = CHECKOUT / "recipes" / "zero_shot" / "four_real_speech.yaml"
    experiment = parse(*WITHIN, "--scheme", str(scheme), f"--work-dir={CHECKOUT}/exp", "--data-root", f"/a{CHECKOUT}/b")
    written = "--scheme recipes/zero_shot/four_real_speech.yaml --work-dir=exp --data-root"
    elsewhere = shlex.quote(f"/a{CHECKOUT}/b")
    assert experiment.command == f"xser run --corpus emodb {written} {elsewhere}"


def test_the_regime_of_the_target():
    assert parse(*ZERO_SHOT).target_statistics == "none"
    for option in ("--target-statistics", "--target_statistics"):  # the second as train.yaml has it
        experiment = parse(*ZERO_SHOT, option, "speaker")
        assert (experiment.target_statistics, experiment.overrides) == ("speaker", {})


def test_a_named_task_stands_for_its_sources_and_target():
    experiment = parse("--task", "en-de")
    assert [str(selection) for selection in experiment.task.selections] == ["meld", "esd:cmn", "cafe", "urdu", "emodb"]
    assert (experiment.is_zero_shot, experiment.named_task.name, experiment.task.name) == (True, "en-de", "en-de")
    assert experiment.command == "xser run --task en-de"
    assert parse(*ZERO_SHOT).named_task is None


EMOBOX = {1: {"train": [("wav/03a01Wa.wav", "anger")], "test": [("wav/08a01Wa.wav", "anger")]}}


def test_published_folds_are_named_by_their_folder(tmp_path):
    write_emobox(tmp_path / "EmoBox", "emodb", EMOBOX)
    experiment = parse(*WITHIN, "--split", "emobox", "--emobox", str(tmp_path / "EmoBox"))
    assert [fold.number for fold in experiment.split.published_folds] == [1]
    assert {path.name for path in experiment.split.files} == {"emodb_train_fold_1.jsonl", "emodb_test_fold_1.jsonl"}
    assert experiment.command == f"xser run --corpus emodb --split emobox --emobox {tmp_path}/EmoBox"
    assert parse(*WITHIN).split.published_folds == ()


def test_published_folds_of_what_has_none_are_told(tmp_path):
    emobox = ["--emobox", str(write_emobox(tmp_path, "emodb", EMOBOX))]
    with pytest.raises(XserError, match="no fold 2 of emodb: choose --split emobox:1"):
        parse(*WITHIN, "--split", "emobox:2", *emobox)
    with pytest.raises(XserError, match="no folds of cafe"):
        parse("--corpus", "cafe", "--split", "emobox", *emobox)
    for split in ("emobox", "emobox:1"):
        with pytest.raises(XserError, match=f"--split {split} has folds of one corpus; for zero_shot use speaker"):
            parse(*ZERO_SHOT, "--split", split, *emobox)
    for words, said in ((["--split", "emobox"], "give --emobox DIR"), (emobox, "--emobox belongs to --split emobox")):
        with pytest.raises(UsageError, match=said):
            parse(*WITHIN, *words)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--task", "en-dee"], "did you mean en-de"),
        (
            [*WITHIN, "--encoder", "whisper_tiny_en", "--finetune", "full", "--target-statistics", "corpus"],
            "--finetune full learns from waveforms",
        ),
        (["--task", ""], "no task ''"),
        (["--corpus", "emdb"], "emodb"),
        ([*WITHIN, "--system", "propsed"], "did you mean proposed"),
        ([*WITHIN, "--encoder", "compactt"], "did you mean compact"),
        ([*WITHIN, "--scheme", "five"], "four"),
        ([*WITHIN, "--split", "random"], "stratified"),
        ([*WITHIN, "--steps", "many"], "whole number"),
        (["--sources", "emodb,elvish", "--target", "cafe"], "elvish"),
        (["--sources", "ravdess", "--target", "cremad"], "never seen"),
        (["--sources", "emodb", "--target", "cafe", "--split", "folds:5"], "folds of one corpus"),
        ([*WITHIN, "--recipes", "/nowhere"], "recipes"),
    ],
)
def test_what_does_not_exist_is_told(options, said):
    with pytest.raises(XserError, match=said) as caught:
        parse(*options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([*WITHIN, "--stepz", "5"], "did you mean --steps"),
        ([*WITHIN, "--steps"], "needs a value"),
        ([*WITHIN, "--steps", "--seed", "1"], "needs a value"),
        ([*WITHIN, "stray"], "stray word 'stray'"),
        ([*WITHIN, "--seed", "one"], "whole numbers"),
        ([*WITHIN, "--seeds", "4-2"], "backwards"),
        ([*WITHIN, "--seed", "1", "--seeds", "2"], "not both"),
        ([*WITHIN, "--seeds", "1,1"], "twice"),
        ([*WITHIN, "--jobs", "0"], "--jobs"),
        ([*WITHIN, "--target", "cafe"], "zero_shot"),
        (["--sources", "emodb"], "--target"),
        (["--task", "en-de", "--target", "cafe"], "stands for"),
        ([*WITHIN, "--task", "en-de"], "zero_shot"),
        ([*WITHIN, "--target-statistics", "language"], "invalid choice: 'language'"),
        ([*WITHIN, "--data-root"], "expected one argument"),
    ],
)
def test_what_cannot_be_read_is_told(options, said, capsys):
    with pytest.raises(SystemExit) as ended:
        command_line.run_command("run", run, list(options))
    complaint = capsys.readouterr().err
    assert ended.value.code == 2
    assert said in complaint
    assert complaint.count("\n") == 1 and complaint.endswith("see --help\n") or "see xser run --help" in complaint
