"""Results that are kept come back as they were, and what somebody damaged is made again."""

import json

import pandas as pd
import pytest

from xser.audit.findings import Finding
from xser.audit.kept import KeptAudits

ODD = Finding(
    "a", "note", float("nan"), "", "", ({"n": pd.Series([1]).sum()},), {"array": pd.Series([1.0, 2.0]).to_numpy()}
)
FOUND = (
    Finding("small-groups", "fine", 0, "groups", "none"),
    Finding("split-texts", "severe", 1, "texts", "one", ({"text": "made-0", "part": "test"},)),
    Finding("speaker-emotion", "warning", 61.25, "% UAR", "61 %", (), {"p": 0.001, "chance": 25.0}),
)


@pytest.fixture
def kept(tmp_path):
    return KeptAudits(tmp_path)


def never():
    raise AssertionError("computed again")


def test_findings_come_back_as_they_were(kept):
    assert kept.findings("made", "key", lambda: FOUND) == FOUND
    assert kept.findings("made", "key", never) == FOUND
    assert type(kept.read("made").findings[0].value) is int


def test_findings_of_another_key_are_computed(kept):
    kept.findings("made", "key", lambda: FOUND)
    assert kept.findings("made", "other", lambda: FOUND[:1]) == FOUND[:1]


def test_what_json_cannot_hold_is_made_plain(kept):
    (finding,) = kept.findings("odd", "key", lambda: [ODD])
    assert finding.value is None and finding.details == {"array": (1.0, 2.0)}
    assert json.loads(kept.file("odd").read_text())["findings"][0]["cases"] == [{"n": 1}]


@pytest.mark.parametrize("severity", ["bad", 3])
def test_what_is_no_finding_is_made_again(kept, severity):
    kept.findings("made", "key", lambda: FOUND)
    content = json.loads(kept.file("made").read_text())
    content["findings"][0]["severity"] = severity
    kept.file("made").write_text(json.dumps(content))
    assert kept.read("made") is None
    assert kept.findings("made", "key", lambda: FOUND) == FOUND


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "one,seconds\nNA,1.25\n",
        "one,seconds\n",
        "one,other\na,b\n",
        "one,seconds\na,long\n",
        "one,seconds\na,1,2,3\n",
    ],
)
def test_a_damaged_table_is_made_again(kept, damage):
    made = pd.DataFrame({"one": ["NA"], "seconds": [1.5]})
    assert kept.table("made", made.columns, lambda: made).equals(made)
    (kept.folder / "made.csv").write_text(damage)
    assert kept.table("made", made.columns, lambda: made).equals(made)
    assert kept.table("made", made.columns, never).equals(made)
