"""corpus.yaml: what is read, and every way in which it may be wrong."""

import dataclasses
import json

import pytest
import yaml

from xser.core.errors import XserError
from xser.core.fingerprints import fingerprint
from xser.corpora.description.corpus import corpus_ids, read_corpus
from xser.corpora.description.emotions import CANONICAL
from xser.corpora.description.file_patterns import Column, FilePattern

TOY = {
    "title": "TOY",
    "language": "deu",
    "licence": "CC0-1.0",
    "url": "https://example.org",
    "citation": "A. Author: Toy. 2020.",
    "obtain": "Make it.",
    "example": "wav/01_x_A.wav",
    "files": [r"{speaker:\d\d}_{text}_{emotion:[A-Z]}.wav"],
    "labels": {"A": "angry", "B": "drop"},
    "counts": {"A": 2, "B": 1},
}


@pytest.fixture
def write(tmp_path):
    """Return a function that writes TOY, changed, as a corpus.yaml and returns its path."""

    def write(**changes):
        path = tmp_path / "toy" / "corpus.yaml"
        path.parent.mkdir(exist_ok=True)
        content = {key: value for key, value in (TOY | changes).items() if value is not None}
        path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
        return path

    return write


def test_a_plain_corpus(write):
    corpus = read_corpus(write())
    assert (corpus.id, corpus.title, corpus.language, corpus.languages) == ("toy", "TOY", "deu", ("deu",))
    assert corpus.labels == {"A": "angry", "B": None}
    assert corpus.counts == {"A": 2, "B": 1} and corpus.total == 3
    assert not corpus.official_parts and corpus.stratified is None and corpus.faults == ()
    assert corpus.speaker_loss == {"masked": False, "why": ""}
    assert corpus.utterance_id("01_x_A") == "toy-01_x_A"


def test_everything_that_may_be_said(write):
    corpus = read_corpus(
        write(
            language=["deu", "fra"],
            ignore=["old/{rest:.*}.wav"],
            tables=[{"files": ["info.csv"], "columns": {"speaker": "Speaker", "gender": "Sex"}, "join": ["speaker"]}],
            columns={
                "language": {"from": "{speaker}", "map": {"0.": "deu", ".*": "fra"}},
                "text": "{language}-{text}",
                "official_part": {"from": "{speaker}", "map": {"01": "test", ".*": "train"}},
            },
            faults=[{"utterance": "01_x_A", "what": "silent"}, {"utterance": "b", "what": "gone", "counted": False}],
            repeated_files=True,
            same_recording=[["01_x_A", "02_x_A"]],
            stratified={"train": 1, "valid": 1, "test": 0},
            speaker_loss={"masked": True, "why": "because\n  of it"},
        )
    )
    assert corpus.languages == ("deu", "fra") and corpus.language == "deu"
    assert corpus.official_parts and corpus.repeated_files
    assert list(corpus.columns) == ["language", "text", "official_part"]
    assert [dataclasses.astuple(fault) for fault in corpus.faults] == [
        ("toy-01_x_A", "silent", True, ""),
        ("toy-b", "gone", False, ""),
    ]
    assert corpus.same_recording == (("toy-01_x_A", "toy-02_x_A"),)
    assert corpus.speaker_loss == {"masked": True, "why": "because of it"}
    assert corpus.tables[0].join == ("speaker",)


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "The Toy"},
        {"licence": "CC-BY-4.0", "citation": "A. B. Author: Toy. 2020."},
        {"example": "wav/02_x_A.wav", "ignore": ["old/{rest:.*}.wav"]},
        {"labels": {"A": "sad", "B": "drop"}, "counts": 3, "speakers": 4},
        {"scheme": "six", "stratified": {"train": 1, "valid": 1, "test": 0}},
    ],
)
def test_what_changes_no_row_is_not_in_the_identity_of_the_rows(write, changes):
    before = read_corpus(write()).row_identity
    assert read_corpus(write(**changes)).row_identity == before


def test_a_mended_word_of_a_recipe_does_not_change_the_identity_of_its_rows(tmp_path, recipes):
    path = tmp_path / "emodb" / "corpus.yaml"
    path.parent.mkdir()
    text = (recipes / "emodb" / "corpus.yaml").read_text(encoding="utf-8")

    def identity(text):
        path.write_text(text, encoding="utf-8")
        return fingerprint(read_corpus(path).row_identity)

    first = identity(text)
    assert identity(text.replace("CC0-1.0 or CC-BY", "CC0-1.0  ").replace("F. Burkhardt", "Felix Burkhardt")) == first
    assert identity(f"# a comment\n{text} # another\n") == first
    assert identity(yaml.safe_dump(yaml.safe_load(text), sort_keys=True, allow_unicode=True)) == first
    assert identity(text.replace("{text:[a-z]", "{text:[a-k]")) != first


