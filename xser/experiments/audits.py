"""What ``xser audit`` looks at: corpora that stage 0 has prepared, with the parts of stage 1, and tables of both."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from xser.audit.audited import AuditedCorpus, corpus_without_parts, is_stage_table, read_audited
from xser.core.errors import XserError
from xser.core.words import close_match
from xser.experiments.catalogue import catalogue_of
from xser.experiments.experiment import Experiment
from xser.experiments.manifests import audited_manifest, map_emotions, plan_manifest, selected_rows
from xser.experiments.prepare import prepare
from xser.experiments.request import Request, resolve_request
from xser.experiments.selections import is_table
from xser.experiments.workspace import Workspace


def audited_corpora(words: Sequence[str], request: Request, split: str | None) -> list[AuditedCorpus]:
    """Say what words stand for, preparing corpora where they are not.

    Parameters
    ----------
    words
        Corpora by name, tables and folders that are corpora, tables that stages wrote.
    request
        How each corpus is prepared and read.
    split
        The one that the user asked for; None: by speakers where that can be done, and a finding where it cannot.

    Raises
    ------
    XserError
        For what is neither a corpus nor a table that can be audited.
    """
    words = list(dict.fromkeys(words))
    catalogue = catalogue_of(request.recipes)
    known, experiments = catalogue.corpus_ids, {}
    for word in words:
        if word in known or is_table(word) and not is_stage_table(Path(word)):
            within = dataclasses.replace(request, corpus=word, split=split or "speaker")
            experiments[word] = resolve_request(within)
        elif not Path(word).is_file():
            raise XserError(
                f"there is no corpus and no file {word!r}{close_match(word, known)}; {catalogue.folders[-1]} has the "
                f"corpora {', '.join(known)}"
            )
    prepare(list(experiments.values()))
    return [
        audited_corpus(experiments[word], split is not None) if word in experiments else read_audited(Path(word))
        for word in words
    ]


def audited_corpus(experiment: Experiment, needs_split: bool) -> AuditedCorpus:
    """A prepared corpus with its split; without, where none can be made and none is needed."""
    (selection,) = experiment.task.selections
    rows = selected_rows(experiment, selection)
    try:
        return audited_manifest(plan_manifest(experiment, selection, rows))
    except XserError as error:
        if needs_split:
            raise
        utterances = map_emotions(rows, selection.corpus, experiment.scheme)
        if not len(utterances):
            raise
        stem = f"{selection.file_name}-{experiment.scheme.name}"
        prepared = Workspace(experiment).prepared_folder(selection.corpus)
        return corpus_without_parts(str(selection), stem, utterances, rows, prepared, str(error))
