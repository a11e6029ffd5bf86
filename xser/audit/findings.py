"""A finding of the audit: one thing that would fool a model or its author, with its number."""

import dataclasses
import math
from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args

Severity = Literal["fine", "note", "warning", "severe"]  # severe in a split stops stage 1
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
Case = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Finding:
    """The outcome of one check.

    Attributes
    ----------
    name
        Of the check, one of `xser.audit.checks.CHECKS`: words joined by hyphens, such as ``split-stretches``.
    severity
        ``fine``: the check was made and found nothing.
    value
        The number, None where there is nothing to measure.
    unit
        Of the number: ``% UAR``, ``recordings``, ``pairs``, ``Hz`` ...
    sentence
        A plain sentence with the number in it.
    cases
        Single recordings or pairs that make the finding, for the JSON file; possibly many.
    details
        Further numbers, such as the chance level and the p-value of a permutation test.
    """

    name: str
    severity: Severity
    value: int | float | None
    unit: str
    sentence: str
    cases: tuple[Case, ...] = ()
    details: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def severity_rank(severity: Severity) -> int:
    """Where a severity stands among `SEVERITIES`: 0 is fine."""
    return SEVERITIES.index(severity)


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Order findings by severity, those of one severity as they come.

    Examples
    --------
    >>> mild, grave = Finding("a", "note", 1, "pairs", "one"), Finding("b", "severe", 2, "pairs", "two")
    >>> [finding.name for finding in worst_first([mild, grave])]
    ['b', 'a']
    """
    return sorted(findings, key=lambda finding: -severity_rank(finding.severity))


def not_fine(findings: Iterable[Finding]) -> list[Finding]:
    """The findings that tell of something, the worst first."""
    return [finding for finding in worst_first(findings) if finding.severity != "fine"]


def plain(finding: Finding) -> Finding:
    """The finding with Python's own numbers in place of NumPy's, and None for NaN and infinity, as JSON has them."""
    return Finding(**{field.name: _plain(getattr(finding, field.name)) for field in dataclasses.fields(finding)})


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return tuple(_plain(each) for each in value)
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value
