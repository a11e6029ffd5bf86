"""Stage 0: find the recordings of an experiment's corpora, check them, write 16 kHz audio.

    python -m xser.experiments.prepare --corpus emodb --data-root ~/corpora
    python -m xser.experiments.prepare --sources emodb,urdu --target cremad --data-root ~/corpora --jobs 8
    python -m xser.experiments.prepare --corpus ravdess --data-root ~/corpora --download

Each corpus gets a folder ``<work-dir>/audio/<corpus>-<key>/`` with ``audio/<utterance>.wav``, ``rows.csv``,
``measures.csv`` (what each recording measured as it was recorded) and, last of all, ``prepared.json``. What is there
already and has not changed is kept; the recordings themselves are only read.
"""

import importlib.metadata
import logging

import yaml

from xser.commands.command_line import run
from xser.commands.options import experiment_parser, read_download_options
from xser.core.errors import XserError
from xser.core.files import only_writer, read_json, write_json
from xser.core.fingerprints import fingerprint
from xser.core.rows import write_rows
from xser.core.versions import versions
from xser.corpora.audio.decoding import SETTINGS
from xser.corpora.audio.measures import are_written, write_measures
from xser.corpora.audio.preparation import prepare_recordings, remove_others
from xser.corpora.description.languages import language_name
from xser.corpora.scanning import scan
from xser.corpora.tables.extraction import extract_recordings
from xser.experiments.downloads import download_missing
from xser.experiments.experiment import parse_experiment

logger = logging.getLogger(__name__)

DECODERS = ("soundfile", "av")


def main(argv):
    """Prepare the corpora of an experiment and print what was found; with ``--download``, fetch missing ones first."""
    download, accept_licence, argv = read_download_options(
        experiment_parser("python -m xser.experiments.prepare"), argv
    )
    experiment = parse_experiment("prepare", argv)
    if download:
        if read_counts(experiment.data_root)["made_up"] and not all(each.own for each in experiment.selections):
            raise XserError(
                f"{experiment.data_root} holds made-up corpora: give --data-root another folder to download to"
            )
        download_missing(experiment, accept_licence)
    prepare([experiment])


def prepare(experiments):
    """Prepare the corpora of experiments, each corpus once, and print what was found.

    Raises
    ------
    XserError
        Before anything is written, when recordings are missing or none are made up in their place; for those that
        cannot be used; and when another process prepares the same corpus (`xser.core.errors.HeldByAnother`).
    """
    scans = {}
    for experiment in experiments:
        for name in dict.fromkeys(selection.corpus for selection in experiment.selections):
            folder = experiment.prepared_folder(name)
            if folder not in scans:
                scans[folder] = experiment, *_scan(experiment, experiment.described(name))
    for scanned in scans.values():  # after all scans: what is missing anywhere shows before the work begins
        print(prepare_corpus(*scanned), flush=True)


def _scan(experiment, corpus):
    """Return the corpus, what its folder holds, and whether it stands in for the real corpus."""
    data_folder = experiment.data_folder(corpus.id)
    if corpus.listing is not None:
        if corpus.listing.shards:
            number = extract_recordings(corpus.listing.shards, data_folder)
            if number:
                logger.info(f"{corpus.id}: {number} recordings taken out: {data_folder}")
        return corpus, scan(corpus, data_folder, experiment.allow_incomplete), corpus.listing.made_up
    counts = read_counts(experiment.data_root)
    if counts["made_up"] and corpus.id not in counts["counts"]:
        raise XserError(
            f"{experiment.data_root} has no made-up {corpus.title}: give --data-root the folder that holds "
            f"the recordings; {corpus.yaml.parent / 'README.md'} says how to get them"
        )
    found = scan(corpus, data_folder, experiment.allow_incomplete, counts["counts"].get(corpus.id))
    return corpus, found, counts["made_up"]


