"""What was cut, edited, exchanged or lost since it was written is noticed; what carries no digest is taken as it is."""

import json

import pytest

from xser.core.digests import SEAL, digests_of, first_changed, is_as_sealed, refuse_changed, sealed
from xser.core.errors import XserError
from xser.core.files import write_json
from xser.core.records import StageRecord, read_record, write_record


class Stage(StageRecord):
    emotions: tuple[str, ...]
    counts: dict[str, int]
    share: float = 0.1


STAGE = Stage(emotions=("angry", "sad"), counts={"é": 1, "b": 2}, share=1 / 3)


def test_what_is_sealed_is_read(tmp_path):
    write_record(tmp_path / "stage.json", STAGE)
    assert read_record(tmp_path / "stage.json", Stage, "again").model_copy(update={SEAL: ""}) == STAGE
    write_record(tmp_path / "stage.json", read_record(tmp_path / "stage.json", Stage, "again"))
    read_record(tmp_path / "stage.json", Stage, "again")


@pytest.mark.parametrize(
    "change",
    [
        {"emotions": ["sad", "angry"]},
        {"emotions": ["angry", "sad", "calm"]},
        {"counts": {"é": 2, "b": 2}},
        {"counts": {"é": 1}},
        {"share": 0.33},
        {SEAL: "0" * 64},
        {SEAL: ""},
    ],
)
def test_what_was_changed_is_refused(tmp_path, change):
    write_record(tmp_path / "stage.json", STAGE)
    content = json.loads((tmp_path / "stage.json").read_text())
    write_json(tmp_path / "stage.json", content | change)
    with pytest.raises(XserError, match="stage.json was changed since it was written: again"):
        read_record(tmp_path / "stage.json", Stage, "again")


def test_the_order_of_keys_and_a_missing_digest_are_no_change():
    content = sealed({"b": 1, "a": [1, 2]})
    assert is_as_sealed(dict(reversed(content.items()))) and is_as_sealed({"a": 1}) and is_as_sealed([1])


@pytest.mark.parametrize("fault", ["none", "cut", "flipped", "empty", "missing", "folder", "exchanged"])
def test_files_that_are_not_what_was_written_are_named(tmp_path, fault):
    paths = [tmp_path / "a", tmp_path / "below" / "b"]
    (tmp_path / "below").mkdir()
    for path in paths:
        path.write_bytes(str(path).encode() * 100)
    digests = digests_of(tmp_path, paths)
    path, content = paths[1], paths[1].read_bytes()
    path.unlink()
    if fault == "folder":
        path.mkdir()
    elif fault != "missing":
        changed = {"none": content, "cut": content[:-1], "empty": b"", "exchanged": paths[0].read_bytes()}
        path.write_bytes(changed.get(fault, bytes([content[0] ^ 1]) + content[1:]))
    wrong = first_changed(tmp_path, digests)
    assert bool(wrong) == (fault != "none") and (str(path) in wrong or not wrong)
    if wrong:
        with pytest.raises(XserError, match=f"{path} .*: again"):
            refuse_changed(tmp_path, digests, "again")
