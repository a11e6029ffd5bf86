"""EmoBox's published folds: found whatever a copy looks like, and everything that does not match is said."""

import collections
import os
import shutil
import tempfile
import unicodedata
from pathlib import Path

import pytest
import yaml

from tests.support.laid_out_tables import lay_out_tables
from tests.support.layouts import VARIANTS
from tests.support.made_emobox import write_emobox
from tests.support.official_lists import IDS, lay_out, meld_tables, read_list, read_rows_of_list
from xser.core.errors import XserError
from xser.core.rows import PARTS
from xser.corpora.description.corpus import read_corpus
from xser.corpora.description.emotions import SCHEMES
from xser.corpora.scanning import scan, utterance_at
from xser.experiments.manifests import map_emotions
from xser.protocol.splits.emobox_folds import fold_files, match_folds, read_fold
from xser.protocol.splits.splits import split_rows

EMODB = [f"wav/{speaker}a01{letter}a.wav" for speaker in ("03", "08", "09", "10") for letter in "WFNT"]
SPELLED = {"W": "anger", "F": "happy", "N": "neutral", "T": "sad"}


def listed(paths, tested):
    """Train and test of a fold as EmoBox writes EMO-DB: labels spelled anew."""
    parts = {"train": [], "test": []}
    for path in paths:
        parts["test" if path in tested else "train"].append((path, SPELLED[path[-6]]))
    return parts


@pytest.fixture
def emodb(recipes):
    return read_corpus(recipes / "emodb" / "corpus.yaml")


def rows_of(corpus, folder, paths, scheme="four"):
    found = scan(corpus, lay_out(folder, paths), allow_incomplete=True)
    return found.rows, map_emotions(found.rows, corpus, SCHEMES[scheme])


def matched(emobox, corpus, folder, paths, split="emobox", scheme="four"):
    rows, kept = rows_of(corpus, folder, paths, scheme)
    return match_folds(fold_files(emobox, corpus.id, split), corpus, rows, kept)


TWO_FOLDS = {1: listed(EMODB, EMODB[:8]), 2: listed(EMODB, EMODB[8:])}


def test_folds_are_found_in_a_copy_of_emobox_or_in_its_data(tmp_path):
    write_emobox(tmp_path, "emodb", TWO_FOLDS)
    for folder in (tmp_path, tmp_path / "data"):
        assert [fold.number for fold in fold_files(folder, "emodb", "emobox")] == [1, 2]
        (fold,) = fold_files(folder, "emodb", "emobox:2")
        assert fold.number == 2 and list(fold.files) == ["train", "test"]
        assert fold.files["test"] == tmp_path / "data" / "emodb" / "fold_2" / "emodb_test_fold_2.jsonl"


def test_folds_are_in_the_order_of_their_numbers(tmp_path):
    write_emobox(tmp_path, "emodb", {number: TWO_FOLDS[1] for number in range(1, 12)})
    assert [fold.number for fold in fold_files(tmp_path, "emodb", "emobox")] == list(range(1, 12))


def test_what_is_missing_of_emobox_is_told_in_one_line(tmp_path):
    with pytest.raises(XserError, match="nowhere does not exist: give a copy of EmoBox"):
        fold_files(tmp_path / "nowhere", "emodb", "emobox")
    with pytest.raises(XserError, match="is no copy of EmoBox: it has no data/emodb/fold_1"):
        fold_files(tmp_path, "emodb", "emobox")
    write_emobox(tmp_path, "emodb", TWO_FOLDS)
    with pytest.raises(XserError, match=r"no folds of cafe .*there are emodb.*choose another --split"):
        fold_files(tmp_path, "cafe", "emobox")
    with pytest.raises(XserError, match="no fold 3 of emodb: choose --split emobox:1, emobox:2"):
        fold_files(tmp_path, "emodb", "emobox:3")
    (tmp_path / "data" / "emodb" / "fold_2" / "emodb_train_fold_2.jsonl").unlink()
    with pytest.raises(XserError, match="emodb_train_fold_2.jsonl is missing"):
        fold_files(tmp_path, "emodb", "emobox")
    shutil.rmtree(tmp_path / "data" / "emodb")
    (tmp_path / "data" / "emodb").mkdir()
    with pytest.raises(XserError, match="has no fold_1"):
        fold_files(tmp_path, "emodb", "emobox")


