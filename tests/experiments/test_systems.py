"""The systems of the method, and what a system's file must say."""

import pytest

from xser.core.errors import XserError
from xser.experiments.hyperparameters import resolve
from xser.experiments.systems import read_system

METHOD = {  # trained on, batches, alpha, beta
    "baseline1": ("source", "shuffled", 0.0, 0.0),
    "baseline2": ("sources", "shuffled", 0.0, 0.0),
    "proposed": ("sources", "hierarchical", 1.0, 0.3),
    "no_supcon": ("sources", "hierarchical", 0.0, 0.3),
    "no_adversary": ("sources", "hierarchical", 1.0, 0.0),
    "upper_bound": ("target", "shuffled", 0.0, 0.0),
}


def test_the_six_systems_are_the_method_s(recipes):
    folder = recipes / "hparams" / "systems"
    assert {path.stem for path in folder.glob("*.yaml")} >= set(METHOD)
    for name, (trained_on, batches, alpha, beta) in METHOD.items():
        system = read_system(folder / f"{name}.yaml")
        assert (system.name, system.trained_on) == (name, trained_on)
        values = resolve([system.file], {}).values
        assert values == {"batches": batches, "supcon_weight": alpha, "speaker_weight": beta}
        assert system.record.description and "\n" not in system.record.description


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("batches: shuffled\n", "`trained_on` is missing"),
        ("trained_on: everything\n", "`trained_on` is 'everything': it must be one of source, sources, target"),
        ("trained_on: [source]\n", "`trained_on` is"),
        ("just text\n", "key: value"),
        ("", "`trained_on` is missing"),
        ("trained_on: {", "not valid YAML"),
        ("trained_on: source\ntrained_on: target\n", "line 2: the key `trained_on` stands twice"),
    ],
)
def test_a_wrong_file_is_told(tmp_path, text, told):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(XserError, match=told) as caught:
        read_system(path)
    assert "mine.yaml" in str(caught.value)
