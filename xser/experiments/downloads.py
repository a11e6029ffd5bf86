"""``--download`` of stage 0: which corpora are missing, which of them may everybody fetch, and does the user agree?"""

import logging
import sys
from collections.abc import Sequence

from xser.core.errors import XserError
from xser.corpora.description.corpus import Corpus
from xser.corpora.description.counts import read_counts
from xser.corpora.download.download import download, is_taken, size_to_fetch
from xser.corpora.scanning import scan
from xser.experiments.experiment import Experiment
from xser.experiments.workspace import Workspace

logger = logging.getLogger(__name__)


def download_missing(experiment: Experiment, accept_licence: bool) -> None:
    """Fetch the corpora of an experiment that are not there, each into its folder below the data root.

    Parameters
    ----------
    accept_licence
        The user accepts the licences; otherwise they are asked on the terminal.

    Raises
    ------
    XserError
        When a licence is not accepted: before anything is fetched. When files cannot be had or unpacked. For corpora
        that must be asked for, from whom and where to put them: after the others are fetched.
    """
    data_root = experiment.preparation.data_root
    corpora = [corpus for corpus in experiment.corpora if corpus.listed is None]
    if not corpora:
        name = experiment.task.reported_on
        raise XserError(f"--download is for corpora with a recipe, and {name} has none: leave --download out")
    if read_counts(data_root).made_up:
        raise XserError(f"{data_root} holds made-up corpora: give --data-root another folder to download to")
    missing = [corpus for corpus in corpora if not _is_there(experiment, corpus)]
    free = [corpus for corpus in missing if corpus.download]
    _show_licences(experiment, free)
    if free and not accept_licence:
        _ask(free)
    for corpus in free:
        folder = Workspace(experiment).download_folder(corpus)
        if download(corpus, folder):
            logger.info(f"{corpus.id}: {corpus.title} is in {folder}")
    requests = [_request(experiment, corpus) for corpus in missing if not corpus.download]
    if requests:
        raise XserError("; ".join(requests))


def _is_there(experiment: Experiment, corpus: Corpus) -> bool:
    """Whether nothing is to be fetched: the corpus's folder holds something, or the data root is the corpus itself."""
    folder = Workspace(experiment).download_folder(corpus)
    if is_taken(folder):
        download(corpus, folder)  # which only tidies up, where it was killed before it could
        logger.info(f"{corpus.id}: {folder} is there and not empty: nothing is downloaded")
        return True
    data_root = experiment.preparation.data_root
    if experiment.is_zero_shot or not data_root.is_dir():
        return False
    try:
        scan(corpus, data_root)
    except XserError:  # the folder is not the corpus
        return False
    logger.info(f"{corpus.id}: {data_root} holds it: nothing is downloaded")
    return True


def _show_licences(experiment: Experiment, corpora: Sequence[Corpus]) -> None:
    for corpus in corpora:
        folder = Workspace(experiment).download_folder(corpus)
        note = f" {corpus.licence_note}" if corpus.licence_note else ""
        logger.info(
            f"{corpus.id}: {corpus.title}, {size_to_fetch(corpus)}, to {folder}\n"
            f"  licence: {corpus.licence}.{note} {corpus.url}"
        )


def _ask(corpora: Sequence[Corpus]) -> None:
    for corpus in corpora:
        if not sys.stdin.isatty():
            titles = ", ".join(f"{corpus.title} ({corpus.licence}, {corpus.url})" for corpus in corpora)
            raise XserError(
                f"there is no terminal to ask for the licence of {titles}: read it, and add --accept-licence when you "
                "accept it"
            )
        sys.stderr.write(f"Do you accept the licence of {corpus.title} ({corpus.licence})? [y/N] ")
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise XserError(f"the licence of {corpus.title} is not accepted: nothing was downloaded")


def _request(experiment: Experiment, corpus: Corpus) -> str:
    licence = ": ".join(text.rstrip(".") for text in (corpus.licence, corpus.licence_note) if text)
    return (
        f"{corpus.title} cannot be downloaded for you ({licence}); {corpus.obtain} Put it into "
        f"{Workspace(experiment).download_folder(corpus)}; see {corpus.url}"
    )
