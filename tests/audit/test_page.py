"""The findings on paper: every check is explained, the worst stands first, and nothing of one computer is quoted."""

import re

import pandas as pd
import pytest

from tests.support import CHECKOUT
from tests.support.made_rows import evenly, rows_of
from xser.audit.checks import BETWEEN, CHECKS
from xser.audit.findings import Finding
from xser.audit.page import audit_page, corpora_and_shared, finding_frame, table_text
from xser.audit.pictures import corpus_picture
from xser.audit.shared_audio.pairs import COLUMNS
from xser.core.document import to_markdown

CASE = dict(zip(COLUMNS, ("made-a", "made-b", 0.25, 0.5, 1.5, 0.987, 0.8, False), strict=True))
FOUND = (
    Finding("small-groups", "fine", 0, "groups", "none"),
    Finding("split-texts", "note", 1, "texts", "one | text", ({"text": "made-0"},)),
    Finding(
        "split-stretches", "severe", 2, "pairs", "two pairs", (CASE | {"part_one": "train", "part_other": "test"},)
    ),
    Finding("speaker-emotion", "warning", 61.25, "% UAR", "61 %", (), {"p": 0.001, "chance": 25.0}),
)


def page(audited, notes=None, pictures=None):
    return to_markdown(audit_page("Title", audited, notes or {}, pictures or {}, "xser audit made", {"xser": "1"}))


def test_every_check_is_explained_and_nothing_else():
    text = (CHECKOUT / "docs" / "audit.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*?) \|", text, flags=re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([a-z0-9-]+)`", row)}
    assert named | set(re.findall(r"`(corpora-[a-z-]+|related-[a-z]+)`", text)) == set(CHECKS)


def test_the_terminal_shows_the_worst_first_and_names_what_is_fine():
    lines = table_text("made", FOUND).splitlines()
    assert [line.split()[0] for line in lines] == ["made", "severe", "warning", "note", "fine:"]
    assert "1 text " in lines[3] and lines[4] == "  fine: small-groups"


def test_the_page_lists_recordings_and_the_csv_has_every_finding():
    text = page({"made": FOUND}, {"made": ["one was left out"]}, {"made": "made.png"})
    assert "| made | 1 | 1 | 1 | 1 |" in text and "![made](made.png)" in text and "- stage 0: one was left out" in text
    assert "- `made-a` and `made-b`: 1.50 s, from 0.25 and 0.50 s, similarity 0.99 (train and test)" in text
    assert r"one \| text" in text and "text made-0" not in text
    frame = finding_frame({"made": FOUND})
    assert list(frame["name"]) == [each.name for each in FOUND] and frame["chance"].dropna().tolist() == [25.0]


def test_more_recordings_than_fit_are_counted():
    many = Finding("too-short", "note", 15, "recordings", "15", tuple({"utterance": f"made-{n}"} for n in range(15)))
    text = page({"made": (many,)})
    assert "`made-9`" in text and "`made-10`" not in text and "- and 5 more in the JSON file" in text


def test_what_pairs_of_corpora_share_is_put_together():
    fine = tuple(Finding(name, "fine", 0, "pairs", "none") for name in BETWEEN)
    bad = Finding("corpora-stretches", "severe", 1, "pairs", "1 pair of b and c", (CASE,))
    corpora, shared = corpora_and_shared({"a": FOUND, "b": FOUND, "a and b": fine, "b and c": (*fine[:2], bad)})
    assert list(corpora) == ["a", "b"]
    assert [(each.name, each.severity) for each in shared] == [
        ("corpora-stretches", "severe"), *((name, "fine") for name in BETWEEN),
    ]  # fmt: skip


@pytest.mark.parametrize("speakers", [1, 60])
def test_a_picture_is_small_whatever_it_shows(speakers, tmp_path):
    rows = rows_of(evenly({"angry": 300, "sad": 300}, speakers))
    measures = pd.DataFrame(
        {"level": -20.0, "dc": 0.0, "silence_start": 0.0, "silence_end": 0.1}, index=range(len(rows))
    )
    pairs = pd.DataFrame([CASE] * 100)
    corpus_picture(tmp_path / "picture.png", "made", rows, measures, FOUND, pairs)
    assert 5_000 < (tmp_path / "picture.png").stat().st_size < 150_000