@pytest.mark.parametrize("line", ["{", "[1]", '"text"', '{"key": "emodb-1", "wav": "a.wav"}', "\udcff"])
def test_a_line_that_is_no_utterance_is_named(tmp_path, line):
    write_emobox(tmp_path, "emodb", TWO_FOLDS)
    (fold,) = fold_files(tmp_path, "emodb", "emobox:1")
    with open(fold.files["test"], "ab") as file:
        file.write(line.encode("utf-8", "surrogateescape") + b"\n")
    with pytest.raises(XserError, match=r"_test_fold_1.jsonl(, line 9: not an utterance| cannot be read)") as error:
        read_fold(fold, "emodb")
    assert "\n" not in str(error.value)


def test_parts_are_emobox_s_and_their_speakers_are_counted(tmp_path, emodb):
    write_emobox(tmp_path, "emodb", TWO_FOLDS)
    found = matched(tmp_path, emodb, tmp_path / "data", EMODB)
    for part_of, fold in zip(found.parts, TWO_FOLDS.values(), strict=True):
        tested = {utterance for utterance, part in part_of.items() if part == "test"}
        assert tested == {f"emodb-{path[4:-4]}" for path, _ in fold["test"]}
        assert len(part_of) == len(EMODB)
    assert found.shared_speakers == [(0, 2), (0, 2)]
    assert [note for note in found.notes if "validation" not in note] == []


def test_shared_speakers_are_warned_of(tmp_path, emodb):
    write_emobox(tmp_path, "emodb", {1: listed(EMODB, EMODB[:8]), 2: listed(EMODB, [*EMODB[7:12], *EMODB[13:]])})
    found = matched(tmp_path, emodb, tmp_path / "data", EMODB)
    assert found.shared_speakers == [(0, 2), (2, 3)]
    (warning,) = [note for note in found.notes if "warning" in note]
    assert "warning: 2 of 3 tested speakers (fold 2) are trained on as well" in warning
    (fold,) = matched(tmp_path, emodb, tmp_path / "data", EMODB, "emobox:1").shared_speakers
    assert fold == (0, 2)


def test_a_copy_may_be_laid_out_in_any_way(tmp_path, emodb):
    write_emobox(tmp_path, "emodb", TWO_FOLDS)
    expected = matched(tmp_path, emodb, tmp_path / "same", EMODB).parts
    for name, change in {
        "flat": lambda path: path[4:],
        "nested": lambda path: f"my corpora/berlin/{path}",
        "upper": lambda path: path.replace(".wav", ".WAV"),
    }.items():
        assert matched(tmp_path, emodb, tmp_path / name, list(map(change, EMODB))).parts == expected


def test_names_that_no_pattern_understands_are_compared_without_case_suffix_and_form(tmp_path, recipes):
    """As when EmoBox has converted a corpus, or renames its folders."""
    corpus = read_corpus(recipes / "cafe" / "corpus.yaml")
    paths = [f"{speaker:02}-{letter}-1-1.wav" for speaker in (1, 2, 3) for letter in "CJNT"]
    assert utterance_at(corpus, "Fâché/01-é.ogg") is None
    rows, _ = rows_of(corpus, tmp_path / "data", paths)
    rows.loc[0, "source"] = f"colère/{unicodedata.normalize('NFD', 'Fâché-é')}.WAV"
    kept = map_emotions(rows, corpus, SCHEMES["four"])
    moved = {"train": [(path, path[3]) for path in paths[1:-2]], "test": [(path, path[3]) for path in paths[-2:]]}
    moved["test"].append(("converted/FÂCHÉ-É.ogg", "C"))
    folds = fold_files(write_emobox(tmp_path, "cafe", {1: moved}), "cafe", "emobox")
    found = match_folds(folds, corpus, rows, kept)
    assert found.parts[0][rows.loc[0, "utterance"]] == "test"
    moved["train"].append(("elsewhere/fâché-é.mp3", "C"))  # now two files of EmoBox have the name: neither is believed
    folds = fold_files(write_emobox(tmp_path, "cafe", {1: moved}), "cafe", "emobox")
    found = match_folds(folds, corpus, rows, kept)
    assert rows.loc[0, "utterance"] not in found.parts[0]
    assert any("2 utterances not here" in note for note in found.notes)