def test_whatever_changes_rows_is_in_their_identity(write):
    table = {"files": ["a.csv"], "columns": {"gender": "Sex", "age": "Age"}, "join": ["speaker"]}
    table["columns"]["speaker"] = "Who"
    changed = [
        {},
        {"language": "fra"},
        {"files": [TOY["files"][0], "{speaker}-{emotion}.wav"]},
        {"tables": [table]},
        {"tables": [{**table, "delimiter": ";"}]},
        {"tables": [{**table, "columns": {**table["columns"], "age": "Years"}}]},
        {"columns": {"gender": "female"}},
        {"columns": {"gender": {"from": "{speaker}", "map": {"01": "female", ".*": ""}}}},
        {"columns": {"gender": {"from": "{speaker}", "map": {".*": "", "01": "female"}}}},
        {"columns": {"text": "a{text}", "speaker": "{text}"}},
        {"columns": {"speaker": "{text}", "text": "a{text}"}},
        {"faults": [{"utterance": "01_x_A", "what": "silent"}]},
        {"repeated_files": True},
        {"same_recording": [["a", "b"]]},
        {"same_recording": [["b", "a"]]},
        {"same_speaker": [["01", "02"]]},
        {"repairs": ["dc"]},
    ]
    identities = [json.dumps(read_corpus(write(**changes)).row_identity) for changes in changed]
    assert len(set(identities)) == len(changed)


def test_an_order_that_means_nothing_is_not_in_the_identity_of_the_rows(write):
    columns = {"gender": "female", "text": "a{text}"}
    one, other = (
        fingerprint(read_corpus(write(columns=dict(items))).row_identity)
        for items in (columns.items(), reversed(columns.items()))
    )
    assert one == other


