"""How figures are written in every table."""

import numpy as np


def number(value: float) -> str:
    """Write a figure in % with one decimal; ``-`` for what there is not.

    Examples
    --------
    >>> number(61.26), number(float("nan"))
    ('61.3', '-')
    """
    return "-" if np.isnan(value) else f"{value:.1f}"


def signed(value: float) -> str:
    """Write a difference with its sign; what rounds to nothing has none.

    Examples
    --------
    >>> signed(2.04), signed(-0.51), signed(-0.01)
    ('+2.0', '−0.5', '0.0')
    """
    value = round(value, 1)
    return "0.0" if value == 0 else f"{value:+.1f}".replace("-", "−")


def bounds(low: float, high: float) -> str:
    """Write an interval over utterances.

    Examples
    --------
    >>> bounds(57, 65.44)
    '[57.0, 65.4]'
    """
    return f"[{number(low)}, {number(high)}]"


def angles(low: float, high: float) -> str:
    """Write an interval over speakers.

    Examples
    --------
    >>> angles(57, 65.44)
    '⟨57.0, 65.4⟩'
    """
    return f"⟨{number(low)}, {number(high)}⟩"


def signed_bounds(low: float, high: float) -> str:
    """Write the interval of a difference.

    Examples
    --------
    >>> signed_bounds(-1, 2)
    '[−1.0, +2.0]'
    """
    return f"[{signed(low)}, {signed(high)}]"
