"""Another option, another folder; and what is missing is told with the stage that makes it."""

import re
import shutil

import pytest
import yaml

from tests.support import stages
from tests.support.made_rows import evenly, rows_of
from xser.core.errors import XserError
from xser.core.rows import ROW_COLUMNS
from xser.experiments import workspace
from xser.experiments.workspace import Workspace, manifest_files

COUNTS = {"W": 9, "F": 9, "N": 9, "T": 9}


@pytest.fixture
def words(tmp_path, recipes):
    """Options of an experiment within a corpus, with recipes and recordings of one's own."""
    shutil.copytree(recipes / "emodb", tmp_path / "recipes" / "emodb")
    (tmp_path / "data" / "emodb").mkdir(parents=True)
    where = ["--recipes", tmp_path / "recipes", "--data-root", tmp_path / "data", "--work-dir", tmp_path / "exp"]
    return ["emodb", *map(str, where)]


@pytest.fixture
def corpus_yaml(tmp_path):
    return tmp_path / "recipes" / "emodb" / "corpus.yaml"


def data_folder(words):
    experiment = stages.experiment_of(words)
    return Workspace(experiment).data_folder(experiment.corpora[0])


def test_where_recordings_lie(words, tmp_path):
    assert data_folder(words) == tmp_path / "data" / "emodb"
    (tmp_path / "data" / "emodb").rmdir()
    assert data_folder(words) == tmp_path / "data"
    several = ["--sources", "cafe", "--target", "emodb", *words[1:]]
    assert data_folder(several) == tmp_path / "data" / "cafe"


def test_every_option_of_stage_0_changes_the_prepared_folder(words, tmp_path, corpus_yaml, monkeypatch):
    first = stages.prepared_folder(words)
    assert first.parent == tmp_path / "exp" / "audio" and re.fullmatch(r"emodb-[0-9a-f]{8}", first.name)
    for option in ("--skip-bad", "--allow-incomplete"):  # what they keep is prepared already
        assert stages.prepared_folder([*words, option]) == first
    others = [stages.prepared_folder([*words, "--data-root", str(tmp_path / "other")])]
    monkeypatch.setattr(workspace, "SETTINGS", {**workspace.SETTINGS, "rate": 8000})
    others.append(stages.prepared_folder(words))
    monkeypatch.undo()
    assert stages.prepared_folder(words) == first
    assert stages.prepared_folder([*words, "--as-recorded"]) == first  # there is nothing to repair
    corpus_yaml.write_text(f"{corpus_yaml.read_text(encoding='utf-8')}\nrepeated_files: true\n", encoding="utf-8")
    others.append(prepared_anew(words))
    assert len({first, *others}) == 4


def prepared_anew(words):
    """The folder, corpus.yaml being read again: a process reads it once."""
    from xser.experiments import catalogue

    catalogue._read_corpus.cache_clear()
    return stages.prepared_folder(words)


def test_words_for_people_do_not_orphan_prepared_audio(words, corpus_yaml):
    """A mended space, licence, citation or comment, and another order of keys."""
    text = corpus_yaml.read_text(encoding="utf-8")

    def folder(text):
        corpus_yaml.write_text(text, encoding="utf-8")
        return prepared_anew(words)

    first = folder(text)
    reordered = yaml.safe_dump(yaml.safe_load(text), sort_keys=True, allow_unicode=True)
    assert folder(text.replace("F. Burkhardt", "Felix Burkhardt")) == first
    assert folder(text.replace("CC0-1.0 or CC-BY", "CC0-1.0  ")) == folder(f"# a comment\n{text} # another\n") == first
    assert folder(reordered) == first
    assert folder(text.replace("{text:[a-z]", "{text:[a-k]")) != first


def test_a_link_to_the_same_recordings_is_the_same_folder(words, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "data")
    assert stages.prepared_folder([*words, "--data-root", str(tmp_path / "link")]) == stages.prepared_folder(words)


def manifest_folder(words, fingerprint="0123456789abcdef"):
    experiment = stages.experiment_of(words)
    selection = experiment.task.selections[0]
    folder = stages.prepared_folder(words)
    stages.write_prepared(folder, rows_of(evenly(COUNTS, 3), "emodb")[list(ROW_COLUMNS)], fingerprint=fingerprint)
    there = Workspace(experiment)
    return there.manifest_folder(selection, there.read_prepared_record(selection.corpus))


def test_every_option_of_stage_1_changes_the_manifest_folder(words, tmp_path):
    (tmp_path / "mine.yaml").write_text("emotions: [sad, neutral, happy, angry]\n")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.yaml").write_text("emotions: [sad, neutral, happy, angry]\nmerges: {calm: neutral}\n")
    changes = [
        ["--scheme", "four_calm"],
        ["--scheme", str(tmp_path / "mine.yaml")],
        ["--scheme", str(tmp_path / "other" / "mine.yaml")],
        ["--split", "stratified"],
        ["--split", "folds:5"],
        ["--split", "folds:50"],
        ["--split-seed", "1"],
    ]
    folders = [manifest_folder([*words, *change]) for change in [[], *changes]]
    folders.append(manifest_folder(words, "0123456789abcdee"))
    assert len(set(folders)) == len(folders)
    assert manifest_folder(words) == folders[0]
    assert folders[0].parent == tmp_path / "exp" / "manifests" and folders[0].name[:-8] == "emodb-four-speaker-"


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("W: angry", "W: disgust", False),
        ("train: ", "train: 1", False),
        ("\n", "\nspeaker_loss: {masked: true, why: so}\n", False),
        ("F. Burkhardt", "Felix Burkhardt", True),
    ],
)
def test_what_of_a_corpus_changes_the_manifest_folder(words, corpus_yaml, before, after, same):
    first = manifest_folder(words)
    text = corpus_yaml.read_text(encoding="utf-8")
    assert before in text
    corpus_yaml.write_text(text.replace(before, after, 1), encoding="utf-8")
    prepared_anew(words)
    assert (manifest_folder(words) == first) is same


def test_why_the_speaker_loss_is_masked_is_for_people(words, corpus_yaml):
    text, folders = corpus_yaml.read_text(encoding="utf-8"), set()
    for why in ("so", "because of that"):
        corpus_yaml.write_text(f"{text}\nspeaker_loss: {{masked: true, why: {why}}}\n", encoding="utf-8")
        prepared_anew(words)
        folders.add(manifest_folder(words))
    assert len(folders) == 1


def test_folds_have_a_table_each(tmp_path):
    assert [path.name for path in manifest_files(tmp_path, 2)] == ["manifest_fold1.csv", "manifest_fold2.csv"]
    assert [path.name for path in manifest_files(tmp_path, 0)] == ["manifest.csv"]


def test_missing_audio_names_stage_0(words):
    experiment = stages.experiment_of(words)
    folder = stages.prepared_folder(words)
    with pytest.raises(XserError, match=f"no prepared audio of emodb .*{folder}: run stage 0 .prepare.*--stage 0"):
        Workspace(experiment).read_prepared(experiment.corpora[0])
    folder.mkdir(parents=True)
    (folder / "prepared.json").write_text('{"corpus": "emodb"}')
    with pytest.raises(XserError, match="prepared.json: .* is missing: run stage 0"):
        Workspace(experiment).read_prepared(experiment.corpora[0])


def test_a_missing_manifest_names_stage_1(words):
    manifest_folder(words)
    with pytest.raises(XserError, match="no manifest with these options in .*: run stage 1 .manifests.*--stage 1"):
        stages.manifests_of(words)
