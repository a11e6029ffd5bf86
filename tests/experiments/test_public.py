"""The Python face: what `import xser` offers."""

import inspect

import pytest

import xser
from xser.core.errors import UsageError


def test_no_package_hides_what_is_offered():
    xser.Experiment(corpus="emodb")  # imports packages of xser, which become attributes of it
    assert not [name for name in xser.__all__ if inspect.ismodule(getattr(xser, name))]
    assert "emodb" in xser.corpus_names()


@pytest.mark.parametrize("seeds", [{"seeds": "0-2"}, {"seeds": [0, 1, 2]}, {"seeds": range(3)}])
def test_several_are_a_list_or_text(seeds):
    lists = xser.Experiment(sources=["cafe", "urdu"], target="emodb", system=("baseline1", "proposed"), **seeds)
    text = xser.Experiment(sources="cafe,urdu", target="emodb", system="baseline1,proposed", **seeds)
    assert lists.task == text.task and lists.resolved.seeds == (0, 1, 2)
    assert [system.name for system in lists.resolved.systems] == ["baseline1", "proposed"]


def test_one_seed():
    assert xser.Experiment(corpus="emodb", seed=3).resolved.seeds == (3,)
    with pytest.raises(UsageError, match="seed or seeds, not both"):
        xser.Experiment(corpus="emodb", seed=3, seeds="0-4")
