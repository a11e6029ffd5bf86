"""A finding of the audit: one thing that would fool a model or its author, with its number."""

import dataclasses

SEVERITIES = ("fine", "note", "warning", "severe")  # severe in a split stops stage 1


@dataclasses.dataclass(frozen=True)
class Finding:
    """What one check says.

    Attributes
    ----------
    name : str
        Of the check, as ``--allow`` takes it: words joined by hyphens, such as ``shared-stretches``.
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
