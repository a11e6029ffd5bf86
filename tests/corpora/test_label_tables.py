"""Tables that are not comma-separated columns, tables of tables, and counts of which only the sum is known."""

import json

import pytest
import yaml

from xser.core.errors import XserError
from xser.corpora.description.corpus import read_corpus
from xser.corpora.scanning import scan

TOY = {
    "title": "TOY",
    "language": "deu",
    "licence": "CC0-1.0",
    "url": "https://example.org",
    "citation": "A. Author: Toy. 2020.",
    "obtain": "Make it.",
    "example": "wav/x1.wav",
    "files": [r"{dialogue:[xy]}{turn:\d}.wav"],
    "labels": {"A": "angry", "S": "sad"},
    "counts": 4,
}
LABELS = {"x1": "A", "x2": "S", "y1": "S", "y2": "A"}


@pytest.fixture
def scanned(tmp_path):
    """Return a function that scans TOY with these tables: files of them, and what corpus.yaml says of them."""

    def scanned(files, *tables, columns=None, **options):
        recipe = tmp_path / "recipes" / "toy" / "corpus.yaml"
        recipe.parent.mkdir(parents=True, exist_ok=True)
        recipe.write_text(yaml.safe_dump(TOY | {"tables": list(tables), "columns": columns or {}}, sort_keys=False))
        folder = tmp_path / "data"
        (folder / "wav").mkdir(parents=True, exist_ok=True)
        for stem in LABELS:
            (folder / "wav" / f"{stem}.wav").touch()
        for name, text in files.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        return scan(read_corpus(recipe), folder, **options)

    return scanned


def labels_of(found):
    return {row.utterance.removeprefix("toy-"): row.native_label for row in found.rows.itertuples()}


def test_a_delimiter(scanned):
    text = "path|what was felt, if anything\n" + "".join(
        f"wavs/{stem}.webm|{label}\n" for stem, label in LABELS.items()
    )
    columns = {"stem": "path", "emotion": "what was felt, if anything"}
    found = scanned({"info.csv": text}, {"files": ["info.csv"], "delimiter": "|", "columns": columns, "join": ["stem"]})
    assert labels_of(found) == LABELS and found.notes == []


@pytest.mark.parametrize("written", ["{}", "{}.wav", "some/folder/{}.WAV"])
def test_a_stem_in_a_table_is_found_in_a_name_and_in_a_path(scanned, written):
    text = "File,Emotion\n" + "".join(f"{written.format(stem)},{label}\n" for stem, label in LABELS.items())
    columns = {"stem": "File", "emotion": "Emotion"}
    assert labels_of(scanned({"t.csv": text}, {"files": ["t.csv"], "columns": columns, "join": ["stem"]})) == LABELS


def test_a_stem_with_a_dot_of_its_own_keeps_it(scanned):
    text = "File,Emotion\n" + "".join(f"{stem}.a,{label}\n" for stem, label in LABELS.items())
    with pytest.raises(XserError, match="4 files without a row in the table"):
        columns = {"stem": "File", "emotion": "Emotion"}
        scanned({"t.csv": text}, {"files": ["t.csv"], "columns": columns, "join": ["stem"]})


LINES = {
    "files": ["{dialogue:[xy]}.txt"],
    "rows": r"[{time:[\d.]+}]{tab:\s}{turn:\d} = {emotion:[A-Z]}",
    "join": ["dialogue", "turn"],
}


def test_lines_of_a_text_are_rows_and_others_are_none(scanned):
    files = {
        f"about/{dialogue}.txt": "% [time]\n\n"
        + "\n".join(f"[1.5]\t{turn} = {LABELS[dialogue + turn]}\nC-1: x;" for turn in "12")
        for dialogue in "xy"
    }
    found = scanned(files, LINES)
    assert labels_of(found) == LABELS and found.notes == []
    assert labels_of(scanned({"about/x.txt": files["about/x.txt"] + "\n[2.5]\t3 = S\n"}, LINES)) == LABELS


def test_a_text_without_a_row_is_refused(scanned):
    with pytest.raises(XserError, match=r"x.txt has nothing like .*emotion.*: put the official table in its place"):
        scanned({"x.txt": "1: A\n2: S\n"}, LINES)


JSON = {
    "files": ["all.json"],
    "rows": "part/{dialogue:[^/]}/turns/{turn:\\d}",
    "columns": {"emotion": "votes/final", "role": "who"},
    "join": ["dialogue", "turn"],
}
PEOPLE = {
    "files": ["all.json"],
    "rows": "part/{dialogue}/people/{role}",
    "columns": {"speaker": "name", "age": "age"},
    "join": ["dialogue", "role"],
}


