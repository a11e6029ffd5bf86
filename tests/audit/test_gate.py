"""Which findings results repeat, by where they were found and what the system learns from."""

import pytest

from xser.audit.confounds import FEWEST_PERMUTATIONS
from xser.audit.findings import SEVERITIES, Finding
from xser.audit.gate import findings_to_repeat
from xser.audit.kept import KeptAudits, of_two

SOURCES = {"aa": "aa-1", "bb": "bb-1"}
TARGET = ("tt", "tt-1")
CORPUS, PARTS = f"tt-1-{FEWEST_PERMUTATIONS}", "tt-1"


def repeated(work_dir, where, name, severity, target=TARGET, sources=SOURCES, trained_on="sources"):
    KeptAudits(work_dir).findings(where, "key", lambda: [Finding(name, severity, 1, "pairs", "one")])
    return findings_to_repeat(sources, target, trained_on, work_dir)


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("name", ["speaker-emotion", "duplicates", "small-groups", "dc-emotion"])
def test_what_is_bad_in_a_corpus_that_is_reported_on_is_repeated(tmp_path, name, severity):
    told = [f"tt: {name}: one"] if severity in ("warning", "severe") else []
    assert repeated(tmp_path, CORPUS, name, severity) == ([], told)


@pytest.mark.parametrize("corpus", SOURCES.values())
def test_what_is_bad_in_a_source_is_not(tmp_path, corpus):
    assert repeated(tmp_path, f"{corpus}-{FEWEST_PERMUTATIONS}", "speaker-emotion", "severe") == ([], [])


@pytest.mark.parametrize(("trained_on", "is_told"), [("sources", False), ("source", False), ("target", True)])
def test_parts_of_a_target_matter_where_a_system_learns_from_them(tmp_path, trained_on, is_told):
    allowed, told = repeated(tmp_path, PARTS, "split-stretches", "severe", trained_on=trained_on)
    assert (allowed, told) == (["tt: split-stretches: one"] if is_told else [], [])
    allowed, told = repeated(tmp_path / "other", PARTS, "split-texts", "warning", trained_on=trained_on)
    assert (allowed, told) == ([], ["tt: split-texts: one"] if is_told else [])


def test_within_a_corpus_everything_of_it_is_repeated(tmp_path):
    one = {"sources": {"tt": "tt-1"}, "target": None}
    repeated(tmp_path, CORPUS, "level-emotion", "severe", **one)
    assert repeated(tmp_path, PARTS, "split-duplicates", "warning", **one) == (
        [],
        ["tt: level-emotion: one", "tt: split-duplicates: one"],
    )


@pytest.mark.parametrize(
    ("one", "other", "name", "severity", "expected"),
    [
        ("aa", "tt", "corpora-stretches", "severe", (["aa and tt: corpora-stretches: one"], [])),
        ("aa", "tt", "corpora-stretches", "warning", ([], ["aa and tt: corpora-stretches: one"])),
        ("bb", "tt", "related-languages", "severe", (["bb and tt: related-languages: one"], [])),
        ("aa", "bb", "corpora-duplicates", "severe", ([], ["aa and bb: corpora-duplicates: one"])),
        ("aa", "bb", "corpora-stretches", "severe", ([], ["aa and bb: corpora-stretches: one"])),
        ("aa", "bb", "related-languages", "severe", ([], [])),
        ("aa", "bb", "corpora-duplicates", "note", ([], [])),
    ],
)
def test_what_corpora_share_is_repeated(tmp_path, one, other, name, severity, expected):
    assert repeated(tmp_path, of_two(f"{one}-1", f"{other}-1"), name, severity) == expected
    assert repeated(tmp_path, of_two("x", "y"), name, severity, trained_on="target") == ([], [])
