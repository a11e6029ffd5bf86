"""Where the outputs of every stage lie, and what to say when they are not there.

A folder's name ends in a fingerprint of all that its content depends on, so a changed option looks in another folder
instead of finding what an older one left. Its JSON file is written last: a folder without it is unfinished.
"""

from pathlib import Path

from xser.core.errors import XserError
from xser.core.files import read_json
from xser.core.fingerprints import fingerprint
from xser.core.rows import read_rows
from xser.corpora.audio.decoding import SETTINGS

KEY = 8  # hexadecimal digits of a fingerprint in a folder's name
SPLIT_RULES = 1  # raise when the same options give other parts than an earlier xser did


def data_folder(data_root, corpus_id, several):
    """Say where a corpus's recordings lie.

    Parameters
    ----------
    data_root : Path
        The user's ``--data-root``.
    corpus_id : str
        Name of the corpus's recipe.
    several : bool
        Whether the experiment has several corpora, and so one folder below the data root for each.

    Returns
    -------
    Path
        ``data_root/corpus_id``; for a single corpus without such a folder, ``data_root`` itself. Whether it exists and
        holds recordings is for the scan to say.
    """
    folder = Path(data_root) / corpus_id
    return folder if several or folder.is_dir() else Path(data_root)


def prepared_folder(work_dir, corpus, data_folder, skip_bad, allow_incomplete, as_recorded=False):
    """Say where stage 0 keeps the rows and the 16 kHz audio of a corpus.

    Parameters
    ----------
    work_dir : Path
        The user's ``--work-dir``.
    corpus : Corpus
        Its ``row_identity`` counts: a mended licence or comment of a corpus.yaml does not orphan its audio.
    data_folder : Path
        Where the recordings lie; the real place counts, not the links that lead to it.
    skip_bad, allow_incomplete : bool
        The options of these names.
    as_recorded : bool
        Whether repairs that the corpus needs are left out.

    Returns
    -------
    Path
        ``<work_dir>/audio/<corpus>-<key>``
    """
    place = str(Path(data_folder).resolve())
    left_out = ["as recorded"] if as_recorded else []
    key = fingerprint(corpus.row_identity, place, SETTINGS, bool(skip_bad), bool(allow_incomplete), *left_out)[:KEY]
    return Path(work_dir) / "audio" / f"{corpus.id}-{key}"


def manifest_fingerprint(corpus, language, scheme, split, split_seed, prepared_fingerprint, split_files=()):
    """Hash what decides on a manifest's rows, emotions and parts.

    Parameters
    ----------
    corpus : Corpus
        Its labels, stratified sizes and speaker loss count; the rest of it shows in the prepared rows.
    language : str or None
        ISO 639-3 code when only one language of the corpus is taken.
    scheme : Scheme
        Its name and its definition.
    split : str
        As in ``--split``.
    split_seed : int
        As in ``--split-seed``.
    prepared_fingerprint : str
        ``fingerprint`` of prepared.json: the rows and the audio.
    split_files : sequence of Path
        Files that the split is read from; their content counts, not their place.

    Returns
    -------
    str
    """
    described = (corpus.id, corpus.labels, corpus.stratified, corpus.speaker_loss)
    described += tuple(fault for fault in corpus.faults if fault.part)  # they change the sizes
    more = [list(split_files)] if split_files else []
    return fingerprint(SPLIT_RULES, described, language, scheme, split, int(split_seed), prepared_fingerprint, *more)


def manifest_folder(work_dir, corpus, language, scheme, split, split_seed, prepared_fingerprint, split_files=()):
    """Say where stage 1 keeps the manifest of a selection; parameters as of `manifest_fingerprint`.

    Returns
    -------
    Path
        ``<work_dir>/manifests/<corpus>[-<language>]-<scheme>-<split>-<key>``
    """
    key = manifest_fingerprint(corpus, language, scheme, split, split_seed, prepared_fingerprint, split_files)[:KEY]
    words = [corpus.id, language, scheme.name, split.replace(":", ""), key]
    return Path(work_dir) / "manifests" / "-".join(word for word in words if word)


def read_prepared_info(folder):
    """Read prepared.json.

    Returns
    -------
    dict

    Raises
    ------
    XserError
        When stage 0 has not finished the folder.
    """
    folder = Path(folder)
    if not (folder / "prepared.json").is_file():
        corpus = folder.name.rpartition("-")[0]
        raise XserError(
            f"no prepared audio of {corpus} with these options in {folder}: run stage 0 (prepare) first: add --stage 0"
        )
    return read_json(folder / "prepared.json")


def read_prepared(folder):
    """Read what stage 0 made of a corpus.

    Parameters
    ----------
    folder : Path
        As `prepared_folder` says.

    Returns
    -------
    (pandas.DataFrame, dict)
        The rows (columns `xser.core.rows.ROW_COLUMNS`) and the content of prepared.json.

    Raises
    ------
    XserError
        When stage 0 has not finished the folder.
    """
    info = read_prepared_info(folder)
    return read_rows(Path(folder) / "rows.csv"), info


def manifest_files(folder, folds):
    """List a manifest's tables: ``manifest.csv``, or a ``manifest_fold<k>.csv`` for each of several folds.

    Parameters
    ----------
    folder : Path
        As `manifest_folder` says.
    folds : int
        Their number; 0 for a split that is no set of folds.

    Returns
    -------
    list of Path
        One for each fold, the first being fold 1.
    """
    if folds == 0:
        return [Path(folder) / "manifest.csv"]
    return [Path(folder) / f"manifest_fold{fold}.csv" for fold in range(1, folds + 1)]


def read_manifest_info(folder, prepared):
    """Read manifest.json and check that it belongs to the prepared audio that is there now.

    Parameters
    ----------
    folder : Path
        As `manifest_folder` says.
    prepared : Path
        As `prepared_folder` says: the manifest names its audio files by their absolute paths.

    Returns
    -------
    (list of Path, dict)
        The manifest's tables (see `manifest_files`) and the content of manifest.json.

    Raises
    ------
    XserError
        When stage 1 has not finished the folder, or the work folder was moved since.
    """
    folder = Path(folder)
    info = read_json(folder / "manifest.json") if (folder / "manifest.json").is_file() else None
    if info is None or info["prepared_folder"] != str(Path(prepared).resolve()):
        why = "no manifest with these options" if info is None else "the manifest names audio that has moved since"
        raise XserError(f"{why} in {folder}: run stage 1 (manifests) first: add --stage 1")
    return manifest_files(folder, info["folds"]), info
