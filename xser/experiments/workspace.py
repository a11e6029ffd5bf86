"""Where the outputs of every stage lie, and what to say when they are not there.

A folder's name ends in a fingerprint of all that its content depends on, so a changed option looks in another folder
instead of finding what an older one left. Its JSON file is written last: a folder without it is unfinished.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from xser.core.digests import refuse_changed
from xser.core.errors import XserError
from xser.core.fingerprints import fingerprint
from xser.core.records import read_record
from xser.core.rows import read_rows
from xser.corpora.audio.decoding import SETTINGS
from xser.corpora.description.corpus import Corpus
from xser.experiments.experiment import Experiment
from xser.experiments.records import ManifestRecord, PreparedRecord
from xser.protocol.tasks import Selection

KEY = 8  # hexadecimal digits of a fingerprint in a folder's name
SPLIT_RULES = 1  # raise when the same options give other parts than an earlier xser did


@dataclasses.dataclass(frozen=True)
class Manifest:
    """What stage 1 made of a selection: the tables, one a fold, and what is written down of them."""

    folder: Path
    record: ManifestRecord

    @property
    def tables(self) -> list[Path]:
        """The tables, the first being fold 1."""
        return manifest_files(self.folder, self.record.folds)

    def of_fold(self, fold: int) -> Path:
        """The table of a fold; of a split without folds (`fold` 0) the one there is.

        Raises
        ------
        XserError
            When it is not what stage 1 wrote.
        """
        path, record = self.tables[max(0, fold - 1)], self.record.tables[max(0, fold - 1)]
        if record.digest:
            refuse_changed(self.folder, {path.name: record.digest}, "run stage 1 (manifests) again: add --stage 1")
        return path


class Workspace:
    """The folders of an experiment."""

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment
        self.root = experiment.work_dir

    def data_folder(self, corpus: Corpus) -> Path:
        """Where the recordings of a corpus lie; of a table, where its relative paths start.

        It is the data root's folder of the corpus's name; for a single corpus without such a folder, the data root
        itself. Whether it exists and holds recordings is for the scan to say.
        """
        if corpus.listed is not None:
            return corpus.listed.folder(self.root)
        data_root = self.experiment.preparation.data_root
        folder = data_root / corpus.id
        several = len(self.experiment.task.selections) > 1
        return folder if several or folder.is_dir() else data_root

    def download_folder(self, corpus: Corpus) -> Path:
        """Where stage 0 puts a corpus that it downloads, and then finds it."""
        return self.experiment.preparation.data_root / corpus.id

    def prepared_folder(self, corpus: Corpus) -> Path:
        """Where stage 0 keeps the rows and the 16 kHz audio of a corpus: ``audio/<corpus>-<key>``.

        What decides rows and audio counts, and the real place of the recordings, whatever links lead to it. Options
        that let stage 0 leave recordings out do not: without them it ends where there is something to leave out.
        """
        preparation = self.experiment.preparation
        place = str(self.data_folder(corpus).resolve())
        left_out = ["as recorded"] if preparation.repairs_left_out(corpus) else []
        key = fingerprint(corpus.row_identity, place, SETTINGS, False, False, *left_out)[:KEY]
        return self.root / "audio" / f"{corpus.id}-{key}"

    def read_prepared(self, corpus: Corpus) -> tuple[pd.DataFrame, PreparedRecord]:
        """Read the rows that stage 0 made of a corpus, and what it wrote down.

        Raises
        ------
        XserError
            When stage 0 has not prepared it, or rows.csv is not what it wrote.
        """
        record, folder = self.read_prepared_record(corpus), self.prepared_folder(corpus)
        if record.rows_digest:
            remedy = "run stage 0 (prepare) again: add --stage 0"
            refuse_changed(folder, {"rows.csv": record.rows_digest}, remedy)
        return read_rows(folder / "rows.csv"), record

    def read_prepared_record(self, corpus: Corpus) -> PreparedRecord:
        """Read prepared.json of a corpus.

        Raises
        ------
        XserError
            When stage 0 has not prepared it.
        """
        path = self.prepared_folder(corpus) / "prepared.json"
        if not path.is_file():
            raise XserError(
                f"no prepared audio of {corpus.id} with these options in {path.parent}: run stage 0 (prepare) first: "
                "add --stage 0"
            )
        return read_record(path, PreparedRecord, "run stage 0 (prepare) again: add --stage 0")

    def manifest_fingerprint(self, selection: Selection, prepared: str) -> str:
        """Hash what decides on a manifest's rows, emotions and parts.

        Of the corpus that is its labels, sizes of parts and whether the speaker loss looks at it, not the words that
        say why; the rest of it shows in the prepared rows.

        Parameters
        ----------
        prepared
            The fingerprint of prepared.json.
        """
        corpus = selection.corpus
        lost = sorted([fault.utterance, fault.part] for fault in corpus.faults if fault.part)  # they change the sizes
        described = [corpus.id, corpus.labels, corpus.stratified, corpus.speaker_loss["masked"], lost]
        return self._fingerprint_of(described, selection, prepared)

    def manifest_fingerprint_of_0_1(self, selection: Selection, prepared: str) -> str:
        """What xser 0.1 hashed in its place, which is how its finished trainings are found again."""
        corpus = selection.corpus
        faults = [fault for fault in corpus.faults if fault.part]
        described = [corpus.id, corpus.labels, corpus.stratified, corpus.speaker_loss, *faults]
        return self._fingerprint_of(described, selection, prepared)

    def _fingerprint_of(self, described: Sequence[object], selection: Selection, prepared: str) -> str:
        split = self.experiment.split
        made_from = [selection.language, self.experiment.scheme, split.name, split.seed, prepared]
        return fingerprint(SPLIT_RULES, described, *made_from, *([split.files] if split.files else []))

    def manifest_folder(self, selection: Selection, prepared: PreparedRecord) -> Path:
        """Where stage 1 keeps the manifest: ``manifests/<corpus>[-<language>]-<scheme>-<split>-<key>``."""
        key = self.manifest_fingerprint(selection, prepared.fingerprint)[:KEY]
        split = self.experiment.split.name.replace(":", "")
        return self.root / "manifests" / "-".join([selection.file_name, self.experiment.scheme.name, split, key])

    def read_manifest(self, selection: Selection) -> Manifest:
        """Read what stage 1 wrote down of a selection, and check that it belongs to the audio that is there now.

        Raises
        ------
        XserError
            When stage 0 or 1 has not finished, or the work folder was moved since.
        """
        prepared = self.read_prepared_record(selection.corpus)
        folder = self.manifest_folder(selection, prepared)
        first = "run stage 1 (manifests) first: add --stage 1"
        if not (folder / "manifest.json").is_file():
            raise XserError(f"no manifest with these options in {folder}: {first}")
        record = read_record(folder / "manifest.json", ManifestRecord, first)
        if record.prepared_folder != str(self.prepared_folder(selection.corpus).resolve()):
            raise XserError(f"the manifest names audio that has moved since in {folder}: {first}")
        if record.evaluated_whole and not self.experiment.only_evaluated(selection):
            raise XserError(f"the manifest in {folder} has no parts to train on: {first}")
        return Manifest(folder, record)

    @property
    def runs_folder(self) -> Path:
        """Where the runs of the task lie."""
        return self.root / "runs" / self.experiment.task.name / self.experiment.encoder_and_finetuning

    @property
    def results_folder(self) -> Path:
        """Where the table of the experiment goes."""
        experiment = self.experiment
        how = [experiment.encoder_and_finetuning, experiment.scheme.name, experiment.split.name.replace(":", "")]
        how += [f"by_{experiment.target_statistics}"] if experiment.target_statistics != "none" else []
        how += ["as_recorded"] if experiment.preparation.as_recorded else []
        return self.root / "results" / experiment.task.name / "-".join(how)


def manifest_files(folder: Path, folds: int) -> list[Path]:
    """List a manifest's tables: ``manifest.csv``, or a ``manifest_fold<k>.csv`` for each of several folds.

    Parameters
    ----------
    folds
        Their number; 0 for a split that is no set of folds.
    """
    if folds == 0:
        return [folder / "manifest.csv"]
    return [folder / f"manifest_fold{fold}.csv" for fold in range(1, folds + 1)]
