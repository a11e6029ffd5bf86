"""The gate of stage 1: a severe finding in what a result is reported on stops it, unless ``--allow`` names it.

==============================================  ============================================================
what was found                                  how bad it is for the experiment
==============================================  ============================================================
in the parts of the one corpus                  as found: it is reported on its part test
in the parts of a target that a system learns   as found: that system is reported on its part test
in the parts of another target                  a note: no system learns from any of its parts
in the parts of a source                        a warning at most: its part test is not reported on; a note where
                                                they are small
a source's part train or valid has a stretch    severe, unless every system learns from the target alone
of the target's recordings
two sources share recordings                    a warning: what selects the epoch may be learned from
a source's language and the target's are close    severe, unless every system learns from the target alone
kin, such as Urdu and Hindi
anything in a corpus as a whole                 as found, and it never stops stage 1
==============================================  ============================================================
"""

import dataclasses
import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from xser.audit.audited import AuditedCorpus
from xser.audit.checks import STOPPING
from xser.audit.confounds import FEWEST_PERMUTATIONS
from xser.audit.engine import Auditor
from xser.audit.findings import SEVERITIES, Finding, Severity, not_fine, severity_rank
from xser.audit.kept import KeptAudits, of_two
from xser.core.errors import XserError
from xser.core.words import count

REMEDIES = {
    "split": "leave one of the two out (`faults` in corpus.yaml), choose another --split",
    "corpora": "leave such recordings out of one of the two",
    "related": "take another source",
}


@dataclasses.dataclass(frozen=True)
class TaskAudit:
    """The findings of the corpora of an experiment, as bad as they are for it.

    Attributes
    ----------
    corpora
        By the name of the corpus: those of the corpus and of its parts.
    shared
        By the names of two corpora: a source and the target, or two sources.
    """

    corpora: Mapping[str, Sequence[Finding]]
    shared: Mapping[str, Sequence[Finding]]

    def counts(self, corpus: str) -> str:
        """How the checks of a corpus came out, as of `count_findings`."""
        return count_findings(self.corpora[corpus])

    def lines(self, corpus: str, verbose: bool = False) -> list[str]:
        """The findings of a corpus for a terminal, as of `finding_lines`."""
        return finding_lines(self.corpora[corpus], verbose)

    def lines_of_shared(self, verbose: bool = False) -> list[str]:
        """What two corpora share, in the same way."""
        named = [
            dataclasses.replace(each, sentence=f"{about}: {each.sentence}")
            for about, findings in self.shared.items()
            for each in findings
        ]
        return finding_lines(named, verbose)


def audit_task(
    sources: Sequence[AuditedCorpus],
    target: AuditedCorpus | None,
    trained_on: Collection[str],
    work_dir: Path,
    allow: Collection[str] = (),
    jobs: int = -1,
) -> TaskAudit:
    """Audit the manifests of an experiment, and what its sources share with its target.

    Parameters
    ----------
    sources, target
        The manifests; no target within one corpus.
    trained_on
        What its systems are trained on: ``source``, ``sources``, ``target``.
    work_dir
        Results are kept in its folder ``audits``.
    allow
        Severe findings that do not stop it, as in ``--allow``.
    jobs
        Processes; -1 means every core.

    Raises
    ------
    XserError
        At the first severe finding that is not allowed, with its number and the remedy.
    """
    auditor = Auditor((*sources, target) if target is not None else sources, work_dir, jobs, FEWEST_PERMUTATIONS)
    corpora = {}
    for corpus in auditor.corpora:
        found = auditor.audit(corpus)
        most, of_small = _most_severe(corpus is target, target is not None, "target" in trained_on)
        parts = [_at_most(of_small if each.name == "split-small-groups" else most, each) for each in found.split]
        corpora[corpus.name] = [*found.corpus, *parts]
    shared: dict[str, Sequence[Finding]] = {}
    if target is not None and set(trained_on) != {"target"}:
        for source in sources:
            shared[f"{source.name} and {target.name}"] = auditor.between(source, target)
        for one, other in itertools.combinations(sources, 2):
            shared[f"{one.name} and {other.name}"] = _of_two_sources(auditor.between(one, other))
    audit = TaskAudit(corpora, shared)
    _refuse_severe(audit, allow)
    return audit