def content():
    turns = {
        dialogue: {turn: {"votes": {"final": LABELS[dialogue + turn]}, "who": "a"} for turn in "12"}
        for dialogue in "xy"
    }
    people = {"x": {"a": {"name": "Äda", "age": 7}}, "y": {"a": {"name": "Ben", "age": None}}}
    return {"part": {name: {"turns": turns[name], "people": people[name]} for name in "xy"}, "version": "1"}


def test_objects_of_a_json_file_are_rows_and_a_table_may_join_another(scanned):
    found = scanned({"all.json": json.dumps(content())}, JSON, PEOPLE)
    assert labels_of(found) == LABELS and found.notes == []
    assert found.rows.speaker.tolist() == ["toy-Äda", "toy-Äda", "toy-Ben", "toy-Ben"]
    assert found.rows.age.tolist() == ["7", "7", "", ""]


def test_json_that_is_not_what_it_should_be(scanned):
    without = content()
    for turns in (without["part"][name]["turns"] for name in "xy"):
        for turn in turns.values():
            del turn["votes"]
    for text, complaint in [
        (json.dumps(without), "all.json has no votes/final below part/"),
        ("{", "all.json is not valid JSON"),
        ('{"part": []}', "all.json has nothing like part/"),
    ]:
        with pytest.raises(XserError, match=complaint) as error:
            scanned({"all.json": text}, JSON)
        assert "\n" not in str(error.value)


def test_an_object_may_lack_what_others_have(scanned):
    some = content()
    del some["part"]["y"]["people"]["a"]["age"]
    assert scanned({"all.json": json.dumps(some)}, JSON, PEOPLE).rows.age.tolist() == ["7", "7", "", ""]
    del some["part"]["y"]["turns"]["2"]["votes"]
    with pytest.raises(XserError, match=r"wav/y2.wav: the native label '' \(1 of 4 files\) has no entry"):
        scanned({"all.json": json.dumps(some)}, JSON, PEOPLE)


def test_a_map_may_keep_what_it_does_not_name(scanned):
    text = "File,Emotion,Who\n" + "".join(
        f"{stem},{label},{'Unknown' if stem == 'x1' else stem[0]}\n" for stem, label in LABELS.items()
    )
    columns = {"stem": "File", "emotion": "Emotion", "speaker": "Who"}
    table = {"files": ["t.csv"], "columns": columns, "join": ["stem"]}
    found = scanned(
        {"t.csv": text}, table, columns={"speaker": {"from": "{speaker}", "map": {"Unknown": "", ".*": "{speaker}"}}}
    )
    assert found.rows.speaker.tolist() == ["", "toy-x", "toy-y", "toy-y"]
    with pytest.raises(XserError, match=r"`columns: speaker` uses \{nobody\}"):
        scanned({}, table, columns={"speaker": {"from": "{speaker}", "map": {".*": "{nobody}"}}})


def test_a_sum_is_compared_where_nobody_knows_more(scanned):
    text = "File,Emotion\n" + "".join(f"{stem},A\n" for stem in LABELS)
    table = {"files": ["t.csv"], "columns": {"stem": "File", "emotion": "Emotion"}, "join": ["stem"]}
    assert scanned({"t.csv": text}, table).complete
    with pytest.raises(XserError, match=r"found 3 of 4 files of TOY in .* \(all 3 of 4\)"):
        scanned({"t.csv": text.replace("y2,A\n", "")}, table)
    found = scanned({"t.csv": text.replace("y2,A\n", "")}, table, allow_incomplete=True)
    assert (found.complete, found.found, found.expected) == (False, 3, 4)


@pytest.mark.parametrize(
    "change, complaint",
    [
        ({"delimiter": "||"}, "delimiter` is .*at most 1 character"),
        ({"columns": None}, "item 1` needs `columns`"),
        ({"rows": "{emotion"}, "opening brace"),
        ({"separator": "|"}, "unknown key `tables: item 1: separator`"),
        ({"columns": {"turn": "T", "who": "W"}, "join": ["who"]}, "no pattern of `files` and no earlier table has"),
    ],
)
def test_a_table_that_is_wrongly_described(scanned, change, complaint):
    table = {"files": ["t.csv"], "columns": {"turn": "Turn", "emotion": "E"}, "join": ["turn"]} | change
    with pytest.raises(XserError, match=complaint):
        scanned({}, {key: value for key, value in table.items() if value is not None})
