"""A model in transformers' own format gives in its pipeline what it gives here."""

import numpy as np
import pytest

from tests.support.made_audio import sixteen_bits
from tests.support.random_models import COMPACT, EMOTIONS, config_of, frozen, full, peft, random_model
from xser.core.errors import XserError
from xser.model.for_transformers import write_for_transformers
from xser.model.recognition import Model

LORA = {"adapter_size": 0}
WAYS = [
    ("wav2vec2-group", full(layer="mix")),
    ("wav2vec2-layer", peft(**LORA)),
    ("hubert", peft(2, layer="mix", **LORA)),
    ("wavlm", peft(1, layer="mix", **LORA)),
    ("wavlm-layer", full()),
    ("w2v-bert", peft(2, tuning="all")),
    ("w2v-bert", peft(layer="mix", **LORA)),
]


@pytest.mark.parametrize(("kind", "description"), WAYS)
def test_its_pipeline_gives_the_same_probabilities(kind, description, tmp_path, tmp_path_factory):
    from transformers import pipeline

    members = [random_model(kind, description, tmp_path_factory)]
    config = config_of(members)
    write_for_transformers(tmp_path, config, members)
    classify = pipeline("audio-classification", str(tmp_path), top_k=None, device="cpu")
    model = Model(config, members, "cpu")
    for samples in (3210, 16000, 34567):
        waveform = sixteen_bits(np.random.default_rng(samples).normal(0.01, 0.1, samples))
        found = {each["label"]: each["score"] for each in classify(waveform)}
        assert found == pytest.approx(model.predict((waveform, 16000)).probabilities, abs=1e-5)
        assert set(found) == set(EMOTIONS)


@pytest.mark.parametrize(
    ("kind", "description", "why"),
    [
        (None, COMPACT, "no such network"),
        ("hubert", frozen(), "no such network"),
        ("hubert", peft(), "no bottleneck adapters"),
        ("whisper", full(), "Whisper's whole 30 s"),
        ("wavlm", peft(1, tuning="all"), "position bias of their own"),
    ],
)
def test_what_transformers_does_not_know_is_refused_with_the_reason(kind, description, why, tmp_path, tmp_path_factory):
    members = [random_model(kind, description, tmp_path_factory)]
    with pytest.raises(XserError, match=why) as caught:
        write_for_transformers(tmp_path, config_of(members), members)
    assert "\n" not in str(caught.value) and not list(tmp_path.iterdir())


def test_an_ensemble_is_refused(tmp_path, tmp_path_factory):
    members = [random_model("hubert", full(), tmp_path_factory, seed) for seed in range(2)]
    with pytest.raises(XserError, match="an ensemble"):
        write_for_transformers(tmp_path, config_of(members), members)