def test_whatever_does_not_match_is_counted(tmp_path, emodb):
    theirs = listed(EMODB[:-1], EMODB[:8])
    theirs["test"][3] = (theirs["test"][3][0], "anger")  # sad here
    theirs["test"] += [("wav/16a01Wa.wav", "anger"), ("wav/16a01Fa.wav", "happy")]
    theirs["train"].append(("wav/16a01Na.wav", "neutral"))
    theirs["train"].append(theirs["test"][0])
    write_emobox(tmp_path, "emodb", {1: theirs})
    found = matched(tmp_path, emodb, tmp_path / "data", [*EMODB, "wav/03a01Ea.wav"])
    said = "\n".join(found.notes)
    assert "3 utterances not here (first: wav/16a01Na.wav), 2 of them of its test parts" in said
    assert "1 utterance here that fold 1 does not list, left out there (first: emodb-10a01Ta)" in said
    assert "1 utterance with another label there (first: emodb-03a01Ta, anger there and T here)" in said
    assert "1 utterance in two parts of a fold" in said and found.parts[0]["emodb-03a01Wa"] == "test"


def test_an_utterance_of_several_folds_is_counted_once(tmp_path, emodb):
    gone = ("wav/16a01Wa.wav", "anger")
    one, two = ({part: list(listed) for part, listed in fold.items()} for fold in TWO_FOLDS.values())
    one["train"].insert(0, gone)  # so that all the keys after it are others than in fold 2
    two["test"].append(gone)
    write_emobox(tmp_path, "emodb", {1: one, 2: two})
    said = "\n".join(matched(tmp_path, emodb, tmp_path / "data", EMODB).notes)
    assert "EmoBox: 1 utterance not here (first: wav/16a01Wa.wav), 1 of them of its test parts" in said


def test_what_the_scheme_leaves_out_of_the_test_is_counted(tmp_path, emodb):
    theirs = listed(EMODB, EMODB[:8])
    theirs["test"].append(("wav/03a01Ea.wav", "disgust"))
    write_emobox(tmp_path, "emodb", {1: theirs})
    paths = [*EMODB, "wav/03a01Ea.wav"]
    said = matched(tmp_path, emodb, tmp_path / "data", paths).notes
    assert any("the scheme leaves out 1 of its 9 test utterances" in note for note in said)
    said = matched(tmp_path, emodb, tmp_path / "data", paths, scheme="six").notes
    assert not any("the scheme leaves out" in note for note in said)


def test_another_corpus_is_refused(tmp_path, emodb):
    write_emobox(tmp_path, "emodb", {1: {"train": [("wav/x.wav", "anger")], "test": [("wav/y.wav", "anger")]}})
    with pytest.raises(XserError, match="none of EmoBox's utterances is here .*wav/x.wav.*right folder"):
        matched(tmp_path, emodb, tmp_path / "data", EMODB)


# The split. -----------------------------------------------------------------------------------------------------------


