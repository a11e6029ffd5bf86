"""Figures of small sets, by hand and by the definition."""

import numpy as np
import pytest
from sklearn.metrics import f1_score, recall_score

from xser.core.errors import XserError
from xser.evidence.figures.metrics import confusion, scores

EMOTIONS = ("angry", "happy", "neutral", "sad")
# angry 3 of 4, happy 1 of 2, neutral does not occur (but is predicted once), sad 0 of 1
REFERENCE = ["angry"] * 4 + ["happy"] * 2 + ["sad"]
PREDICTION = ["angry", "angry", "angry", "happy", "happy", "neutral", "angry"]


def test_uar_by_hand():
    assert scores(REFERENCE, PREDICTION, EMOTIONS).uar == pytest.approx((3 / 4 + 1 / 2 + 0) / 3)


def test_macro_f1_by_hand():
    # angry: precision 3/4, recall 3/4; happy: 1/2 and 1/2; sad: nothing found
    assert scores(REFERENCE, PREDICTION, EMOTIONS).macro_f1 == pytest.approx((3 / 4 + 1 / 2 + 0) / 3)
    assert scores(["a", "a", "b"], ["a", "b", "b"], ("a", "b")).macro_f1 == pytest.approx(2 / 3)


def test_an_emotion_that_does_not_occur_has_no_recall_and_is_not_averaged():
    found = scores(REFERENCE, PREDICTION, EMOTIONS)
    assert found.classes == 3
    assert found.recalls == pytest.approx([0.75, 0.5, float("nan"), 0.0], nan_ok=True)


def test_confusion_by_hand_in_the_order_of_the_scheme():
    assert confusion(REFERENCE, PREDICTION, EMOTIONS).tolist() == [[3, 1, 0, 0], [0, 1, 1, 0], [0] * 4, [1, 0, 0, 0]]
    assert confusion(REFERENCE, PREDICTION, EMOTIONS[::-1]).tolist()[3] == [0, 0, 1, 3]


@pytest.mark.parametrize("seed", range(5))
def test_figures_are_those_of_scikit_learn_when_every_emotion_occurs(seed):
    rng = np.random.default_rng(seed)
    reference = np.concatenate([EMOTIONS, rng.choice(EMOTIONS, 60, p=(0.6, 0.2, 0.1, 0.1))])
    prediction = np.where(rng.random(64) < 0.5, reference, rng.choice(EMOTIONS, 64))
    found = scores(reference, prediction, EMOTIONS)
    assert found.uar == pytest.approx(recall_score(reference, prediction, average="macro"), abs=1e-12)
    assert found.macro_f1 == pytest.approx(f1_score(reference, prediction, average="macro"), abs=1e-12)
    assert found.uar == pytest.approx(np.mean([np.mean(prediction[reference == name] == name) for name in EMOTIONS]))


def test_what_cannot_be_scored_is_said():
    with pytest.raises(XserError, match="prediction 'bored' is none of angry"):
        scores(["angry"], ["bored"], EMOTIONS)
    with pytest.raises(XserError, match="no utterances"):
        scores([], [], EMOTIONS)
    with pytest.raises(XserError, match="1 references but 2 predictions"):
        scores(["sad"], ["sad", "sad"], EMOTIONS)
