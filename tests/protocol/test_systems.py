"""The systems of the method, and what a system's file must say."""

import pytest

from xser.core.errors import XserError
from xser.protocol.systems import read_system

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
        assert system.hyperparameters == {"batches": batches, "supcon_weight": alpha, "speaker_weight": beta}
        assert system.description and "\n" not in system.description


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("batches: shuffled\n", "trained_on should be one of source, sources, target, not None"),
        ("trained_on: everything\n", "not 'everything'"),
        ("trained_on: [source]\n", "one plain value"),
        ("just text\n", "key: value"),
        ("", "key: value"),
        ("trained_on: source\nhead: !new:os.system [ls]\n", "plain YAML"),
        ("trained_on: {", "plain YAML"),
    ],
)
def test_a_wrong_file_is_told(tmp_path, text, said):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(XserError, match=said) as caught:
        read_system(path)
    assert "mine.yaml" in str(caught.value)


def test_a_missing_system_names_those_there_are(recipes):
    with pytest.raises(XserError, match="baseline1.*proposed"):
        read_system(recipes / "hparams" / "systems" / "nothing.yaml")
