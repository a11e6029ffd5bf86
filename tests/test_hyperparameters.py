"""Later files win over earlier ones, the command line over all, and nothing unknown slips in."""

import pytest

from xser.errors import XserError
from xser.hyperparameters import check_value, compose, describe_hyperparameters, hyperparameter_keys

TRAIN = """
size: !PLACEHOLDER
steps: 100      # how long
rate: 0.5       # how fast
balanced: True
layer: !new:collections.Counter
    steps: !ref <steps>
"""


@pytest.fixture
def hparams(tmp_path):
    (tmp_path / "encoders").mkdir()
    (tmp_path / "systems").mkdir()
    (tmp_path / "train.yaml").write_text(TRAIN)
    (tmp_path / "encoders" / "small.yaml").write_text(
        "steps: 50\nwidth: 8  # how wide\nnet: !new:collections.Counter\n    w: !ref <width>\n"
    )
    return tmp_path


def test_keys_are_plain_scalars_with_the_encoders_defaults(hparams):
    assert hyperparameter_keys(hparams, "small") == {"steps": 50, "rate": 0.5, "balanced": True, "width": 8}


def test_later_files_win(hparams):
    from hyperpyyaml import load_hyperpyyaml

    def built(system, overrides):
        return load_hyperpyyaml(compose(hparams, "small", system, overrides, {"size": 4}))

    assert built({}, {})["layer"]["steps"] == 50
    assert built({"steps": 20}, {})["layer"]["steps"] == 20
    hyper = built({"steps": 20, "description": "x", "trained_on": "sources"}, {"steps": 10, "width": 3})
    assert (hyper["steps"], hyper["layer"]["steps"], hyper["net"]["w"], hyper["size"]) == (10, 10, 3, 4)


def test_a_system_may_not_invent_keys(hparams):
    with pytest.raises(XserError, match="stepz"):
        compose(hparams, "small", {"stepz": 3}, {}, {"size": 4})


def test_comments_are_the_help(hparams):
    assert ("steps", "50", "how long") in describe_hyperparameters(hparams, "small")
    assert ("width", "8", "how wide") in describe_hyperparameters(hparams, "small")


@pytest.mark.parametrize(
    ("text", "default", "value"),
    [
        ("3", 1, 3),
        ("3", 1.0, 3.0),
        ("1e-4", 1.0, 1e-4),
        ("false", True, False),
        ("a b", "x", "a b"),
        ("null", None, None),
    ],
)
def test_values_are_read(text, default, value):
    assert check_value("key", text, default) == value


@pytest.mark.parametrize(("text", "default"), [("many", 1), ("1.5", 1), ("true", 1), ("fast", 1.0), ("1", True)])
def test_a_value_of_another_kind_is_refused(text, default):
    with pytest.raises(XserError, match="--key takes"):
        check_value("key", text, default)
