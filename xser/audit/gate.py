"""What of an audit stops stage 1: a severe finding in what a result is reported on, unless ``--allow`` names it.

==============================================  ============================================================
what was found                                  how bad it is for the experiment
==============================================  ============================================================
in the parts of the one corpus                  as found: it is reported on its part test
in the parts of a target that a system learns   as found: that system is reported on its part test
in the parts of another target                  a note: no system learns from any of its parts
in the parts of a source                        a warning at most: its part test is not reported on; a note where
                                                they are small
a source's part train has a stretch of the      severe, unless every system learns from the target alone
target's recordings
anything in a corpus as a whole                 as found, and it never stops stage 1
==============================================  ============================================================
"""

import dataclasses

from xser.audit.auditing import Audits, audit_file, between_file, read_kept
from xser.audit.checks import STOPPING
from xser.audit.confounds import FEWEST_PERMUTATIONS
from xser.audit.findings import SEVERITIES, count, worst_first
from xser.core.errors import XserError

REMEDIES = {
    "split": "leave one of the two out (`faults` in corpus.yaml), choose another --split",
    "corpora": "leave such recordings out of one of the two",
}


def audit_experiment(experiment, subjects):
    """Audit the manifests of an experiment, and what its sources share with its target.

    Parameters
    ----------
    experiment : Experiment
        What the user asked for.
    subjects : dict of Selection to Subject
        Its manifests.

    Returns
    -------
    found : dict of Selection to (list of Finding, list of Finding)
        Those of a corpus, and those of its parts.
    shared : dict of str to list of Finding
        Those of a source with the target, by the names of both.
    """
    audits = Audits(tuple(subjects.values()), experiment.work_dir, experiment.preparation.jobs, FEWEST_PERMUTATIONS)
    found, shared = {}, {}
    for selection, subject in subjects.items():
        audit = audits.of(subject)
        found[selection] = list(audit.corpus), of_experiment(audit.split, experiment, selection)
    target = experiment.task.target
    for source in experiment.task.sources if _learns_from_sources(experiment) else ():
        shared[f"{source} and {target}"] = list(audits.between(subjects[source], subjects[target]))
    return found, shared


def of_experiment(findings, experiment, selection):
    """Say how bad the findings in a selection's parts are for an experiment.

    Parameters
    ----------
    findings : sequence of Finding
        From `xser.audit.splits.split_findings`.
    experiment : Experiment
    selection : Selection

    Returns
    -------
    list of Finding
    """
    if selection in _reported_by_parts(experiment):
        return list(findings)
    idle = selection == experiment.task.target
    return [
        _at_most("note" if idle or finding.name == "split-small-groups" else "warning", finding) for finding in findings
    ]


def _reported_by_parts(experiment):
    """The selection whose part test is reported on, of which a system has seen the part train."""
    if not experiment.is_zero_shot:
        return experiment.task.sources
    return (experiment.task.target,) if "target" in _trained_on(experiment) else ()


def _learns_from_sources(experiment):
    return experiment.is_zero_shot and _trained_on(experiment) != {"target"}


def _trained_on(experiment):
    return {system.trained_on for system in experiment.systems}


def _at_most(severity, finding):
    worse = SEVERITIES.index(finding.severity) > SEVERITIES.index(severity)
    return dataclasses.replace(finding, severity=severity) if worse else finding


def refuse_severe(found, shared, allowed):
    """Stop at the first severe finding that is not allowed.

    Parameters
    ----------
    found, shared : dict
        As of `audit_experiment`.
    allowed : sequence of str
        Names of findings.

    Raises
    ------
    XserError
        Naming the finding, its number and the remedy.
    """
    looked_at = {**{selection: of_parts for selection, (_, of_parts) in found.items()}, **shared}
    stopping = [
        (about, each) for about, those in looked_at.items() for each in severe(those) if each.name not in allowed
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


def severe(findings):
    """The findings that stop stage 1."""
    return [finding for finding in findings if finding.severity == "severe" and finding.name in STOPPING]


def summary(findings):
    """Write findings for a terminal: a line for each that is not fine, the worst first, and how many are.

    Returns
    -------
    list of str
    """
    bad = [finding for finding in worst_first(findings) if finding.severity != "fine"]
    lines = [f"{each.severity:<8}{each.name}: {each.sentence}" for each in bad]
    fine = len(findings) - len(bad)
    return lines + ([f"{'fine':<8}{count(fine, 'check')}"] if fine else [])


def summary_of_shared(shared):
    """Write what sources share with the target in the same way.

    Parameters
    ----------
    shared : dict
        As of `audit_experiment`.

    Returns
    -------
    list of str
    """
    named = [
        dataclasses.replace(each, sentence=f"{about}: {each.sentence}")
        for about, those in shared.items()
        for each in those
    ]
    return summary(named)


def kept_severe(experiment, system, file_of):
    """What stage 1 found severe in what a system is reported on, and so was allowed to go on with.

    Parameters
    ----------
    experiment : Experiment
    system : System

    Returns
    -------
    list of str
        Sentences; empty too where stage 1 was run by an xser that did not audit.
    """
    target = experiment.task.target

    def kept(name):
        return [
            f"{each.name}: {each.sentence}" for each in severe(read_kept(audit_file(experiment.work_dir, name)) or [])
        ]

    if target is None or system.trained_on == "target":
        reported = experiment.task.sources[0] if target is None else target
        return [f"{reported}: {sentence}" for sentence in kept(file_of(reported))]
    names = {source: between_file(file_of(source), file_of(target)) for source in experiment.task.sources}
    return [f"{source} and {target}: {said}" for source, name in names.items() for said in kept(name)]
