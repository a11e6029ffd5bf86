"""The findings of an audit for the terminal, as a CSV table and as a page in Markdown."""

import pandas as pd

from xser.audit.checks import BETWEEN, CHECKS
from xser.audit.findings import SEVERITIES, count, worst_first
from xser.core.document import Table, to_markdown

SHOWN = 10  # cases of a finding on the page; the JSON file has them all


def number(finding):
    """Write a finding's number with its unit.

    Examples
    --------
    >>> from xser.audit.findings import Finding
    >>> number(Finding("a", "note", 61.25, "% UAR", "")), number(Finding("a", "fine", None, "% UAR", ""))
    ('61.2 % UAR', '–')
    """
    if finding.value is None:
        return "–"
    value = float(finding.value)
    unit = finding.unit[:-1] if value == 1 and finding.unit.endswith("s") else finding.unit
    return f"{value:.0f} {unit}" if value == int(value) else f"{value:.1f} {unit}"


def table_text(title, findings):
    """Lay out findings for a terminal.

    Parameters
    ----------
    title : str
    findings : sequence of Finding

    Returns
    -------
    str
        The worst first; of those that are fine, the names alone.
    """
    bad = [each for each in worst_first(findings) if each.severity != "fine"]
    fine = [each.name for each in findings if each.severity == "fine"]
    cells = [(each.severity, each.name, number(each), each.sentence) for each in bad]
    widths = [max(map(len, column)) for column in list(zip(*cells, strict=True))[:3]] if cells else []
    lines = [title]
    for *short, sentence in cells:
        padded = [cell.ljust(width) for cell, width in zip(short, widths, strict=True)]
        lines.append("  " + "  ".join([*padded, sentence]))
    if fine:
        lines.append(f"  fine: {', '.join(fine)}")
    return "\n".join(lines)


def corpora_and_shared(audited):
    """Tell the findings of corpora from those of two, which are put together.

    Parameters
    ----------
    audited : dict of str to sequence of Finding
        By what was audited: a corpus, or two.

    Returns
    -------
    corpora : dict of str to sequence of Finding
    shared : list of Finding
        Their sentences name the corpora.
    """
    of_two = {about for about, findings in audited.items() if all(each.name in BETWEEN for each in findings)}
    corpora = {about: findings for about, findings in audited.items() if about not in of_two}
    shared = [each for about in audited if about in of_two for each in audited[about] if each.severity != "fine"]
    fine = [each for about in audited if about in of_two for each in audited[about] if each.severity == "fine"]
    return corpora, shared + list({each.name: each for each in fine}.values())


def finding_frame(audited):
    """Put all findings in one table.

    Parameters
    ----------
    audited : dict of str to sequence of Finding
        By what was audited: a corpus, or two.

    Returns
    -------
    pandas.DataFrame
    """
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


def audit_page(title, audited, notes, pictures, command, versions):
    """Write the page.

    Parameters
    ----------
    title : str
    audited : dict of str to sequence of Finding
        As for `finding_frame`.
    notes : dict of str to sequence of str
        What stage 0 said of the recordings of each corpus.
    pictures : dict of str to str
        File of the picture of each corpus, beside the page.
    command : str
    versions : dict of str to str

    Returns
    -------
    str
        Markdown.
    """
    corpora, shared = corpora_and_shared(audited)
    sections = corpora | ({"What corpora share": shared} if shared else {})
    parts = [f"# {title}", _at_a_glance(corpora)]
    for about, findings in sections.items():
        parts += [f"## {about}", "\n".join(f"- stage 0: {note}" for note in notes.get(about, ())), _table(findings)]
        fine = [f"`{each.name}`" for each in findings if each.severity == "fine"]
        if fine:
            parts.append(f"Fine: {', '.join(fine)}.")
        if about in pictures:
            parts.append(f"![{about}]({pictures[about]})")
        parts += [_cases(each) for each in worst_first(findings) if each.severity != "fine" and _of_recordings(each)]
    libraries = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    names = [name for name in CHECKS if any(each.name == name for found in audited.values() for each in found)]
    meanings = "\n".join(f"- `{name}`: {CHECKS[name]}" for name in names)
    parts += ["## What was looked at", meanings, "## How this page was made"]
    parts += [f"Versions: {libraries}. Command:", f"```\n{command}\n```"]
    return "\n\n".join(filter(None, parts)) + "\n"


def _at_a_glance(audited):
    header = ["", *SEVERITIES[::-1]]
    rows = [
        [about, *(str(sum(each.severity == severity for each in findings)) for severity in header[1:])]
        for about, findings in audited.items()
    ]
    return to_markdown([Table(header, rows)]).rstrip()


def _of_recordings(finding):
    """Whether a finding is about single recordings, or pairs of them."""
    return bool(finding.cases) and ("one" in finding.cases[0] or "utterance" in finding.cases[0])


def _table(findings):
    bad = [each for each in worst_first(findings) if each.severity != "fine"]
    if not bad:
        return ""
    lines = ["| severity | finding | number | |", "| --- | --- | ---: | --- |"]
    for each in bad:
        cells = [each.severity, f"`{each.name}`", number(each), each.sentence]
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(lines)


def _cases(finding):
    lines = [f"- {_case(case)}" for case in finding.cases[:SHOWN]]
    hidden = len(finding.cases) - SHOWN
    more = [f"- and {hidden} more in the JSON file"] if hidden > 0 else []
    summary = f"<summary>{finding.name}: {count(len(finding.cases), 'case')}</summary>"
    return "\n".join([f"<details>{summary}\n", *lines, *more, "\n</details>"])


def _case(case):
    """A case in a line: two recordings and what they share, or whatever it says."""
    if "start_one" in case:
        at = f"{case['seconds']:.2f} s, from {case['start_one']:.2f} and {case['start_other']:.2f} s"
        said = f"`{case['one']}` and `{case['other']}`: {at}, similarity {case['similarity']:.2f}"
    elif "one" in case:
        said = f"`{case['one']}` and `{case['other']}`"
    else:
        return f"`{case['utterance']}`" + (f": {case['value']}" if "value" in case else "")
    if "part_one" in case:
        said += f" ({case['part_one']} and {case['part_other']})"
    differ = [what for what in ("emotion", "speaker") if case.get(f"other_{what}")]
    return said + (f", another {' and another '.join(differ)}" if differ else "")
