"""The findings of an audit for the terminal, as a table of data, and as a page."""

from collections.abc import Mapping, Sequence

import pandas as pd

from xser.audit.checks import BETWEEN, CHECKS
from xser.audit.findings import SEVERITIES, Case, Finding, not_fine
from xser.core.document import Block, Code, Details, Heading, Items, Paragraph, Picture, Table, aligned
from xser.core.words import count

SHOWN = 10  # cases of a finding on the page; the JSON file has them all
Audited = Mapping[str, Sequence[Finding]]  # by what they are about: a corpus, or two


def number(finding: Finding) -> str:
    """Write a finding's number with its unit.

    Examples
    --------
    >>> number(Finding("a", "note", 61.25, "% UAR", "")), number(Finding("a", "fine", None, "% UAR", ""))
    ('61.2 % UAR', '–')
    """
    if finding.value is None:
        return "–"
    value = float(finding.value)
    unit = finding.unit[:-1] if value == 1 and finding.unit.endswith("s") else finding.unit
    return f"{value:.0f} {unit}" if value == int(value) else f"{value:.1f} {unit}"


def table_text(title: str, findings: Sequence[Finding]) -> str:
    """Lay out findings for a terminal: the worst first; of those that are fine, the names alone."""
    rows = [[each.severity, each.name, number(each), each.sentence] for each in not_fine(findings)]
    lines = aligned(Table(["", "", "", ""], rows, align="llll"))[1:] if rows else []
    fine = [each.name for each in findings if each.severity == "fine"]
    return "\n".join([title, *lines, *([f"  fine: {', '.join(fine)}"] if fine else [])])


def corpora_and_shared(audited: Audited) -> tuple[dict[str, Sequence[Finding]], list[Finding]]:
    """Tell the findings of corpora from those of two; these are put together, as their sentences name the corpora."""
    of_two = {about for about, findings in audited.items() if all(each.name in BETWEEN for each in findings)}
    corpora = {about: findings for about, findings in audited.items() if about not in of_two}
    shared = [each for about in audited if about in of_two for each in audited[about] if each.severity != "fine"]
    fine = [each for about in audited if about in of_two for each in audited[about] if each.severity == "fine"]
    return corpora, shared + list({each.name: each for each in fine}.values())


def finding_frame(audited: Audited) -> pd.DataFrame:
    """Put all findings in one table."""
    return pd.DataFrame(
        [
            {
                "about": about,
                "name": each.name,
                "severity": each.severity,
                "value": each.value,
                "unit": each.unit,
                "p": each.details.get("p"),
                "chance": each.details.get("chance"),
                "cases": len(each.cases),
                "sentence": each.sentence,
            }
            for about, findings in audited.items()
            for each in findings
        ]
    )


def audit_page(
    title: str,
    audited: Audited,
    notes: Mapping[str, Sequence[str]],
    pictures: Mapping[str, str],
    command: str,
    versions: Mapping[str, str],
) -> list[Block]:
    """Make the page.

    Parameters
    ----------
    title
        Its heading.
    audited
        The findings.
    notes
        What stage 0 tells of the recordings of each corpus.
    pictures
        File of the picture of each corpus, beside the page.
    command, versions
        How the page was made.
    """
    corpora, shared = corpora_and_shared(audited)
    blocks: list[Block] = [Heading(title, level=1), _at_a_glance(corpora)]
    for about, findings in (corpora | ({"What corpora share": shared} if shared else {})).items():
        blocks.append(Heading(about))
        blocks += [Items([f"stage 0: {note}" for note in notes[about]])] if notes.get(about) else []
        blocks += _section(findings)
        blocks += [Picture(pictures[about], about)] if about in pictures else []
        blocks += [_cases(each) for each in not_fine(findings) if _of_recordings(each)]
    libraries = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    names = [name for name in CHECKS if any(each.name == name for found in audited.values() for each in found)]
    return [
        *blocks,
        Heading("What was looked at"),
        Items([f"`{name}`: {CHECKS[name]}" for name in names]),
        Heading("How this page was made"),
        Paragraph(f"Versions: {libraries}. Command:"),
        Code(command),
    ]


def _at_a_glance(audited: Audited) -> Table:
    severities = SEVERITIES[::-1]
    rows = [
        [about, *(str(sum(each.severity == severity for each in findings)) for severity in severities)]
        for about, findings in audited.items()
    ]
    return Table(["", *severities], rows)


def _section(findings: Sequence[Finding]) -> list[Block]:
    """What was found, and the names of what is fine."""
    rows = [[each.severity, f"`{each.name}`", number(each), each.sentence] for each in not_fine(findings)]
    fine = [f"`{each.name}`" for each in findings if each.severity == "fine"]
    found: list[Block] = [Table(["severity", "finding", "number", ""], rows, align="llrl")] if rows else []
    return [*found, *([Paragraph(f"Fine: {', '.join(fine)}.")] if fine else [])]


def _of_recordings(finding: Finding) -> bool:
    """Whether a finding is about single recordings, or pairs of them."""
    return bool(finding.cases) and ("one" in finding.cases[0] or "utterance" in finding.cases[0])


def _cases(finding: Finding) -> Details:
    lines = [_case(case) for case in finding.cases[:SHOWN]]
    hidden = len(finding.cases) - SHOWN
    more = [f"and {hidden} more in the JSON file"] if hidden > 0 else []
    return Details(f"{finding.name}: {count(len(finding.cases), 'case')}", [Items([*lines, *more])])


def _case(case: Case) -> str:
    """A case in a line: two recordings and what they share, or one and its value."""
    if "start_one" in case:
        at = f"{case['seconds']:.2f} s, from {case['start_one']:.2f} and {case['start_other']:.2f} s"
        line = f"`{case['one']}` and `{case['other']}`: {at}, similarity {case['similarity']:.2f}"
    elif "one" in case:
        line = f"`{case['one']}` and `{case['other']}`"
    else:
        return f"`{case['utterance']}`" + (f": {case['value']}" if "value" in case else "")
    if "part_one" in case:
        line += f" ({case['part_one']} and {case['part_other']})"
    differ = [what for what in ("emotion", "speaker") if case.get(f"other_{what}")]
    return line + (f", another {' and another '.join(differ)}" if differ else "")
