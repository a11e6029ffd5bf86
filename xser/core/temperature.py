"""A temperature for log-probabilities, so that the probability of an answer tells how often such answers are right."""

import numpy as np

BOUNDS = (0.05, 20.0)  # between them a temperature is looked for
SMALLEST = 1e-30  # a probability below it counts as it: scores that were written down may be 0


def tempered(log_probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Divide log-probabilities (utterances, emotions) by a temperature; the result sums to 1 again, as probabilities.

    Examples
    --------
    >>> np.exp(tempered(np.log([[0.8, 0.2]]), 2.0)).round(3)
    array([[0.667, 0.333]])
    """
    scaled = np.maximum(log_probabilities, np.log(SMALLEST)) / temperature
    scaled = scaled - scaled.max(axis=1, keepdims=True)
    return scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True))


def negative_log_likelihood(
    log_probabilities: np.ndarray, reference: np.ndarray, languages: np.ndarray, temperature: float = 1.0
) -> float:
    """Mean negative log-likelihood of the references, every language weighing the same.

    Parameters
    ----------
    log_probabilities
        (utterances, emotions).
    reference
        Position of each utterance's emotion (utterances,).
    languages
        Of each utterance (utterances,).

    Examples
    --------
    >>> two = np.log([[0.5, 0.5], [0.5, 0.5]])
    >>> round(negative_log_likelihood(two, np.array([0, 1]), np.array(["deu", "urd"])), 3)
    0.693
    """
    each = -tempered(log_probabilities, temperature)[np.arange(len(reference)), reference]
    return float(np.mean([each[languages == language].mean() for language in np.unique(languages)]))


def fit_temperature(log_probabilities: np.ndarray, reference: np.ndarray, languages: np.ndarray) -> float:
    """The temperature with the lowest `negative_log_likelihood`.

    That is temperature scaling (Guo et al., On Calibration of Modern Neural Networks, ICML 2017).

    It never changes which emotion is the most probable one.

    Returns
    -------
    float
        Within `BOUNDS`. 1 where every answer is right: they would have it go to 0, and tell nothing of doubt.

    Examples
    --------
    Right three times in four, and sure as if it were 99 in 100:

    >>> sure = np.log(np.tile([0.99, 0.01], (4, 1)))
    >>> temperature = fit_temperature(sure, np.array([0, 0, 0, 1]), np.array(["deu"] * 4))
    >>> np.exp(tempered(sure, temperature))[0].round(2)
    array([0.75, 0.25])
    """
    from scipy.optimize import minimize_scalar

    if (log_probabilities.argmax(axis=1) == reference).all():
        return 1.0
    found = minimize_scalar(
        lambda log: negative_log_likelihood(log_probabilities, reference, languages, float(np.exp(log))),
        bounds=tuple(np.log(BOUNDS)),
        method="bounded",
        options={"xatol": 1e-6},
    )
    return float(np.exp(found.x))
