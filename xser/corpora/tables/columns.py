"""Which column of a table is what, by the names that such columns usually have."""

import re
from collections.abc import Sequence
from pathlib import Path

from xser.core.errors import XserError
from xser.corpora.description.file_patterns import nfc

USUAL = {  # field: names of its column; capitals, spaces, `_` and `-` do not matter
    "path": "path file audio wav recording filename file_name filepath file_path wav_path wav_file audio_path "
    "audio_file audio_filepath",
    "label": "label emotion emotion_label label_name category class",
    "speaker": "speaker speaker_id spk spk_id client_id actor actor_id subject",
    "language": "language lang locale",
    "gender": "gender sex speaker_gender",
    "age": "age speaker_age",
    "text": "text text_id sentence_id prompt_id",
    "transcript": "transcript transcription sentence normalized_text",
    "intensity": "intensity emotion_intensity",
    "take": "take repetition",
    "part": "part split official_part partition subset",
    "start": "start start_time begin onset",
    "end": "end end_time stop",
}
UNLABELLED = {"label": "; for recordings without labels there is `xser predict MODEL TABLE`"}
NEEDED = {"path": "the recording", "label": "the emotion"}


def find_columns(path: Path, columns: Sequence[str], chosen: dict[str, str], sidecar: Path) -> dict[str, str]:
    """Say which column holds which field.

    Parameters
    ----------
    path
        The table, for messages.
    columns
        Names of its columns.
    chosen
        Field -> name of its column, where the user says it.
    sidecar
        The file where they may say it.

    Returns
    -------
    dict of str to str
        Field of `USUAL` -> name of the column; fields without a column are left out.

    Raises
    ------
    XserError
        When a chosen column is not there, a needed one is missing, or two columns have a usual name of one field.

    Examples
    --------
    >>> from pathlib import Path
    >>> find_columns(Path("my.csv"), ["File Name", "Emotion", "size"], {}, Path("my.yaml"))
    {'path': 'File Name', 'label': 'Emotion'}
    """
    there = f"its columns are {', '.join(map(repr, columns)) or 'none'}"
    found = {}
    for field, names in USUAL.items():
        usual = {plain(name) for name in names.split()}
        having = [column for column in columns if plain(column) in usual]
        if field in chosen:
            if chosen[field] not in columns:
                raise XserError(f"{sidecar}: `columns: {field}` is {chosen[field]!r}, which {path} has not; {there}")
            having = [chosen[field]]
        having = [column for column in having if column not in chosen.values() or chosen.get(field) == column]
        if len(having) > 1:
            raise XserError(
                f"{path} has {len(having)} columns that may be the {field} ({', '.join(having)}): say which in "
                f"{sidecar}, as in `columns: {{{field}: {having[0]}}}`"
            )
        if not having and field in NEEDED:
            raise XserError(
                f"{path} has no column for {NEEDED[field]} ({', '.join(names.split()[:4])} ...); {there}: rename one, "
                f"or say which it is in {sidecar}, as in `columns: {{{field}: NAME}}`{UNLABELLED.get(field, '')}"
            )
        if having:
            found[field] = having[0]
    return found


def plain(name: str) -> str:
    """Return a column's name as it is compared."""
    return re.sub(r"[\s_.-]+", "", nfc(name).casefold())
