"""A finding of the audit: one thing that would fool a model or its author, with its number."""

import dataclasses
import math

SEVERITIES = ("fine", "note", "warning", "severe")  # severe in a split stops stage 1


@dataclasses.dataclass(frozen=True)
class Finding:
    """What one check says.

    Attributes
    ----------
    name : str
        Of the check, one of `xser.audit.checks.CHECKS`: words joined by hyphens, such as ``split-stretches``.
    severity : str
        One of `SEVERITIES`; ``fine`` says that the check was made and found nothing.
    value : float or None
        The number, None where there is nothing to measure.
    unit : str
        Of the number: ``% UAR``, ``recordings``, ``pairs``, ``Hz`` ...
    sentence : str
        A plain sentence with the number in it.
    cases : tuple of dict
        Single recordings or pairs that make the finding, for the JSON file; possibly many.
    details : dict
        Further numbers, such as the chance level and the p-value of a permutation test.
    """

    name: str
    severity: str
    value: float | None
    unit: str
    sentence: str
    cases: tuple = ()
    details: dict = dataclasses.field(default_factory=dict)

    def __post_init__(self):
        if self.severity not in SEVERITIES:
            raise ValueError(f"severity {self.severity!r} is none of {', '.join(SEVERITIES)}")


def worst_first(findings):
    """Order findings by severity, those of one severity as they come.

    Examples
    --------
    >>> mild, grave = Finding("a", "note", 1, "pairs", "one"), Finding("b", "severe", 2, "pairs", "two")
    >>> [finding.name for finding in worst_first([mild, grave])]
    ['b', 'a']
    """
    return sorted(findings, key=lambda finding: -SEVERITIES.index(finding.severity))


def count(number, noun):
    """Write a number with its noun.

    Examples
    --------
    >>> count(1, "pair"), count(3, "class")
    ('1 pair', '3 classes')
    """
    plural = "es" if noun.endswith("s") else "s"
    return f"{number} {noun}{'' if number == 1 else plural}"


def as_record(finding):
    """Write a finding as plain data, for a JSON file.

    Examples
    --------
    >>> as_record(Finding("a", "note", 1, "pairs", "one"))["severity"]
    'note'
    """
    return _plain(dataclasses.asdict(finding))


def from_record(record):
    """Make a finding again of what `as_record` wrote."""
    return Finding(**{**record, "cases": tuple(record["cases"])})


def _plain(value):
    """Without NumPy's types, and None for what is no number."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value
