"""How far another form of a model is from the model itself."""

from collections.abc import Callable

import numpy as np

from xser.model.recognition import Model


def largest_difference(model: Model, probabilities_of: Callable[[np.ndarray], np.ndarray]) -> float:
    """The largest difference of a probability on some short sounds that are made up.

    Parameters
    ----------
    model
        What is right.
    probabilities_of
        The other form: probabilities (emotions,) of a 16 kHz waveform (samples,), float32.

    Returns
    -------
    float
        NaN where a probability is none.
    """
    random = np.random.default_rng(0)
    differences = []
    for seconds in (0.2, 1.37, 4.0):
        time = np.arange(round(seconds * 16000)) / 16000
        rising = 0.1 * np.sin(2 * np.pi * 200 * time * (1 + time))
        sound = rising + random.normal(0, 0.01, len(time))
        waveform = (np.round(sound * 32768) / 32768).astype(np.float32)  # 16 bits, as recordings are read
        wanted = np.array(list(model.predict((waveform, 16000)).probabilities.values()))
        differences.append(np.abs(probabilities_of(waveform) - wanted).max())
    return float(np.max(differences))
