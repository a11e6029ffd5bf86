"""Look for what would fool a model or its author: in corpora, in the parts of their splits, and in what they share.

    python -m xser.commands.audit emodb urdu --data-root ~/corpora
    python -m xser.commands.audit emodb --split paper --data-root ~/corpora --output audits
    python -m xser.commands.audit exp/manifests/emodb-four-speaker-1a2b3c4d/manifest.csv

A corpus is prepared first (stage 0) where it is not. Every finding has its number, a plain sentence and a severity:
docs/audit.md says what each means. Written are NAME.json (all findings, with the recordings they are about), NAME.csv,
NAME.md and a picture of each corpus. Findings do not change the exit code.
"""

import itertools
import re
import shlex
from pathlib import Path

from xser.audit.auditing import RULES, Audits, Subject
from xser.audit.confounds import FEWEST_PERMUTATIONS, PERMUTATIONS
from xser.audit.findings import Finding, as_record, count
from xser.commands.command_line import OneLineParser, run
from xser.commands.options import PLACE, add_place_options, add_recording_options
from xser.core.errors import XserError
from xser.core.files import folder_of, read_json, write_json, write_text
from xser.core.fingerprints import fingerprint
from xser.core.rows import PARTS, read_rows
from xser.core.versions import versions
from xser.core.words import close_match
from xser.corpora.description.corpus import corpus_ids
from xser.experiments.experiment import parse_experiment
from xser.experiments.manifests import map_emotions, plan_manifest, selected_rows
from xser.experiments.prepare import prepare
from xser.experiments.workspace import KEY
from xser.protocol.splits.splits import split_names_help
from xser.protocol.tasks import is_own


def parser():
    """Options of the verb."""
    options = OneLineParser(prog="python -m xser.commands.audit", description=__doc__)
    options.add_argument(
        "subjects",
        nargs="+",
        metavar="CORPUS|FILE",
        help="corpora by name, tables and folders that are corpora, or manifest.csv and rows.csv files of xser",
    )
    options.add_argument("--scheme", metavar="X", help="the set of emotions (default: the one that the corpus names)")
    options.add_argument(
        "--split", metavar="NAME", help=f"{split_names_help()} (default: speaker, where it can be made)"
    )
    options.add_argument("--split-seed", metavar="N", type=int, default=0, help="seed of the split")
    options.add_argument(
        "--permutations",
        metavar="N",
        type=int,
        default=PERMUTATIONS,
        help="shuffles of the permutation tests; more make small p-values finer",
    )
    options.add_argument("--output", metavar="DIR", default=PLACE / "exp" / "audit", help="where the files go")
    options.add_argument("--name", metavar="STEM", default="audit", help="stem of the files")
    options.add_argument("--title", metavar="TEXT", default="Audit", help="heading of the page")
    add_place_options(options)
    add_recording_options(options)
    options.add_argument("--debug", action="store_true", help="show tracebacks")
    return options


def main(argv):
    """Audit what was asked for, print the findings, write the files."""
    verb = parser()
    options = verb.parse_args(argv)
    if Path(options.name).name != options.name or options.name in ("", ".", ".."):
        verb.error(f"--name is a stem such as audit, not {options.name!r}: folders go to --output")
    if options.permutations < FEWEST_PERMUTATIONS:
        verb.error(
            f"--permutations is {FEWEST_PERMUTATIONS} or more, as fewer show nothing, not {options.permutations}"
        )
    subjects = tuple(read_subjects(options))
    audits = Audits(subjects, folder_of(options.work_dir), options.jobs, options.permutations)
    audited = {}
    for subject in subjects:
        found = audits.of(subject)
        audited[subject.name] = (*found.corpus, *found.split)
    for one, other in itertools.combinations(subjects, 2):
        if _corpora(one) != _corpora(other):
            audited[f"{one.name} and {other.name}"] = audits.between(one, other)
    audited = {about: findings for about, findings in audited.items() if findings}
    command = " ".join(["python -m xser.commands.audit", *map(shlex.quote, argv)])
    print_and_write(options, audits, audited, command)


def read_subjects(options):
    """Read what is audited, preparing corpora where they are not.

    Returns
    -------
    list of Subject

    Raises
    ------
    XserError
        For what is neither a corpus nor a file that can be audited.
    """
    words = list(dict.fromkeys(options.subjects))
    known = corpus_ids(folder_of(options.recipes))
    experiments = {}
    for word in words:
        if word in known or is_own(word) and not _is_of_xser(Path(word)):
            experiments[word] = parse_experiment("audit", _options_of(word, options))
        elif not Path(word).is_file():
            raise XserError(
                f"there is no corpus and no file {word!r}{close_match(word, known)}; {options.recipes} has the corpora "
                f"{', '.join(known)}"
            )
    prepare(list(experiments.values()))
    return [
        subject_of_corpus(experiments[word], given=options.split is not None)
        if word in experiments
        else subject_of_file(Path(word))
        for word in words
    ]


def _is_of_xser(path):
    """Whether a table is one that stage 0 or stage 1 wrote."""
    return re.fullmatch(r"rows\.csv|manifest(_fold\d+)?\.csv", path.name) is not None


def _options_of(corpus, options):
    """What an experiment within the corpus is asked for."""
    words = ["--corpus", corpus]
    for name in ("scheme", "split", "split_seed", "data_root", "work_dir", "recipes", "jobs"):
        value = getattr(options, name)
        words += [] if value is None else [f"--{name.replace('_', '-')}={value}"]
    flags = ("skip_bad", "allow_incomplete", "as_recorded")
    return words + [f"--{name.replace('_', '-')}" for name in flags if getattr(options, name)]


