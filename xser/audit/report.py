"""The files of ``xser audit``: a page with pictures, a table, and every recording that a finding is about as JSON."""

import dataclasses
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from xser.audit.audited import AuditedCorpus
from xser.audit.corpus import of_rows
from xser.audit.engine import RULES, Auditor
from xser.audit.findings import Finding, plain
from xser.audit.page import Audited, audit_page, corpora_and_shared, finding_frame, table_text
from xser.audit.pictures import corpus_picture
from xser.core.document import to_markdown, write_csv
from xser.core.extras import DISTRIBUTION, is_installed
from xser.core.files import write_text
from xser.core.records import Record, write_record
from xser.core.versions import versions
from xser.core.words import count

logger = logging.getLogger(__name__)


class AuditFile(Record):
    """All that was found, and how: ``audit.json``."""

    command: str
    versions: Mapping[str, str]
    rules: int
    permutations: int
    fingerprints: Mapping[str, str]
    utterances: Mapping[str, int]
    notes: Mapping[str, Sequence[str]]
    splits: Mapping[str, str | None]
    findings: Sequence[Mapping[str, Any]]  # of `Finding`, and what it is ``about``


def write_report(auditor: Auditor, audited: Audited, folder: Path, stem: str, title: str, command: str) -> str:
    """Write ``<stem>.md``, ``.csv``, ``.json`` and a picture of each corpus, and say so in a line.

    Parameters
    ----------
    auditor
        Whose corpora were audited.
    audited
        What it found.
    folder, stem
        Where the files go, and how they are called.
    title
        Heading of the page.
    command
        The command that a reader may type to repeat it.
    """
    pictures = {}
    if not is_installed("matplotlib"):
        logger.warning("no pictures: for them pip install '%s[audit]'", DISTRIBUTION)
    for corpus in filter(auditor.is_there, auditor.corpora if is_installed("matplotlib") else []):
        pictures[corpus.name] = f"{stem}_{corpus.name.replace('/', '_').replace(':', '_')}.png"
        _draw(folder / pictures[corpus.name], auditor, corpus, audited[corpus.name])
    file = _audit_file(auditor, audited, command)
    write_csv(folder / f"{stem}.csv", finding_frame(audited))
    write_record(folder / f"{stem}.json", file)
    page = audit_page(title, audited, file.notes, pictures, command, file.versions)
    write_text(folder / f"{stem}.md", to_markdown(page))
    return f"written: {folder / stem}.md, .csv, .json and {count(len(pictures), 'picture')}"


def report_text(auditor: Auditor, audited: Audited) -> str:
    """All findings for a terminal, a paragraph a corpus."""
    corpora, shared = corpora_and_shared(audited)
    named = {corpus.name: corpus for corpus in auditor.corpora}
    paragraphs = [table_text(_heading(named[name]), findings) for name, findings in corpora.items()]
    return "\n\n".join([*paragraphs, *([table_text("What corpora share", shared)] if shared else [])])


def _heading(corpus: AuditedCorpus) -> str:
    split = "" if corpus.split is None else f", split {corpus.split or 'unknown'}"
    return f"{corpus.name}: {count(len(corpus.tables[0]), 'utterance')}{split}"


def _audit_file(auditor: Auditor, audited: Audited, command: str) -> AuditFile:
    corpora = auditor.corpora
    findings = [
        {"about": about, **dataclasses.asdict(plain(each))} for about, found in audited.items() for each in found
    ]
    return AuditFile(
        command=command,
        versions=versions(),
        rules=RULES,
        permutations=auditor.permutations,
        fingerprints={corpus.name: corpus.key for corpus in corpora},
        utterances={corpus.name: len(corpus.tables[0]) for corpus in corpora},
        notes={corpus.name: corpus.notes for corpus in corpora},
        splits={corpus.name: corpus.split for corpus in corpora},
        findings=findings,
    )


def _draw(path: Path, auditor: Auditor, corpus: AuditedCorpus, findings: Sequence[Finding]) -> None:
    rows = corpus.tables[0].reset_index(drop=True)
    recorded = auditor.recorded_measures(corpus)
    measures = of_rows(auditor.prepared_measures(corpus) if recorded is None else recorded, rows)
    pairs = auditor.pairs
    mine = pairs[pairs["one"].isin(rows["utterance"]) & pairs["other"].isin(rows["utterance"])]
    corpus_picture(path, corpus.name, rows, measures, findings, mine)
