"""Published figures: the file that comes with the recipes, what is refused, and the interval put beside them."""

import re

import numpy as np
import pytest
import yaml
from scipy.stats import binomtest

from xser.core.errors import XserError
from xser.evidence.figures.published import published_interval, read_published


@pytest.fixture
def path(recipes):
    return recipes / "zero_shot" / "published.yaml"


def test_the_file_agrees_with_itself(path):
    published = read_published(path)
    assert list(published.tasks) == "en-de cn-de fr-de en-fr cn-fr de-fr en-cn de-cn fr-cn".split()
    assert published.systems == ("baseline1", "baseline2", "proposed", "upper_bound")
    for system in published.systems:
        mean = np.mean([task.uar[system] for task in published.tasks.values()])
        assert mean == pytest.approx(published.mean.uar[system], abs=0.0051)
    f1 = np.mean([task.macro_f1["proposed"] for task in published.tasks.values()])
    assert f1 == pytest.approx(published.mean.macro_f1["proposed"], abs=0.0051)
    assert "2606.06200" in published.source and published.comparable.split == "paper"


def test_the_file_says_what_was_published(path, shared):
    text = (shared / "method.md").read_text(encoding="utf-8")
    published = read_published(path)
    for task in published.tasks.values():
        (line,) = [line for line in text.splitlines() if line.startswith(f"| {task.label} |")]
        figures = list(map(float, re.findall(r"\d+\.\d+", line)))
        in_file = [task.uar[system] for system in published.systems]
        assert figures == [*in_file[:3], task.macro_f1["proposed"], in_file[3]]
    (line,) = [line for line in text.splitlines() if line.startswith("| mean |")]
    mean = published.mean
    pairs = [figure for system in published.systems for figure in (mean.uar[system], mean.macro_f1[system])]
    assert list(map(float, re.findall(r"\d+\.\d+", line))) == pairs
    (line,) = [line for line in text.splitlines() if line.startswith("Ablation, mean of nine")]
    pairs = [figure for name in ("no_supcon", "no_adversary") for figure in (mean.uar[name], mean.macro_f1[name])]
    assert list(map(float, re.findall(r"\d+\.\d+", line))) == pairs
    sizes = dict(zip(("de", "fr", "cn"), (38, 42, 1400), strict=True))
    assert all(task.utterances == sizes[name[-2:]] for name, task in published.tasks.items())


def nested(content, keys, value):
    *path, last = keys
    for key in path:
        content = content[key]
    content[last] = value


@pytest.mark.parametrize(
    ("keys", "value", "message"),
    [
        (["extra"], 1, "unknown key `extra`"),
        (["tasks", "en-de", "f1"], 1, "unknown key `tasks: en-de: f1`"),
        (["tasks", "en-de", "uar", "proposed"], "94,64", "`tasks: en-de: uar: proposed` must be a number, not '94,64'"),
        (["tasks", "en-de", "uar", "proposed"], 101, "`tasks: en-de: uar: proposed`.*less than or equal to 100"),
        (["tasks", "en-de", "utterances"], 0, "`tasks: en-de: utterances`.*greater than 0"),
        (["tasks", "en-de", "label"], "", "`tasks: en-de: label` is empty"),
        (["tasks"], {}, "`tasks` is empty"),
        (["mean", "wer"], {}, "unknown key `mean: wer`"),
        (["comparable"], {"scheme": "four"}, "`comparable: kind` is missing"),
        (["source"], " ", "`source` is empty"),
    ],
)
def test_what_is_wrong_is_said(path, tmp_path, keys, value, message):
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    nested(content, keys, value)
    other = tmp_path / "other.yaml"
    other.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(XserError, match=message) as error:
        read_published(other)
    assert str(other) in str(error.value)


@pytest.mark.parametrize("text", ["a: 1\na: 2\n", "a: [", "- 1\n", "!!python/object/apply:os.getcwd []\n", ""])
def test_no_plain_yaml(tmp_path, text):
    path = tmp_path / "p.yaml"
    path.write_text(text)
    with pytest.raises(XserError, match="p.yaml"):
        read_published(path)
    with pytest.raises(XserError, match="cannot be read.*published figures"):
        read_published(tmp_path / "none.yaml")


@pytest.mark.parametrize(("right", "utterances"), [(30, 38), (42, 42), (0, 38), (1300, 1400)])
def test_the_interval_is_wilsons(right, utterances):
    expected = binomtest(right, utterances).proportion_ci(method="wilson")
    assert published_interval(100 * right / utterances, utterances) == pytest.approx([100 * end for end in expected])


def test_the_interval_holds_the_truth_for_a_uar_of_unequal_emotions():
    """38 utterances of four emotions as a small corpus has them: the class sizes are not in a published figure."""
    reference = np.repeat(np.arange(4), (14, 8, 9, 7))
    recall = np.array([0.95, 0.8, 0.9, 0.85])
    held = 0
    for data in range(2000):
        hits = np.random.default_rng([5, data]).random(38) < recall[reference]
        low, high = published_interval(100 * np.mean([hits[reference == k].mean() for k in range(4)]), 38)
        held += low <= 100 * recall.mean() <= high
    assert 0.92 < held / 2000 < 0.98