def test_a_part_to_select_by_is_taken_out_of_train_alone(tmp_path, emodb):
    write_emobox(tmp_path, "emodb", TWO_FOLDS)
    rows, kept = rows_of(emodb, tmp_path / "data", EMODB)
    found = match_folds(fold_files(tmp_path, "emodb", "emobox"), emodb, rows, kept)
    for seed in range(5):
        for parts, part_of in zip(split_rows(kept, "emobox", seed, emodb, found.parts), found.parts, strict=True):
            published = kept["utterance"].map(part_of)
            assert (published[parts == "test"] == "test").all() and (parts[published == "test"] == "test").all()
            assert (published[parts == "valid"] == "train").all()
            selecting = kept["emotion"][parts == "valid"]
            assert sorted(selecting) == sorted(SCHEMES["four"].emotions)


def test_a_published_validation_part_is_taken(tmp_path, emodb):
    parts = {"train": [], "valid": [], "test": []}
    for part, paths in zip(parts, (EMODB[:8], EMODB[8:12], EMODB[12:]), strict=True):
        parts[part] = [(path, SPELLED[path[-6]]) for path in paths]
    write_emobox(tmp_path, "emodb", {1: parts})
    rows, kept = rows_of(emodb, tmp_path / "data", EMODB)
    found = match_folds(fold_files(tmp_path, "emodb", "emobox"), emodb, rows, kept)
    (split,) = split_rows(kept, "emobox", 0, emodb, found.parts)
    assert dict(zip(kept["utterance"], split, strict=True)) == found.parts[0]
    assert split.value_counts().to_dict() == {"train": 8, "valid": 4, "test": 4}
    assert not any("validation" in note for note in found.notes)


def test_a_class_that_is_not_tested_is_refused(tmp_path, emodb):
    write_emobox(tmp_path, "emodb", {1: listed(EMODB, EMODB[:3]), 2: listed(EMODB, EMODB[3:6])})
    rows, kept = rows_of(emodb, tmp_path / "data", EMODB)
    both, one = (match_folds(fold_files(tmp_path, "emodb", name), emodb, rows, kept) for name in ("emobox", "emobox:1"))
    assert len(split_rows(kept, "emobox", 0, emodb, both.parts)) == 2
    with pytest.raises(XserError, match="class sad is missing from EmoBox's part test: choose --split emobox"):
        split_rows(kept, "emobox:1", 0, emodb, one.parts)


def test_a_class_that_is_not_trained_is_refused(tmp_path, emodb):
    write_emobox(tmp_path, "emodb", {1: listed(EMODB, [path for path in EMODB if "F" in path])})
    rows, kept = rows_of(emodb, tmp_path / "data", EMODB)
    found = match_folds(fold_files(tmp_path, "emodb", "emobox"), emodb, rows, kept)
    with pytest.raises(XserError, match="class happy has 0 utterances to train on in a fold of EmoBox"):
        split_rows(kept, "emobox", 0, emodb, found.parts)


# At full size. --------------------------------------------------------------------------------------------------------

# Tested speakers of the worst fold that are trained on as well, and all that it tests, in the scheme of the corpus.
SHARED = {
    "aesdd": (6, 6), "ased": (61, 61), "asvpesd": (128, 128), "cremad": (91, 91), "emns": (1, 1), "emodb": (10, 10),
    "emovdb": (4, 4), "emozionalmente": (391, 391), "enterface": (43, 43), "oreau": (26, 26), "pavoque": (1, 1),
    "resd": (52, 52), "shemo": (83, 83), "tess": (2, 2), "turevdb": (6, 6), "urdu": (18, 19),
}  # fmt: skip
SPEAKERS_UNKNOWN = ("mer2023", "mesd")
FULL_SIZE = sorted([*VARIANTS, "meld", "pavoque"])


def emobox_of_list(id, root):
    """Make EmoBox's folder of a corpus from its official list."""
    rows = read_rows_of_list(id)
    numbers = {int(row["fold"]) for row in rows if row["fold"]}
    folds = {number: collections.defaultdict(list) for number in sorted(numbers)}
    for row in rows:
        segment = row.get("segment", "").removeprefix(f"{id}-")
        for number, parts in folds.items():
            part = "test" if row["fold"] == str(number) else "train"
            if part == "train" and id == "meld" and row["path"].startswith("dev"):
                part = "valid"
            if part == "train" and id == "mer2023" and "/train/" not in row["path"]:
                continue  # the other tests of the challenge stand in lists of their own
            parts[part].append((row["path"], row["label"], segment or None, bool(segment)))
    return write_emobox(root, id, folds), rows