def subject_of_corpus(experiment, given):
    """A prepared corpus with its split.

    Parameters
    ----------
    experiment : Experiment
        Within the corpus.
    given : bool
        Whether the user asked for the split. One that nobody asked for and that cannot be made is a finding.

    Returns
    -------
    Subject
    """
    (selection,) = experiment.selections
    rows = selected_rows(experiment, selection)
    try:
        return plan_manifest(experiment, selection, rows).subject
    except XserError as error:
        if given:
            raise
        return _without_parts(experiment, selection, rows, error)


def _without_parts(experiment, selection, rows, error):
    prepared = experiment.prepared_folder(selection.corpus)
    corpus = experiment.described(selection.corpus)
    utterances = map_emotions(rows, corpus, experiment.scheme)
    if not len(utterances):
        raise error
    key = fingerprint(utterances[["utterance", "digest", "emotion", "speaker", "text", "transcript"]].values.tolist())
    known = Finding("impossible-split", "warning", None, "", f"no speaker-disjoint split: {error}")
    file_name = f"{corpus.id}-{experiment.scheme.name}-{key[:KEY]}"
    return Subject(str(selection), file_name, key, (utterances,), None, rows, prepared, (known,))


def subject_of_file(path):
    """A manifest, or the rows of a prepared corpus.

    Parameters
    ----------
    path : Path
        ``manifest.csv``, ``manifest_fold<k>.csv`` or ``rows.csv``.

    Returns
    -------
    Subject

    Raises
    ------
    XserError
        When it is no such file.
    """
    rows = read_rows(path)
    if not len(rows):
        raise XserError(f"{path} holds no utterance: run the stage that writes it again")
    twice = rows.loc[rows["utterance"].duplicated(), "utterance"]
    if len(twice):
        raise XserError(f"{path} names {twice.iloc[0]} twice: run the stage that writes it again")
    split, prepared = None, path.parent
    if "part" in rows.columns:
        for part in set(rows["part"]) - set(PARTS):
            raise XserError(f"{path} has a part {part!r}, and parts are {', '.join(PARTS)}: run stage 1 again")
        split = _split_of(path.parent / "manifest.json")
        prepared = Path(rows["audio"].iloc[0]).parents[1]
    else:
        rows = rows.assign(audio=f"{path.parent.resolve()}/" + rows["audio"])
    if "emotion" not in rows.columns:
        rows = rows.assign(emotion=rows["native_label"])
    key = fingerprint(path, split)
    name = f"{path.resolve().parent.name}/{path.name}"
    return Subject(name, f"{name.replace('/', '-')}-{key[:KEY]}", key, (rows,), split, rows, prepared)


def _split_of(path):
    return read_json(path).get("split", "") if path.is_file() else ""


def _corpora(subject):
    return set(subject.tables[0]["corpus"])


def print_and_write(options, audits, audited, command):
    """Print the findings and write the files.

    Parameters
    ----------
    options : argparse.Namespace
    audits : Audits
    audited : dict of str to sequence of Finding
        By what was audited.
    command : str
    """
    from xser.audit.page import audit_page, corpora_and_shared, finding_frame, table_text
    from xser.core.document import write_csv

    folder = Path(options.output)
    pictures = {}
    for subject in audits.subjects:
        if audits.is_there(subject):
            pictures[subject.name] = f"{options.name}_{subject.name.replace('/', '_').replace(':', '_')}.png"
            _draw(folder / pictures[subject.name], audits, subject, audited[subject.name])
    made_with = versions()
    notes = {subject.name: subject.notes for subject in audits.subjects}
    write_csv(folder / f"{options.name}.csv", finding_frame(audited))
    write_json(folder / f"{options.name}.json", _content(audits, audited, command, made_with))
    write_text(folder / f"{options.name}.md", audit_page(options.title, audited, notes, pictures, command, made_with))
    corpora, shared = corpora_and_shared(audited)
    for about, findings in corpora.items():
        print(table_text(_heading(about, audits), findings), end="\n\n")
    if shared:
        print(table_text("What corpora share", shared), end="\n\n")
    print(f"written: {folder / options.name}.md, .csv, .json and {count(len(pictures), 'picture')}")


def _draw(path, audits, subject, findings):
    from xser.audit.corpus import of_rows
    from xser.audit.pictures import corpus_picture

    rows = subject.tables[0].reset_index(drop=True)
    recorded = audits.recorded_measures(subject)
    measures = of_rows(audits.prepared_measures(subject) if recorded is None else recorded, rows)
    pairs = audits.pairs
    mine = pairs[pairs["one"].isin(rows["utterance"]) & pairs["other"].isin(rows["utterance"])]
    corpus_picture(path, subject.name, rows, measures, findings, mine)


def _heading(about, audits):
    for subject in audits.subjects:
        if subject.name == about:
            split = "" if subject.split is None else f", split {subject.split or 'unknown'}"
            return f"{about}: {count(len(subject.tables[0]), 'utterance')}{split}"
    return about


def _content(audits, audited, command, made_with):
    return {
        "command": command,
        "versions": made_with,
        "rules": RULES,
        "permutations": audits.permutations,
        "fingerprints": {subject.name: subject.key for subject in audits.subjects},
        "utterances": {subject.name: len(subject.tables[0]) for subject in audits.subjects},
        "notes": {subject.name: list(subject.notes) for subject in audits.subjects},
        "splits": {subject.name: subject.split for subject in audits.subjects},
        "findings": [
            {"about": about, **as_record(finding)} for about, findings in audited.items() for finding in findings
        ],
    }


if __name__ == "__main__":
    run(main)
