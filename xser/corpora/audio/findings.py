"""What is wrong or odd with a corpus's recordings, in sentences that a person can act on."""

import dataclasses
from collections.abc import Collection, Mapping, Sequence

from xser.corpora.audio.decoding import SETTINGS
from xser.corpora.audio.file_contents import is_misnamed
from xser.corpora.audio.measures import Measures
from xser.corpora.audio.repairs import describe_repairs

NAMED = 5  # recordings that an error names; the rest are counted
AUDIBLE = 1.0  # decibels of scaling that are worth a note
MANY = 20  # recordings that cannot all last equally long by chance

Problems = dict[str, list[tuple[str, str]]]  # kind -> path and detail of each


@dataclasses.dataclass(frozen=True)
class Made:
    """What is known of a prepared recording.

    Attributes
    ----------
    size, mtime_ns
        Bytes of the source, and when it was changed.
    digest
        First 16 hexadecimal digits of the SHA-256 of the prepared samples.
    contents
        What the source holds, see `xser.corpora.audio.file_contents.contents_of`.
    decibels
        By how much it was scaled down.
    samples
        How many were written.
    measures
        What the recording measured as it was recorded.
    repairs
        What was asked for, see `xser.corpora.audio.repairs`.
    repaired
        What was repaired, and how much.
    mended
        What is wrong with its container, see `xser.corpora.audio.decoding.Recording`.
    stretch
        Where the recording starts in the source and where it ends, in seconds, when it is a part of it.
    resampler
        See `xser.corpora.audio.resampling.resampler_of`.
    source_digest
        SHA-256 of the source; an older xser did not keep it, nor the following.
    ctime_ns, inode
        When the source's place on the disk was last changed, and which that is.
    """

    size: int
    mtime_ns: int
    digest: str
    contents: str
    decibels: float
    samples: int
    measures: Measures
    repairs: list[str] = dataclasses.field(default_factory=list)
    repaired: dict[str, float] = dataclasses.field(default_factory=dict)
    mended: str = ""
    stretch: list[float] | None = None
    resampler: str = ""
    source_digest: str = ""
    ctime_ns: int = 0
    inode: int = 0


@dataclasses.dataclass(frozen=True)
class Bad:
    """Why a recording cannot be used, see `xser.corpora.audio.decoding.BadRecording`."""

    kind: str
    detail: str


def find_twins(
    made: Mapping[str, Made], same_recording: Collection[Sequence[str]]
) -> tuple[dict[str, str], dict[str, str], list[tuple[str, str]]]:
    """Find recordings with the same samples under several names.

    Parameters
    ----------
    made
        By utterance.
    same_recording
        Utterances known to be one recording.

    Returns
    -------
    known, repeated
        Utterance -> the one that stays: those of `same_recording`, and those that nobody knew of.
    differing
        Utterances of `same_recording` that are not the same here.
    """
    known: dict[str, str] = {}
    differing = []
    for names in same_recording:
        present = [name for name in names if name in made]
        for other in present[1:]:
            if made[other].digest == made[present[0]].digest:
                known[other] = present[0]
            else:
                differing.append((other, present[0]))
    repeated: dict[str, str] = {}
    first_with: dict[str, str] = {}
    for utterance in sorted(set(made) - set(known)):
        first = first_with.setdefault(made[utterance].digest, utterance)
        if first != utterance:
            repeated[utterance] = first
    return known, repeated, differing


def group_problems(bad: Mapping[str, Bad], repeated: Mapping[str, str], sources: Mapping[str, str]) -> Problems:
    """Group what cannot be used by kind.

    Parameters
    ----------
    bad
        By utterance.
    repeated
        Of `find_twins`.
    sources
        Utterance -> path of its recording.
    """
    problems: Problems = {}
    for utterance, why in bad.items():
        problems.setdefault(why.kind, []).append((sources[utterance], why.detail))
    for utterance, first in repeated.items():
        problems.setdefault("the same as another", []).append((f"{sources[utterance]} = {sources[first]}", ""))
    return problems


def list_problems(problems: Problems) -> str:
    """Name the first problems of each kind and count the rest.

    Examples
    --------
    >>> list_problems({"silent": [("a.wav", "")], "unreadable": [(f"{name}.wav", "") for name in "bcde"]})
    '1 silent (a.wav), 4 unreadable (b.wav, c.wav and 2 more)'
    """
    shown = max(1, NAMED // len(problems)) if problems else 0
    pieces = []
    for kind, cases in problems.items():
        names = ", ".join(name for name, _ in cases[:shown])
        more = f" and {len(cases) - shown} more" if len(cases) > shown else ""
        pieces.append(f"{len(cases)} {kind} ({names}{more})")
    return ", ".join(pieces)


def problem_lines(problems: Problems) -> str:
    """List every problem, a line each: path, kind and detail, separated by tabs."""
    cases = [(name, kind, detail) for kind, cases in problems.items() for name, detail in cases]
    return "".join("\t".join(filter(None, case)) + "\n" for case in cases)


def find_oddities(made: Mapping[str, Made], sources: Mapping[str, str]) -> list[str]:
    """Write sentences on what is odd with recordings that can be used, and on what of it was repaired.

    Parameters
    ----------
    made
        By utterance.
    sources
        Utterance -> path of its recording.
    """
    notes = []
    misnamed = [it for it in made if is_misnamed(made[it].contents, sources[it])]
    if misnamed:
        example = f"{sources[misnamed[0]]} is {made[misnamed[0]].contents}"
        notes.append(f"{_count(misnamed)} of another format than the name says, read by content: e.g. {example}")
    mended = [it for it in made if made[it].mended]
    if mended:
        example = f"{sources[mended[0]]}: {made[mended[0]].mended}"
        notes.append(f"{_count(mended)} in a damaged container, read nevertheless: e.g. {example}")
    repaired = describe_repairs([it.repaired for it in made.values()])
    if repaired:
        notes.append(repaired)
    loud = sorted((it for it in made if made[it].decibels >= AUDIBLE), key=lambda it: (-made[it].decibels, it))
    if loud:
        example = f"{sources[loud[0]]} by {made[loud[0]].decibels:.1f} dB"
        notes.append(f"{_count(loud)} beyond full scale, scaled down: e.g. {example}")
    if len(made) >= MANY and len({it.samples for it in made.values()}) == 1:
        seconds = next(iter(made.values())).samples / SETTINGS["rate"]
        notes.append(f"all {len(made)} recordings last {seconds:.3f} s: this copy of the corpus has been cut or padded")
    return notes


def _count(utterances: Collection[str]) -> str:
    return f"{len(utterances)} recording{'' if len(utterances) == 1 else 's'}"
