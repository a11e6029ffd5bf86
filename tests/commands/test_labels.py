"""The table corpus x class: right numbers, every merge and drop named, quick, and written whole."""

import csv
import json
import subprocess
import sys

import pytest

from tests.support import CHECKOUT
from xser.commands import labels
from xser.commands.command_line import parser_of
from xser.core.errors import XserError
from xser.corpora.description.corpus import corpus_ids, read_corpus
from xser.corpora.description.emotions import SCHEMES

RECIPES = CHECKOUT / "recipes"
CORPORA = corpus_ids(RECIPES)


def ask(*words):
    labels.main(parser_of("labels", labels).parse_args(list(words)))


def printed(capsys, *argv):
    ask(*argv)
    return capsys.readouterr().out


def as_data(capsys, *argv):
    content = json.loads(printed(capsys, *argv, "--json"))
    return {row["corpus"]: row for row in content["corpora"]}


def test_all_recipes_by_default_in_scheme_four(capsys):
    said = printed(capsys)
    rows = {line.split()[0]: line.split() for line in said.splitlines() if line and ":" not in line}
    assert "scheme four: angry, happy, neutral, sad" in said and set(CORPORA) <= set(rows)
    assert rows["emodb"] == ["emodb", "German", "127", "71", "79", "62", "339", "196"]
    assert rows["urdu"] == ["urdu", "Urdu", "100", "100", "100", "100", "400", "-"]
    assert rows["baved"] == ["baved", "Arabic", "-", "-", "-", "-", "-", "1935"]
    assert rows["emouerj"] == ["emouerj", "Portuguese", "?", "?", "?", "?", "377", "-"]
    assert rows["m3ed"] == ["m3ed", "Mandarin", "?", "?", "?", "?", "?", "?"]
    assert "baved: cannot be used with this scheme; its recipe takes scheme arousal" in said


def test_corpora_and_scheme_may_be_named(capsys):
    said = printed(capsys, "ravdess", "turevdb", "--scheme", "four_calm")
    rows = [line.split() for line in said.splitlines()]
    assert ["turevdb", "Turkish", "487", "357", "408", "483", "1735", "-"] in rows
    assert ["ravdess", "English", "192", "192", "288", "192", "864", "576"] in rows
    assert ["all", "679", "549", "696", "675", "2599", "576"] in rows
    assert "turevdb: merged: Calm (calm) 408 counts as neutral" in said
    assert "ravdess: merged: calm (calm) 192 counts as neutral" in said
    assert "fearful (fear) 192, disgust (disgust) 192, surprised (surprise) 192" in said
    assert "emodb" not in said


def test_what_a_corpus_without_all_classes_is_good_for(capsys):
    said = printed(capsys, "turevdb", "baved", "polish")
    assert "turevdb: warning: no utterance of class neutral\n" in said
    assert "turevdb: can be used with the other classes; its recipe takes scheme four_calm" in said
    one = printed(capsys, "baved", "emodb", "--scheme", "arousal")
    assert "emodb: cannot be used with this scheme; its recipe takes scheme four" in one
    assert "baved: cannot" not in one


def test_one_class_alone_cannot_be_told_from_another(tmp_path, capsys):
    scheme = tmp_path / "rare.yaml"
    scheme.write_text("emotions: [boredom, poker]\n")
    said = printed(capsys, "emodb", "--scheme", str(scheme))
    assert "emodb: cannot be used by itself with this scheme, in which it has one class" in said


@pytest.mark.parametrize("scheme", SCHEMES)
def test_nothing_is_lost_between_a_label_and_its_class(capsys, scheme):
    for id, row in as_data(capsys, "--scheme", scheme).items():
        corpus = read_corpus(RECIPES / id / "corpus.yaml")
        assert list(row["classes"]) == list(SCHEMES[scheme].emotions)
        assert set(row["labels"]) == set(corpus.labels) and row["utterances"] == corpus.total
        assert row["missing"] == [name for name, number in row["classes"].items() if number == 0]
        if isinstance(corpus.counts, int):
            assert None not in row["classes"].values() or row["in_scheme"] in (None, corpus.total)
            continue
        for emotion, number in row["classes"].items():
            kept = [label for label, name in corpus.labels.items() if SCHEMES[scheme].emotion_of(name, id) == emotion]
            assert number == sum(corpus.counts[label] for label in kept)
        assert row["in_scheme"] == sum(row["classes"].values())


def test_the_table_as_csv(tmp_path, capsys):
    file = tmp_path / "new" / "labels.csv"
    assert printed(capsys, "emodb", "jvnv", "--scheme", "six", "--csv", str(file)) == ""
    with open(file, encoding="utf-8", newline="") as opened:
        rows = list(csv.reader(opened))
    assert rows == [
        ["corpus", "languages", "angry", "happy", "neutral", "sad", "fear", "disgust", "all", "utterances"],
        ["emodb", "deu", "127", "71", "79", "62", "69", "46", "454", "535"],
        ["jvnv", "jpn", "", "", "0", "", "", "", "", "1615"],
    ]


def test_the_schemes_there_are(capsys):
    said = printed(capsys, "--schemes").splitlines()
    assert len(said) == len(SCHEMES)
    assert "four_calm: angry, happy, neutral, sad; calm counts as neutral" in said


def test_a_scheme_of_ones_own(tmp_path, capsys, monkeypatch):
    (tmp_path / "valence ü.yaml").write_text(
        "emotions: [positive, negative]\nmerges: {happy: positive, angry: negative, sad: negative}\n"
        "merges_in: {turevdb: {calm: positive}}\n",
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    said = printed(capsys, "emodb", "turevdb", "--scheme", "valence ü.yaml")
    rows = [line.split() for line in said.splitlines()]
    assert ["emodb", "German", "71", "189", "260", "275"] in rows
    assert ["turevdb", "Turkish", "765", "970", "1735", "-"] in rows
    assert "scheme valence ü: positive, negative; happy counts as positive; " in said
    assert "calm counts as positive in turevdb" in said


def test_mistakes_are_one_line(tmp_path, capsys):
    with pytest.raises(XserError, match="no corpus 'emdb' .did you mean emodb"):
        ask("emdb")
    with pytest.raises(XserError, match="no scheme 'five'"):
        ask("--scheme", "five")
    with pytest.raises(XserError, match="holds no recipes"):
        ask("--recipes", str(tmp_path))
    (tmp_path / "mine.yaml").write_text("emotions: [angry, neutral]\nmerges_in: {turevbd: {calm: neutral}}\n")
    with pytest.raises(XserError, match="mine.yaml: `merges_in` names 'turevbd'; the corpora are aesdd, "):
        ask("--scheme", str(tmp_path / "mine.yaml"))
    with pytest.raises(SystemExit):
        ask("--sceme", "six")
    assert "unrecognized arguments: --sceme" in capsys.readouterr().err


def test_it_needs_neither_torch_nor_pandas_and_runs_anywhere(tmp_path):
    code = (
        "import sys; from xser.__main__ import main; sys.argv[1:] = ['labels', 'emodb']; main(); "
        "print([name for name in ('torch', 'pandas', 'speechbrain', 'numpy') if name in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, env={"PYTHONPATH": str(CHECKOUT)}
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[-1] == "[]"
