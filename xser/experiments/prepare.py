"""Stage 0: find the recordings of an experiment's corpora, check them, write 16 kHz audio.

Each corpus gets a folder ``<work-dir>/audio/<corpus>-<key>/`` with ``audio/<utterance>.wav``, ``rows.csv``,
``measures.csv`` (what each recording measured as it was recorded) and, last of all, ``prepared.json``. What is there
already and has not changed is kept; the recordings themselves are only read.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xser.core.digests import content_digest
from xser.core.errors import XserError
from xser.core.files import only_writer, whole_file
from xser.core.fingerprints import fingerprint
from xser.core.records import read_record, write_record
from xser.core.rows import rows_content
from xser.core.versions import versions
from xser.core.words import count
from xser.corpora.audio.decoding import SETTINGS
from xser.corpora.audio.measures import Measures, are_written, write_measures
from xser.corpora.audio.preparation import prepare_recordings, remove_others
from xser.corpora.description.corpus import Corpus
from xser.corpora.description.counts import read_counts
from xser.corpora.description.languages import language_name
from xser.corpora.scanning import Scan, scan
from xser.corpora.tables.extraction import extract_recordings
from xser.experiments.experiment import Experiment
from xser.experiments.records import PreparedRecord
from xser.experiments.workspace import Workspace

logger = logging.getLogger(__name__)

DECODERS = ("soundfile", "av", "soxr")


def prepare(experiments: Sequence[Experiment]) -> None:
    """Prepare the corpora of experiments, each corpus once, and say what was found.

    Raises
    ------
    XserError
        Before anything is written, when recordings are missing or none are made up in their place; for those that
        cannot be used; and when another process prepares the same corpus (`xser.core.errors.HeldByAnother`).
    """
    scans: dict[Path, tuple[Experiment, Corpus, Scan, bool]] = {}
    for experiment in experiments:
        for corpus in experiment.corpora:
            folder = Workspace(experiment).prepared_folder(corpus)
            if folder not in scans:
                scans[folder] = experiment, corpus, *_scan(experiment, corpus)
    for scanned in scans.values():  # after all scans: what is missing anywhere shows before the work begins
        prepare_corpus(*scanned)


def _scan(experiment: Experiment, corpus: Corpus) -> tuple[Scan, bool]:
    """What the folder of a corpus holds, and whether it stands in for the real corpus."""
    preparation, data_folder = experiment.preparation, Workspace(experiment).data_folder(corpus)
    _refuse_work_among_recordings(experiment.work_dir, corpus, data_folder)
    if corpus.listed is not None:
        if corpus.listed.shards:
            number = extract_recordings(corpus.listed.shards, data_folder)
            if number:
                logger.info(f"{corpus.id}: {number} recordings taken out: {data_folder}")
        return scan(corpus, data_folder, preparation.allow_incomplete), corpus.listed.made_up
    counts = read_counts(preparation.data_root)
    if counts.made_up and corpus.id not in counts.counts:
        raise XserError(
            f"{preparation.data_root} has no made-up {corpus.title}: give --data-root the folder that holds "
            f"the recordings; {corpus.yaml.parent / 'README.md'} says how to get them"
        )
    found = scan(corpus, data_folder, preparation.allow_incomplete, counts.counts.get(corpus.id))
    return found, counts.made_up


def _refuse_work_among_recordings(work_dir: Path, corpus: Corpus, data_folder: Path) -> None:
    """Refuse to write into a folder that is a corpus; beside a table there is room."""
    folder = (corpus.listed.path if corpus.listed is not None else data_folder).resolve()
    if folder.is_dir() and folder in (work_dir, *work_dir.parents):
        raise XserError(
            f"--work-dir {work_dir} lies in {folder}, among the recordings of {corpus.title}: choose another folder"
        )


def prepare_corpus(experiment: Experiment, corpus: Corpus, found: Scan, made_up: bool) -> None:
    """Prepare one corpus and say what was found: a line, and with ``--verbose`` one for each note.

    Parameters
    ----------
    found
        What its folder holds.
    made_up
        Whether it stands in for the real corpus.

    Raises
    ------
    XserError
        For recordings that cannot be used (all in one), and when another process writes to the same folder.
    """
    workspace, preparation = Workspace(experiment), experiment.preparation
    data_folder, folder = workspace.data_folder(corpus), workspace.prepared_folder(corpus)
    repairs = () if preparation.as_recorded else tuple(corpus.repairs)
    settings = SETTINGS | ({"repairs": list(repairs)} if repairs else {})
    _take_over_older(folder, str(data_folder), settings)
    with only_writer(folder):
        made = prepare_recordings(
            found.rows,
            data_folder,
            folder,
            jobs=preparation.jobs,
            skip_bad=preparation.skip_bad,
            same_recording=corpus.same_recording,
            doubtful=found.doubtful,
            repairs=repairs,
            finished=folder / "prepared.json",
            title=corpus.title,
        )
        rows = rows_content(made.rows)
        left_out = [*made.left_out, *_repairs_left_out(preparation.repairs_left_out(corpus))]
        record = PreparedRecord(
            corpus=corpus.id,
            fingerprint=fingerprint(list(made.rows.columns), made.rows.values.tolist(), settings),
            rows_digest=content_digest(rows),
            settings=settings,
            found=found.found,
            expected=found.expected,
            complete=found.complete,
            left_out=(*found.left_out, *left_out),
            notes=(*found.notes, *left_out, *made.notes),
            data_folder=str(data_folder),
            made_up=made_up,
            versions=versions(*DECODERS),
            command=experiment.command,
        )
        _write(folder, rows, made.measures, record)
        remove_others(found.rows, folder)
    logger.info("  %s", _describe(corpus, made, record))
    for note in record.notes:  # of a table they say how its labels were understood: that must not go unseen
        seen = corpus.listed is not None or note in found.warnings
        logger.log(logging.INFO if seen else logging.DEBUG, "    note: %s", note)
    logger.debug("    in %s", folder)


def _repairs_left_out(repairs: Sequence[str]) -> list[str]:
    return [f"repairs left out by --as-recorded: {', '.join(repairs)}"] if repairs else []


def _take_over_older(folder: Path, data_folder: str, settings: dict[str, Any]) -> None:
    """Rename a folder that xser 0.1 made of the same recordings in the same way: it named folders by other rules.

    Every recording in it is looked at again, as in any folder that is there; what is the same is kept.
    """
    if folder.exists():
        return
    corpus = folder.name.rpartition("-")[0]
    for finished in sorted(folder.parent.glob(f"{corpus}-????????/prepared.json")):
        try:
            older = read_record(finished, PreparedRecord, "")
        except XserError:  # damaged: not known to be of these recordings
            continue
        same = (older.data_folder, older.settings) == (data_folder, settings)
        if same and older.versions.get("xser") == "0.1.0":
            finished.parent.rename(folder)
            return


def _write(folder: Path, rows: bytes, measures: dict[str, Measures], record: PreparedRecord) -> None:
    """Write rows.csv and measures.csv, then prepared.json, unless they say the same already."""
    path = folder / "prepared.json"
    before = _read_before(path)
    same_rows = before is not None and _is_file_of(folder / "rows.csv", rows)
    same_measures = are_written(folder, measures)
    provenance = {"versions", "command", "content_digest"}
    same = before is not None and before.model_dump(exclude=provenance) == record.model_dump(exclude=provenance)
    if same_rows and same_measures and same:
        return
    if not (same_rows and same_measures):
        path.unlink(missing_ok=True)  # it must not vouch for other rows
    if not same_rows:
        with whole_file(folder / "rows.csv") as part:
            part.write_bytes(rows)
    if not same_measures:
        write_measures(folder, measures)
    write_record(path, record)


def _read_before(path: Path) -> PreparedRecord | None:
    """What an earlier stage 0 wrote; None where it wrote nothing, or it is damaged and made anew."""
    try:
        return read_record(path, PreparedRecord, "")
    except XserError:
        return None


def _is_file_of(path: Path, content: bytes) -> bool:
    try:
        return path.read_bytes() == content
    except FileNotFoundError:
        return False


def _describe(corpus: Corpus, made: Any, record: PreparedRecord) -> str:
    speakers = len(set(made.rows["speaker"]) - {""})
    languages = " and ".join(language_name(code) for code in sorted(set(made.rows["language"])))
    usable = "" if len(made.rows) == record.found else f", {len(made.rows)} usable"
    notes = f", {count(len(record.notes), 'note')} (--verbose)" if record.notes else ""
    return ", ".join(
        [
            f"{corpus.id}: {corpus.title}{' (made up)' if record.made_up else ''}",
            languages,
            f"found {record.found} of {record.expected} recordings{usable}",
            f"{speakers or 'unknown'} speakers",
            _duration(made.rows["seconds"].sum()),
            f"{made.made} prepared now{notes}" if made.made else f"prepared before{notes}",
        ]
    )


def _duration(seconds: float) -> str:
    return f"{seconds / 3600:.2f} h" if seconds >= 360 else f"{seconds / 60:.1f} min"