@pytest.mark.parametrize(
    "changes, complaint",
    [
        ({"titel": "TOY"}, r"line 16: unknown key `titel` \(did you mean title\?\)"),
        ({"title": None}, "`title` is missing"),
        ({"title": ""}, "line 1: `title` is empty"),
        ({"files": []}, "line 8: `files` is empty"),
        ({"files": "a.wav"}, "`files` must be a list"),
        ({"files": ["{speaker.wav"]}, "opening brace"),
        ({"files": ["speaker}.wav"]}, "closing brace"),
        ({"files": ["{Speaker}_{emotion}.wav"]}, "'Speaker'"),
        ({"files": ["{stem}_{emotion}.wav"]}, "'stem'"),
        ({"files": ["{speaker:(}_{emotion}.wav"]}, "line 9: .*no regular expression"),
        ({"files": [r"{speaker:\d\d}.wav"]}, "called `emotion`"),
        ({"example": "wav/other.wav"}, "line 7: `example` wav/other.wav matches none"),
        ({"language": "german"}, "`language` is 'german', which is no ISO 639-3 code: write deu"),
        ({"language": "elvish"}, "`language` is 'elvish', which is no ISO 639-3 code, such as"),
        ({"language": ["deu", "fra"]}, "`language` lists several"),
        ({"columns": {"language": {"from": "{speaker}", "map": {".*": "fra"}}}}, "says 'fra'"),
        ({"columns": {"speeker": "{speaker}"}}, r"`columns: speeker` is .*did you mean speaker"),
        ({"columns": {"gender": "{sex}"}}, r"line 17: `columns: gender` uses \{sex\}"),
        ({"columns": {"gender": {"from": "{speaker}"}}}, "`columns: gender: map` is missing"),
        ({"columns": {"gender": {"from": "{speaker}", "map": {"(": "male"}}}}, "line 20: .* no regular expression"),
        ({"columns": {"official_part": {"from": "{text}", "map": {"x": "dev"}}}}, "official_part"),
        ({"columns": {"official_part": "{text}"}}, "official_part"),
        ({"labels": {"A": "angry", "B": "furious"}}, "`labels: B` is 'furious': it must be one of drop, angry"),
        ({"counts": {"A": 2}}, "differ in B"),
        ({"counts": {"A": 2, "B": "one"}}, "`counts: B` must be a whole number"),
        ({"counts": {"A": 2, "B": -1}}, "`counts: B` is '-1': it should be greater"),
        ({"counts": {"A": 2, "B": True}}, "`counts: B` must be a whole number"),
        ({"tables": [{"files": ["a.csv"]}]}, "`tables: item 1: join` is missing"),
        ({"tables": [{"files": ["a.csv"], "join": ["text"]}]}, "item 1` needs `columns` .* or `rows`"),
        ({"tables": [{"files": ["a.csv"], "columns": {"y": "Y"}, "join": ["y"]}]}, "'y', which no pattern"),
        ({"tables": [{"files": ["a.csv"], "columns": {"x": "X"}, "join": ["text"]}]}, "'text', which the table"),
        ({"tables": [{"files": ["a.csv"], "columns": {"x": "X"}, "join": "text"}]}, "must be a list"),
        ({"faults": [{"utterance": "x"}]}, "`faults: item 1: what` is missing"),
        ({"faults": [{"utterance": "x", "what": "gone", "part": "dev"}]}, "item 1: part` .* one of train,"),
        ({"faults": [{"utterance": "x", "what": "gone", "part": "train"}]}, "`faults` with a `part` need `stratified`"),
        ({"same_recording": [["x"]]}, "`same_recording: item 1` needs 2 or more"),
        ({"stratified": {"train": 1, "test": 1}}, "`stratified: valid` is missing"),
        ({"stratified": {"train": 1, "valid": 0.5, "test": 1}}, "`stratified: valid`"),
        ({"speaker_loss": {"masked": "maybe", "why": ""}}, "`speaker_loss: masked` must be true or false"),
        ({"speaker_loss": {"masked": True}}, "`speaker_loss: why` is missing"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_key(write, changes, complaint):
    path = write(**changes)
    with pytest.raises(XserError, match=complaint) as error:
        read_corpus(path)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_words_stay_as_they_were_written(tmp_path):
    """YAML reads ``no``, ``01`` and ``1e3`` as something else than words."""
    path = tmp_path / "toy" / "corpus.yaml"
    path.parent.mkdir()
    text = yaml.safe_dump({key: value for key, value in TOY.items() if key not in ("labels", "counts")})
    path.write_text(f"{text}labels: {{no: angry, 01: sad, 1e3: drop}}\ncounts: {{no: 1, 01: 2, 1e3: 3}}\n")
    assert read_corpus(path).labels == {"no": "angry", "01": "sad", "1e3": None}


@pytest.mark.parametrize(
    "text, complaint",
    [
        ("title: [", "not valid YAML"),
        ("title: A\ntitle: B\n", "line 2: .*'title' stands twice"),
        ("labels: {A: sad, B: sad, A: angry}\n", "'A' stands twice"),
        ('files: ["\\d"]\n', "single quotes"),
        ("- title", "must hold lines"),
        ("", "`title` is missing"),
        ("!!python/object/apply:os.system ['true']", "must hold lines"),
        ("3: x", "unknown key `3`"),
    ],
)
def test_yaml_that_is_not_a_description(tmp_path, text, complaint):
    path = tmp_path / "corpus.yaml"
    path.write_text(text)
    with pytest.raises(XserError, match=complaint):
        read_corpus(path)


URL = "https://example.org/speech.zip"


def test_files_to_download(write):
    files = [
        {"urls": [URL, "http://mirror.example.org/other%20name.zip"], "size": 12, "md5": "a" * 32, "into": "one/two"},
        {"urls": ["https://example.org/all%20speech.tar.gz?download=1"], "inside": ["a/b.zip"], "leave_out": ["*.csv"]},
        {"urls": ["https://example.org/7"], "name": "labels.csv", "sha256": "b" * 64},
    ]
    one, two, three = read_corpus(write(download=files)).download
    assert one.name == "speech.zip" and len(one.urls) == 2 and one.size == 12 and one.into == "one/two"
    assert one.checksum == "md5:" + "a" * 32 and three.checksum == "sha256:" + "b" * 64 and two.checksum == ""
    assert two.name == "all speech.tar.gz" and two.inside == ("a/b.zip",) and two.leave_out == ("*.csv",)
    assert three.name == "labels.csv" and three.size == 0
    assert read_corpus(write()).download == ()


@pytest.mark.parametrize(
    "value, complaint",
    [
        ("here", "`download` must be a list"),
        (["here"], "item 1` must be made of lines `key: value`"),
        ([{"name": "a.zip"}], "item 1: urls` is missing"),
        ([{"urls": [URL], "sha1": "a"}], "did you mean sha256.*; the keys are urls, name, size, md5, sha256"),
        ([{"urls": URL}], "item 1: urls` must be a list"),
        ([{"urls": []}], "item 1: urls` is empty"),
        ([{"urls": ["file:///etc/passwd"]}], "addresses begin with https://"),
        ([{"urls": ["speech.zip"]}], "addresses begin with https://"),
        ([{"urls": ["https://example.org/"]}], "must be a file's name"),
        ([{"urls": [URL], "name": "a/b.zip"}], "must be a file's name"),
        ([{"urls": [URL], "name": "..zip"}], "lie outside the corpus's folder or be hidden"),
        ([{"urls": [URL], "into": "../up"}], "lie outside the corpus's folder"),
        ([{"urls": [URL], "into": "/up"}], "lie outside the corpus's folder"),
        ([{"urls": [URL], "inside": ["../b.zip"]}], "lie outside the corpus's folder"),
        ([{"urls": [URL], "inside": ["b.txt"]}], "must name an archive"),
        ([{"urls": [URL], "name": "a.csv", "leave_out": ["b"]}], "belongs to an archive"),
        ([{"urls": [URL], "size": "some"}], "item 1: size` must be a whole number"),
        ([{"urls": [URL], "size": True}], "item 1: size` must be a whole number"),
        ([{"urls": [URL], "size": -1}], "item 1: size` is '-1': it should be greater"),
        ([{"urls": [URL], "md5": "abc"}], r"md5` must look like \[0-9a-f\]\{32\}"),
        ([{"urls": [URL], "md5": "A" * 32}], r"md5` must look like \[0-9a-f\]\{32\}"),
        ([{"urls": [URL], "md5": "a" * 32, "sha256": "b" * 64}], "not both"),
        ([{"urls": [URL]}, {"urls": [URL]}], "item 2` is the second file called 'speech.zip'"),
    ],
)
def test_mistakes_in_files_to_download(write, value, complaint):
    with pytest.raises(XserError, match=complaint) as error:
        read_corpus(write(download=value))
    assert "corpus.yaml" in str(error.value) and "\n" not in str(error.value)


def test_a_missing_description(tmp_path):
    with pytest.raises(XserError, match="cannot be read"):
        read_corpus(tmp_path / "corpus.yaml")


def test_corpora_are_the_folders_with_a_description(tmp_path, recipes):
    for name in ("b", "a", "zero_shot"):
        (tmp_path / name).mkdir()
    for name in ("b", "a"):
        (tmp_path / name / "corpus.yaml").touch()
    assert corpus_ids(tmp_path) == ["a", "b"]
    assert {"cafe", "cremad", "emodb", "esd", "meld", "ravdess", "turevdb", "urdu"} <= set(corpus_ids(recipes))


def test_every_recipe_is_described(recipes):
    for id in corpus_ids(recipes):
        corpus = read_corpus(recipes / id / "corpus.yaml")
        assert corpus.id == id
        assert set(corpus.labels.values()) <= {None, *CANONICAL}
        readme = (recipes / id / "README.md").read_text(encoding="utf-8")
        assert corpus.url in readme and f"xser run {id} --data-root" in readme
        assert corpus.title in readme and str(corpus.total) in readme


@pytest.mark.parametrize(
    "pattern, path, fields",
    [
        ("a/{x}.wav", "a/1.wav", {"x": "1"}),
        ("a/{x}.wav", "top/a/1.wav", {"x": "1"}),
        ("a/{x}.wav", "ba/1.wav", None),  # whole names only
        ("a/{x}.wav", "a/1.wav.txt", None),
        ("a/{x}.wav", "a/1.WAV", {"x": "1"}),
        ("a/{x}.wav", "A/1.wav", None),
        ("a/{x}.wav", "a/1xwav", None),  # a dot is a dot
        ("{x}.wav", "a-b.wav", None),
        (r"{x:\d{2}}{y:.*}.wav", "123.wav", {"x": "12", "y": "3"}),
        (r"{x:\d+}/{x}_{y}.wav", "7/7_a.wav", {"x": "7", "y": "a"}),
        (r"{x:\d+}/{x}_{y}.wav", "7/8_a.wav", None),
        ("Colère/{x}.wav", "Colère/1.wav", {"x": "1"}),
        ("Cole\u0300re/{x}.wav", "Col\u00e8re/1.wav", {"x": "1"}),  # the pattern may be in NFD
        (r"{x:[^\}]+}.wav", "a+b.wav", {"x": "a+b"}),
        ("{x:a|b}c.wav", "bc.wav", {"x": "b"}),
        ("(1)[2]+{x}.wav", "(1)[2]+3.wav", {"x": "3"}),
    ],
)
def test_patterns(pattern, path, fields):
    assert FilePattern(pattern).match(path) == fields


def test_columns():
    assert Column("{a}-{b%350}-{none}").value({"a": "x", "b": "000700"}) == "x-0-"
    assert Column("constant").value({}) == "constant"
    assert Column("{a}", (("x", "1"), (".*", ""))).value({"a": "xx"}) == ""
    with pytest.raises(ValueError, match="'xx' has no entry"):
        Column("{a}", (("x", "1"),)).value({"a": "xx"})
    with pytest.raises(ValueError, match="no number"):
        Column("{a%2}").value({"a": "xx"})
