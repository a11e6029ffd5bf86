"""``--download`` of stage 0: which corpora are missing, which of them may everybody fetch, and does the user agree?"""

import logging
import sys

from xser.core.errors import XserError
from xser.corpora.download.download import download, is_taken, size_to_fetch
from xser.corpora.scanning import scan

logger = logging.getLogger(__name__)


def download_missing(experiment, accept_licence):
    """Fetch the corpora of an experiment that are not there, each into its folder below the data root.

    Parameters
    ----------
    experiment : Experiment
    accept_licence : bool
        The user accepts the licences; otherwise they are asked on the terminal.

    Raises
    ------
    XserError
        When a licence is not accepted: before anything is fetched. When files cannot be had or unpacked. For corpora
        that must be asked for, from whom and where to put them: after the others are fetched.
    """
    missing = [corpus for corpus in _corpora(experiment) if not _is_there(experiment, corpus)]
    free = [corpus for corpus in missing if corpus.download]
    _show_licences(experiment, free)
    if free and not accept_licence:
        _ask(free)
    for corpus in free:
        folder = experiment.download_folder(corpus.id)
        if download(corpus, folder):
            logger.info(f"{corpus.id}: {corpus.title} is in {folder}")
    requests = [_request(experiment, corpus) for corpus in missing if not corpus.download]
    if requests:
        raise XserError("; ".join(requests))


def _corpora(experiment):
    """The corpora of an experiment that have a recipe, each once."""
    names = dict.fromkeys(selection.corpus for selection in experiment.selections if not selection.own)
    if not names:
        raise XserError(
            f"--download is for corpora with a recipe, and {experiment.corpus} is your own: leave --download out"
        )
    return [experiment.described(name) for name in names]


def _is_there(experiment, corpus):
    """Whether nothing is to be fetched: the corpus's folder holds something, or the data root is the corpus itself."""
    folder = experiment.download_folder(corpus.id)
    if is_taken(folder):
        download(corpus, folder)  # which only tidies up, where it was killed before it could
        logger.info(f"{corpus.id}: {folder} is there and not empty: nothing is downloaded")
        return True
    if experiment.several_corpora or not experiment.data_root.is_dir():
        return False
    try:
        scan(corpus, experiment.data_root)
    except XserError:
        return False
    logger.info(f"{corpus.id}: {experiment.data_root} holds it: nothing is downloaded")
    return True


def _show_licences(experiment, corpora):
    for corpus in corpora:
        folder = experiment.download_folder(corpus.id)
        note = f" {corpus.licence_note}" if corpus.licence_note else ""
        logger.info(
            f"{corpus.id}: {corpus.title}, {size_to_fetch(corpus)}, to {folder}\n"
            f"  licence: {corpus.licence}.{note} {corpus.url}"
        )


def _ask(corpora):
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


def _request(experiment, corpus):
    licence = ": ".join(text.rstrip(".") for text in (corpus.licence, corpus.licence_note) if text)
    return (
        f"{corpus.title} cannot be downloaded for you ({licence}); {corpus.obtain} Put it into "
        f"{experiment.download_folder(corpus.id)}; see {corpus.url}"
    )
