"""Whatever differs gives another name; what is the same gives the same name in every process."""

import dataclasses
import itertools
import subprocess
import sys

import pytest

from tests.support import CHECKOUT
from xser.core.errors import XserError
from xser.core.fingerprints import fingerprint
from xser.corpora.description.emotions import SCHEMES, Scheme


@dataclasses.dataclass
class Pair:
    one: object
    two: object


@dataclasses.dataclass
class OtherPair:
    one: object
    two: object


DIFFERENT = [
    None, True, False, 0, 1, -1, 0.0, 1.0, 1e-300, 0.1, 0.1 + 3e-17, "", "0", "1", "None", "true", b"", b"1",
    "ä", "a\u0308", [], [1], [[1]], ["1"], [1, 1], ["a", "b"], ["ab"], ["b", "a"], [None], {}, {"a": 1}, {"a": 2},
    {"b": 1}, {"1": 1}, {1: 1}, {"a": {"b": 1}}, {"a": ["b", 1]}, set(), {1}, {1, 2}, ["int", "1"],
    ["list"], ["dict"], ["bytes", "x"], Pair(1, 2), Pair(2, 1), OtherPair(1, 2), float("nan"), float("inf"),
]  # fmt: skip


def test_different_things_have_different_fingerprints():
    named = [(thing, fingerprint(thing)) for thing in DIFFERENT]
    for (one, name), (two, other) in itertools.combinations(named, 2):
        assert name != other, (one, two)


def test_arguments_are_not_run_together():
    assert fingerprint("a", "b") != fingerprint("ab") != fingerprint(["a", "b"])
    assert fingerprint() != fingerprint(None)


def test_order_of_dicts_and_sets_does_not_matter():
    assert fingerprint({"a": 1, "b": {"c": 2, "d": 3}}) == fingerprint({"b": {"d": 3, "c": 2}, "a": 1})
    assert fingerprint({"x", "y", "z"}) == fingerprint({"z", "y", "x"})
    assert fingerprint((1, "a")) == fingerprint([1, "a"])


def test_a_path_stands_for_the_content_of_its_file(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"content")
    two.write_bytes(b"content")
    assert fingerprint(one) == fingerprint(two) == fingerprint(b"content")
    two.write_bytes(b"other content")
    assert fingerprint(one) != fingerprint(two)
    assert fingerprint(one) != fingerprint(str(one))
    with pytest.raises(XserError, match="missing.yaml"):
        fingerprint(tmp_path / "missing.yaml")


def test_an_unknown_kind_is_refused():
    with pytest.raises(TypeError):
        fingerprint(object())


def test_schemes_differ_by_their_definition():
    names = {fingerprint(scheme) for scheme in SCHEMES.values()}
    assert len(names) == len(SCHEMES)
    assert fingerprint(Scheme("own", ("angry", "sad"))) != fingerprint(Scheme("own", ("angry", "sad"), {"calm": "sad"}))


def test_another_process_says_the_same():
    things = "({'b': 1.5, 'a': {3, 1, 2}}, ['ä', None, True])"
    command = f"from xser.core.fingerprints import fingerprint; print(fingerprint(*{things}))"
    checkout = CHECKOUT
    said = {
        subprocess.run(
            [sys.executable, "-c", command], capture_output=True, text=True, check=True, cwd=checkout,
            env={"PYTHONHASHSEED": seed},
        ).stdout.strip()
        for seed in ("1", "2")
    }  # fmt: skip
    assert said == {fingerprint(*eval(things))}
    assert len(said.pop()) == 16
