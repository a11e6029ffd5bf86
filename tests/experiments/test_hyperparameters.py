"""Later files win over earlier ones, the command line over all, and nothing unknown slips in."""

import pytest

from xser.core.errors import XserError
from xser.experiments.hyperparameters import (
    check_value,
    choices,
    compose,
    describe_hyperparameters,
    encoder_is_pretrained,
    hyperparameter_keys,
)

TRAIN = """
size: !PLACEHOLDER
steps: 100      # how long
rate: 0.5       # how fast
balanced: True
batches: shuffled  # shuffled | hierarchical (in cells)
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
    (tmp_path / "encoders" / "known.yaml").write_text("source: hub/known\nsteps: 70\n")
    (tmp_path / "finetuning").mkdir()
    (tmp_path / "finetuning" / "upper.yaml").write_text(
        "rate: 0.25  # slower\nupper: 2\nnetwork: !new:collections.Counter\n    s: !ref <source>\n"
    )
    return tmp_path


def test_keys_are_plain_scalars_with_the_encoders_defaults(hparams):
    common = {"rate": 0.5, "balanced": True, "batches": "shuffled"}
    assert hyperparameter_keys(hparams, "small") == {**common, "steps": 50, "width": 8}
    tuned = {**common, "steps": 70, "source": "hub/known", "rate": 0.25, "upper": 2}
    assert hyperparameter_keys(hparams, "known", "upper") == tuned


def test_an_encoder_without_a_network_is_pretrained(hparams):
    assert encoder_is_pretrained(hparams, "known")
    (hparams / "encoders" / "scratch.yaml").write_text("network: !new:collections.Counter\n")
    assert not encoder_is_pretrained(hparams, "scratch")


def test_a_finetuning_stands_between_encoder_and_system(hparams):
    from hyperpyyaml import load_hyperpyyaml

    text = compose(hparams, "known", "upper", {"steps": 20}, {"upper": 3}, {"size": 4})
    hyper = load_hyperpyyaml(text)
    assert (hyper["steps"], hyper["rate"], hyper["upper"], hyper["network"]["s"]) == (20, 0.25, 3, "hub/known")


def test_choices_stand_in_a_comment(hparams):
    assert choices(hparams, "small") == {"batches": ("shuffled", "hierarchical")}
    assert check_value("batches", "hierarchical", "shuffled", ("shuffled", "hierarchical")) == "hierarchical"
    with pytest.raises(XserError, match="--batches is shuffled or hierarchical"):
        check_value("batches", "weird", "shuffled", ("shuffled", "hierarchical"))


def test_later_files_win(hparams):
    from hyperpyyaml import load_hyperpyyaml

    def built(system, overrides):
        return load_hyperpyyaml(compose(hparams, "small", None, system, overrides, {"size": 4}))

    assert built({}, {})["layer"]["steps"] == 50
    assert built({"steps": 20}, {})["layer"]["steps"] == 20
    hyper = built({"steps": 20, "description": "x", "trained_on": "sources"}, {"steps": 10, "width": 3})
    assert (hyper["steps"], hyper["layer"]["steps"], hyper["net"]["w"], hyper["size"]) == (10, 10, 3, 4)


def test_a_system_may_not_invent_keys(hparams):
    with pytest.raises(XserError, match="stepz"):
        compose(hparams, "small", None, {"stepz": 3}, {}, {"size": 4})


def test_comments_are_the_help(hparams):
    assert ("steps", "50", "how long") in describe_hyperparameters(hparams, "small")
    assert ("width", "8", "how wide") in describe_hyperparameters(hparams, "small")
    assert ("rate", "0.25", "slower") in describe_hyperparameters(hparams, "known", "upper")


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