def lay_out_list(id, folder, rows):
    """Lay the corpus out otherwise than EmoBox does."""
    if id == "pavoque":
        tables = collections.defaultdict(list)
        for number, row in enumerate(rows):
            prompt, _, style = row["segment"].removeprefix("pavoque-").rpartition("-")
            start = 20.0 * number
            tables[row["path"]].append({"prompt": prompt, "style": style, "start": start, "end": start + 1})
        lay_out(folder, list(tables))
        for path, stretches in tables.items():
            text = yaml.dump(stretches, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper))
            (folder / path).with_suffix(".yaml").write_text(text, encoding="utf-8")
        return
    change = VARIANTS[id][-1] if id in VARIANTS else lambda path: path.replace("train/", "")
    files = [(change(path), label) for path, label in read_list(id)]
    lay_out(folder, [path for path, _ in files])
    lay_out_tables(id, folder, files)
    for name, text in meld_tables(files, speakers=304) if id == "meld" else ():
        (folder / name).write_text(text, encoding="utf-8")


@pytest.fixture
def memory():
    """Return a folder for many thousand files: in memory where the system has such a place, gone after the test."""
    place = "/dev/shm"
    folder = tempfile.mkdtemp(dir=place if os.access(place, os.W_OK) else None)
    yield Path(folder)
    shutil.rmtree(os.fsencode(folder), ignore_errors=True)


@pytest.mark.parametrize("id", FULL_SIZE)
def test_the_published_folds_of_29_corpora(recipes, memory, id):
    """Every utterance of EmoBox is found in a copy that is laid out otherwise, and is tested where EmoBox tests it."""
    root, listed_rows = emobox_of_list(id, memory / "emobox")
    lay_out_list(id, memory / "data", listed_rows)
    corpus = read_corpus(recipes / id / "corpus.yaml")
    rows = scan(corpus, memory / "data", allow_incomplete=True).rows
    kept = map_emotions(rows, corpus, SCHEMES[corpus.scheme])
    folds = fold_files(root, id, "emobox")
    assert len(folds) in (1, 3, 4, 5, 6)
    found = match_folds(folds, corpus, rows, kept)
    for fold, part_of in zip(folds, found.parts, strict=True):
        published = collections.Counter(row["fold"] == str(fold.number) for row in listed_rows)
        lost = id == "cremad"  # its one silent recording, of the test part
        assert sum(part == "test" for part in part_of.values()) == published[True] - lost
        assert id == "mer2023" or len(part_of) == len(listed_rows) - lost
    said = "\n".join(found.notes)
    assert "another label" not in said and "two parts" not in said
    assert ("not here" in said) == (id == "cremad")
    assert ("does not list" in said) == (id == "mer2023")
    if id in SPEAKERS_UNKNOWN:
        assert found.shared_speakers is None and "warning: whether its parts share speakers cannot be known" in said
    elif id == "meld":
        assert max(found.shared_speakers)[0] > 0  # the tables of this test invent who speaks
    else:
        assert max(found.shared_speakers) == SHARED.get(id, (0, max(found.shared_speakers)[1]))
        assert ("warning" in said) == (id in SHARED)
    for parts, part_of in zip(split_rows(kept, "emobox", 0, corpus, found.parts), found.parts, strict=True):
        published = kept["utterance"].map(part_of).fillna("")
        assert ((parts == "test") == (published == "test")).all() and ((parts == "") == (published == "")).all()
        assert set(parts) >= set(PARTS)


def test_there_are_29_of_them():
    assert FULL_SIZE == list(IDS) and len(IDS) == 29