def read_counts(data_root):
    """Read the ``counts.yaml`` of a data root, which stands in for the official counts of made-up corpora.

    Parameters
    ----------
    data_root : Path

    Returns
    -------
    dict
        ``made_up`` (bool) and ``counts`` ({corpus: {native label: recordings}}); False and {} without such a file.

    Raises
    ------
    XserError
        When the file does not hold these two.
    """
    path = data_root / "counts.yaml"
    if not path.is_file():
        return {"made_up": False, "counts": {}}
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise XserError(f"{path} is not valid YAML: {error}") from error
    if not (
        isinstance(content, dict)
        and set(content) == {"made_up", "counts"}
        and isinstance(content["made_up"], bool)
        and isinstance(content["counts"], dict)
        and all(isinstance(counts, dict) for counts in content["counts"].values())
        and all(type(number) is int for counts in content["counts"].values() for number in counts.values())
    ):
        raise XserError(f"{path} must hold `made_up` (true or false) and `counts` (corpus: native label: number)")
    return content


def prepare_corpus(experiment, corpus, found, made_up):
    """Prepare one corpus.

    Parameters
    ----------
    experiment : Experiment
        What the user asked for.
    corpus : Corpus
        Its description.
    found : Scan
        What its folder holds.
    made_up : bool
        Whether it stands in for the real corpus.

    Returns
    -------
    str
        What was found, for people: a line, and one for each note.

    Raises
    ------
    XserError
        For recordings that cannot be used (all in one), and when another process writes to the same folder.
    """
    data_folder = experiment.data_folder(corpus.id)
    folder = experiment.prepared_folder(corpus.id)
    repairs = () if experiment.as_recorded else corpus.repairs
    settings = SETTINGS | ({"repairs": list(repairs)} if repairs else {})
    with only_writer(folder):
        made = prepare_recordings(
            found.rows,
            data_folder,
            folder,
            jobs=experiment.jobs,
            skip_bad=experiment.skip_bad,
            same_recording=corpus.same_recording,
            doubtful=found.doubtful,
            repairs=repairs,
            finished=folder / "prepared.json",
            title=corpus.title,
        )
        left_out = made.left_out + _repairs_left_out(experiment.repairs_left_out(corpus.id))
        info = {
            "corpus": corpus.id,
            "fingerprint": fingerprint(list(made.rows.columns), made.rows.values.tolist(), settings),
            "settings": settings,
            "found": found.found,
            "expected": found.expected,
            "complete": found.complete,
            "left_out": found.left_out + left_out,
            "notes": found.notes + left_out + made.notes,
            "data_folder": str(data_folder),
            "made_up": made_up,
        }
        _write(folder, made, info, experiment.command)
        remove_others(found.rows, folder)
    return _describe(corpus, made, info, folder)


def _repairs_left_out(repairs):
    return [f"repairs left out by --as-recorded: {', '.join(repairs)}"] if repairs else []


def _write(folder, made, info, command):
    """Write rows.csv and measures.csv, then prepared.json, unless they say the same already."""
    before = read_json(folder / "prepared.json") if (folder / "prepared.json").is_file() else {}
    same_rows = before.get("fingerprint") == info["fingerprint"] and (folder / "rows.csv").is_file()
    same_measures = are_written(folder, made.measures)
    if same_rows and same_measures and all(before.get(key) == value for key, value in info.items()):
        return
    if not (same_rows and same_measures):
        (folder / "prepared.json").unlink(missing_ok=True)  # it must not vouch for other rows
    if not same_rows:
        write_rows(folder / "rows.csv", made.rows)
    if not same_measures:
        write_measures(folder, made.measures)
    decoders = {name: importlib.metadata.version(name) for name in DECODERS}
    write_json(folder / "prepared.json", info | {"versions": versions() | decoders, "command": command})


def _describe(corpus, made, info, folder):
    speakers = len(set(made.rows["speaker"]) - {""})
    languages = " and ".join(language_name(code) for code in sorted(set(made.rows["language"])))
    line = ", ".join(
        [
            f"{corpus.id}: {corpus.title}{' (made up)' if info['made_up'] else ''}",
            languages,
            f"found {info['found']} of {info['expected']} recordings",
            f"{len(made.rows)} usable",
            f"{speakers or 'unknown'} speakers",
            _duration(made.rows["seconds"].sum()),
            f"{made.made} prepared now" if made.made else "prepared before",
        ]
    )
    return "\n".join([f"{line}: {folder}", *(f"  note: {note}" for note in info["notes"])])


def _duration(seconds):
    return f"{seconds / 3600:.2f} h" if seconds >= 360 else f"{seconds / 60:.1f} min"


if __name__ == "__main__":
    run(main)
