"""A finding of the audit: one thing that would fool a model or its author, with its number."""

import dataclasses

SEVERITIES = ("fine", "note", "warning", "severe")  # severe in a split stops stage 1


@dataclasses.dataclass(frozen=True)
class Finding:
    """What one check says.

    Attributes
    ----------
    name : str
        Of the check, one of `xser.evidence.audit.checks.CHECKS`: words joined by hyphens, such as ``split-stretches``.
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
