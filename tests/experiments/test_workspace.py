"""Another option, another folder; and what is missing is told with the stage that makes it."""

import dataclasses

import pytest
import yaml

from tests.support.made_rows import corpus_like, evenly, rows_of
from xser.core.errors import XserError
from xser.core.files import write_json
from xser.core.rows import write_rows
from xser.corpora.description.corpus import read_corpus
from xser.corpora.description.emotions import SCHEMES, Scheme
from xser.experiments import workspace

PREPARED = {"skip_bad": False, "allow_incomplete": False}


@pytest.fixture
def corpus(recipes):
    return read_corpus(recipes / "emodb" / "corpus.yaml")


def test_where_recordings_lie(tmp_path):
    assert workspace.data_folder(tmp_path, "emodb", several=True) == tmp_path / "emodb"
    assert workspace.data_folder(tmp_path, "emodb", several=False) == tmp_path
    (tmp_path / "emodb").mkdir()
    assert workspace.data_folder(tmp_path, "emodb", several=False) == tmp_path / "emodb"


def test_every_option_of_stage_0_changes_the_prepared_folder(tmp_path, corpus, monkeypatch):
    def folder(data="data", **options):
        return workspace.prepared_folder(tmp_path / "exp", corpus, tmp_path / data, **(PREPARED | options))

    first = folder()
    assert first.parent == tmp_path / "exp" / "audio" and first.name.startswith("emodb-") and len(first.name) == 14
    others = [folder("other"), folder(skip_bad=True), folder(allow_incomplete=True), folder(as_recorded=True)]
    monkeypatch.setattr(workspace, "SETTINGS", {**workspace.SETTINGS, "rate": 8000})
    others.append(folder())
    monkeypatch.undo()
    assert folder() == first
    corpus = dataclasses.replace(corpus, repeated_files=True)
    others.append(folder())
    assert len({first, *others}) == 7


def test_words_for_people_do_not_orphan_prepared_audio(tmp_path, recipes):
    """A mended space, licence, citation or comment, and another order of keys."""
    path = tmp_path / "recipes" / "emodb" / "corpus.yaml"
    path.parent.mkdir(parents=True)
    text = (recipes / "emodb" / "corpus.yaml").read_text(encoding="utf-8")

    def folder(text):
        path.write_text(text, encoding="utf-8")
        return workspace.prepared_folder(tmp_path / "exp", read_corpus(path), tmp_path / "data", **PREPARED)

    first = folder(text)
    reordered = yaml.safe_dump(yaml.safe_load(text), sort_keys=True, allow_unicode=True)
    assert folder(text.replace("F. Burkhardt", "Felix Burkhardt")) == first
    assert folder(text.replace("CC0-1.0 or CC-BY", "CC0-1.0  ")) == folder(f"# a comment\n{text} # another\n") == first
    assert folder(reordered) == first
    assert folder(text.replace("{text:[a-z]", "{text:[a-k]")) != first


def test_a_link_to_the_same_recordings_is_the_same_folder(tmp_path, corpus):
    (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "data")
    one, two = (workspace.prepared_folder(tmp_path, corpus, tmp_path / name, **PREPARED) for name in ("data", "link"))
    assert one == two


MANIFEST = {
    "corpus": corpus_like("emodb", {"train": 1, "valid": 1, "test": 1}, {"W": "angry", "E": None}),
    "language": None,
    "scheme": SCHEMES["four"],
    "split": "speaker",
    "split_seed": 0,
    "prepared_fingerprint": "0123456789abcdef",
}
CHANGES = [
    {"corpus": corpus_like("cafe", {"train": 1, "valid": 1, "test": 1}, {"W": "angry", "E": None})},
    {"corpus": corpus_like("emodb", {"train": 2, "valid": 1, "test": 1}, {"W": "angry", "E": None})},
    {"corpus": corpus_like("emodb", None, {"W": "angry", "E": None})},
    {"corpus": corpus_like("emodb", {"train": 1, "valid": 1, "test": 1}, {"W": "angry", "E": "boredom"})},
    {"corpus": corpus_like("emodb", speaker_loss={"masked": True, "why": "so"})},
    {"language": "deu"},
    {"scheme": SCHEMES["four_calm"]},
    {"scheme": dataclasses.replace(SCHEMES["four"], merges={"calm": "neutral"})},
    {"scheme": Scheme("four", SCHEMES["four"].emotions[::-1])},
    {"split": "stratified"},
    {"split": "folds:5"},
    {"split": "folds:50"},
    {"split_seed": 1},
    {"prepared_fingerprint": "0123456789abcdee"},
]


def test_every_option_of_stage_1_changes_the_manifest_folder(tmp_path):
    folders = [workspace.manifest_folder(tmp_path, **(MANIFEST | change)) for change in [{}, *CHANGES]]
    assert len(set(folders)) == len(folders)
    assert workspace.manifest_folder(tmp_path, **MANIFEST) == folders[0]


def test_a_folder_s_name_says_what_it_holds(tmp_path):
    options = {"corpus": corpus_like("esd"), "language": "cmn", "split": "folds:5"}
    folder = workspace.manifest_folder(tmp_path, **(MANIFEST | options))
    assert folder.parent == tmp_path / "manifests" and folder.name[:-8] == "esd-cmn-four-folds5-"
    names = [path.name for path in workspace.manifest_files(folder, 3)]
    assert names == ["manifest_fold1.csv", "manifest_fold2.csv", "manifest_fold3.csv"]
    assert [path.name for path in workspace.manifest_files(folder, 0)] == ["manifest.csv"]


def test_missing_audio_names_stage_0(tmp_path):
    folder = tmp_path / "audio" / "emodb-01234567"
    for read in (workspace.read_prepared, workspace.read_prepared_info):
        with pytest.raises(XserError, match=f"no prepared audio of emodb .*{folder}: run stage 0 .prepare.*--stage 0"):
            read(folder)
    folder.mkdir(parents=True)
    rows = rows_of(evenly({"sad": 3}, 3)).drop(columns="emotion")
    write_rows(folder / "rows.csv", rows)
    with pytest.raises(XserError, match="stage 0"):
        workspace.read_prepared(folder)
    write_json(folder / "prepared.json", {"fingerprint": "f"})
    read, info = workspace.read_prepared(folder)
    assert read["utterance"].tolist() == rows["utterance"].tolist() and info == {"fingerprint": "f"}


def test_a_missing_manifest_names_stage_1(tmp_path):
    folder, prepared = tmp_path / "manifests" / "emodb-four-speaker-01234567", tmp_path / "audio" / "emodb-01234567"
    with pytest.raises(XserError, match="no manifest with these options in .*: run stage 1 .manifests.*--stage 1"):
        workspace.read_manifest_info(folder, prepared)
    write_json(folder / "manifest.json", {"folds": 2, "prepared_folder": str(prepared)})
    tables, info = workspace.read_manifest_info(folder, prepared)
    assert len(tables) == info["folds"] == 2
    with pytest.raises(XserError, match="audio that has moved since in .*stage 1"):
        workspace.read_manifest_info(folder, tmp_path / "elsewhere")