def findings_to_repeat(
    sources: Mapping[str, str], target: tuple[str, str] | None, trained_on: str, work_dir: Path
) -> tuple[list[str], list[str]]:
    """What stage 1 found severe or warned of in what a system is reported on, in sentences that results repeat.

    Empty too where the stage 1 that was run did not audit.

    Parameters
    ----------
    sources
        Their names, and the file names of their results (`AuditedCorpus.file_name`).
    target
        The same of the target; None within one corpus.
    trained_on
        What the system is trained on: ``source``, ``sources`` or ``target``.
    work_dir
        Whose folder ``audits`` has the results.

    Returns
    -------
    (list of str, list of str)
        What would have stopped stage 1 and was allowed; everything else that is severe or a warning: in the corpus that
        is reported on, in its parts where a system learns from one of them, and between corpora.
    """

    def found(file_name: str) -> tuple[Finding, ...]:
        kept = KeptAudits(work_dir).read(file_name)
        return kept.findings if kept is not None else ()

    about: list[tuple[str, Sequence[Finding]]] = []
    for name, file_name in [target] if target is not None else sources.items():
        about.append((name, found(f"{file_name}-{FEWEST_PERMUTATIONS}")))
        if target is None or trained_on == "target":
            about.append((name, found(file_name)))
    if target is not None and trained_on != "target":
        about += [(f"{name} and {target[0]}", found(of_two(file, target[1]))) for name, file in sources.items()]
        about += [
            (f"{one} and {other}", _of_two_sources(found(of_two(sources[one], sources[other]))))
            for one, other in itertools.combinations(sources, 2)
        ]
    allowed = [f"{name}: {each.name}: {each.sentence}" for name, findings in about for each in _severe(findings)]
    told = [
        f"{name}: {each.name}: {each.sentence}"
        for name, findings in about
        for each in findings
        if each.severity in ("warning", "severe") and each not in _severe(findings)
    ]
    return allowed, told


def count_findings(findings: Sequence[Finding]) -> str:
    """Count findings for a terminal, the worst first.

    Examples
    --------
    >>> count_findings([Finding("a", "fine", 0, "", ""), Finding("b", "note", 1, "", "")])
    '1 note (--verbose), 1 check fine'
    """
    numbers = {severity: sum(each.severity == severity for each in findings) for severity in SEVERITIES[::-1]}
    nouns = {"severe": "severe finding", "fine": "check"}
    counted = {severity: count(number, nouns.get(severity, severity)) for severity, number in numbers.items() if number}
    more = {"note": " (--verbose)", "fine": " fine"}
    return ", ".join(f"{text}{more.get(severity, '')}" for severity, text in counted.items())


def finding_lines(findings: Sequence[Finding], verbose: bool = False) -> list[str]:
    """Write findings for a terminal, a line for each that is severe or a warning, the worst first.

    With `verbose`, each note has a line as well, and a last line counts what is fine.

    Examples
    --------
    >>> found = [Finding("a", "fine", 0, "", ""), Finding("b", "note", 1, "", "."), Finding("c", "warning", 2, "", "!")]
    >>> finding_lines(found)
    ['warning c: !']
    >>> finding_lines(found, verbose=True)
    ['warning c: !', 'note    b: .', 'fine    1 check']
    """
    bad = not_fine(findings)
    lines = [f"{each.severity:<8}{each.name}: {each.sentence}" for each in bad if verbose or each.severity != "note"]
    fine = len(findings) - len(bad)
    return lines + ([f"{'fine':<8}{count(fine, 'check')}"] if verbose and fine else [])


def _most_severe(is_target: bool, has_target: bool, learns_from_target: bool) -> tuple[Severity, Severity]:
    """How bad findings in the parts of a corpus can be, and that parts are small, by the table above."""
    if not has_target or is_target and learns_from_target:
        return "severe", "severe"
    return ("note", "note") if is_target else ("warning", "note")


def _at_most(severity: Severity, finding: Finding) -> Finding:
    worse = severity_rank(finding.severity) > severity_rank(severity)
    return dataclasses.replace(finding, severity=severity) if worse else finding


def _of_two_sources(findings: Iterable[Finding]) -> list[Finding]:
    """Findings between two sources: recordings of one stand in the other; that their languages are kin is no matter."""
    return [_at_most("warning", each) for each in findings if each.name != "related-languages"]


def _severe(findings: Iterable[Finding]) -> list[Finding]:
    """The findings that stop stage 1."""
    return [finding for finding in findings if finding.severity == "severe" and finding.name in STOPPING]


def _refuse_severe(audit: TaskAudit, allow: Collection[str]) -> None:
    looked_at = {**audit.corpora, **audit.shared}
    stopping = [
        (about, each) for about, found in looked_at.items() for each in _severe(found) if each.name not in allow
    ]
    if not stopping:
        return
    about, first = stopping[0]
    names = dict.fromkeys(each.name for _, each in stopping)
    remedy = REMEDIES[first.name.partition("-")[0]]
    others = f" (and {count(len(stopping) - 1, 'finding')} more)" if len(stopping) > 1 else ""
    raise XserError(
        f"{about}: {first.name}: {first.sentence}{others}: {remedy}, or go on and let the results say so: "
        f"--allow {','.join(names)}"
    )
