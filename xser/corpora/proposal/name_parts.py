"""The parts of file names: where in the names of many files something stands, and a pattern that says so.

A name falls into chunks at whatever is neither letter nor digit, and a chunk into runs of letters and runs of digits; a
small letter followed by a capital begins a new run. A `Place` is one chunk, some runs of it, or one letter of a run, of
the file's name or of a folder above it.
"""

import collections
import dataclasses
import functools
import itertools
import os
import re
import unicodedata

from xser.core.errors import XserError
from xser.corpora.description.file_patterns import FilePattern


@dataclasses.dataclass(frozen=True, order=True)
class Place:
    """A place in paths.

    Attributes
    ----------
    level : int
        0 for the name without suffix, 1 for the folder that holds the file, 2 for the one above.
    chunk : int
        From the left, or below 0 from the right.
    first, last : int or None
        Runs of the chunk; None for all of it.
    letter : int or None
        One letter of the run `first`.
    whole : bool
        Whether all of the folder's name is meant, whatever its chunks are.
    """

    level: int
    chunk: int = 0
    first: int | None = None
    last: int | None = None
    letter: int | None = None
    whole: bool = False


def kind_of(letter):
    """Return L for a letter with its marks, D for a digit, S for what stands between."""
    category = unicodedata.category(letter)
    return "D" if category == "Nd" and letter.isascii() else "L" if category[0] in "LMN" else "S"


@functools.lru_cache(maxsize=1 << 18)
def runs_of(text):
    """Split a name into runs (kind, start, end).

    Examples
    --------
    >>> runs_of("F01_sad")
    (('L', 0, 1), ('D', 1, 3), ('S', 3, 4), ('L', 4, 7))
    """
    runs = []
    for at, letter in enumerate(text):
        kind = kind_of(letter)
        new_word = at > 0 and text[at - 1].islower() and letter.isupper()
        if runs and runs[-1][0] == kind and not new_word:
            runs[-1] = (kind, runs[-1][1], at + 1)
        else:
            runs.append((kind, at, at + 1))
    return tuple(runs)


@functools.lru_cache(maxsize=1 << 18)
def chunks_of(text):
    """Return the runs of every chunk of a name."""
    groups = itertools.groupby(runs_of(text), key=lambda run: run[0] == "S")
    return tuple(tuple(runs) for between, runs in groups if not between)


@functools.lru_cache(maxsize=1 << 18)
def levels_of(path):
    """Return the name without suffix and the folders above it, the nearest first.

    Examples
    --------
    >>> levels_of("a/b/name.wav")
    ('name', 'b', 'a')
    """
    *folders, name = path.split("/")
    return (os.path.splitext(name)[0], *reversed(folders))


def span(place, path):
    """Return where a place is in the text of its level, None where this path has no such place."""
    levels = levels_of(path)
    if place.level >= len(levels):
        return None
    text = levels[place.level]
    if place.whole:
        return 0, len(text)
    chunks = chunks_of(text)
    if not -len(chunks) <= place.chunk < len(chunks):
        return None
    runs = chunks[place.chunk]
    if place.first is None:
        return runs[0][1], runs[-1][2]
    if place.last >= len(runs):
        return None
    start, end = runs[place.first][1], runs[place.last][2]
    if place.letter is None:
        return start, end
    return (start + place.letter, start + place.letter + 1) if start + place.letter < end else None


def values(place, paths):
    """Return what stands at a place, for every path; None where there is no such place."""
    spans = ((path, span(place, path)) for path in paths)
    return [found and levels_of(path)[place.level][found[0] : found[1]] for path, found in spans]


def places(paths):
    """List the places that all of `paths` have, at which the same kinds of letters stand.

    Parameters
    ----------
    paths : list of str

    Returns
    -------
    list of Place
    """
    found = []
    for level in range(min(len(levels_of(path)) for path in paths)):
        texts = {levels_of(path)[level] for path in paths}
        if level > 0:
            found.append(Place(level, whole=True))
        numbers = {len(chunks_of(text)) for text in texts}
        fewest = min(numbers)
        indices = [*range(fewest)] + ([] if len(numbers) == 1 else [*range(-fewest, 0)])
        for chunk in indices:
            found += _within(level, chunk, {chunks_of(text)[chunk] + (text,) for text in texts})
    return found


def _within(level, chunk, chunks):
    """The places in one chunk: all of it, and its runs as far as they are of the same kinds everywhere."""
    found = [Place(level, chunk)]
    kinds = {tuple(run[0] for run in runs) for *runs, _ in chunks}
    shared = os.path.commonprefix([*kinds])
    if max(map(len, kinds)) == 1 and len(shared) == 1 and shared[0] == "D":
        return found
    for first, last in itertools.combinations_with_replacement(range(len(shared)), 2):
        if (first, last) != (0, max(map(len, kinds)) - 1):
            found.append(Place(level, chunk, first, last))
    for first in range(len(shared)):
        lengths = {runs[first][2] - runs[first][1] for *runs, _ in chunks}
        if shared[first] == "L" and len(lengths) == 1 and 2 <= min(lengths) <= 3:
            found += [Place(level, chunk, first, first, letter) for letter in range(min(lengths))]
    return found


# Patterns. ------------------------------------------------------------------------------------------------------------

FEW = 4  # shapes of names that are written out; of more only what lies between the fields' places


def write_patterns(paths, fields, levels=0):
    """Write patterns that find fields at their places.

    Parameters
    ----------
    paths : list of str
    fields : dict of str to Place
        They must be places of all `paths`, which do not overlap.
    levels : int
        How many folders above the file the patterns have at least.

    Returns
    -------
    list of str
        The most frequent first.

    Raises
    ------
    XserError
        When no such patterns can be written.
    """
    levels = max([levels, *(place.level for place in fields.values())])
    groups = _groups(paths, fields, levels, shorten=False)
    if len(groups) > FEW:
        groups = _groups(paths, fields, levels, shorten=True)
    texts = collections.Counter()
    for members in groups.values():
        alike = len(groups) == 1 or len(members) > 1
        number = itertools.count(1)
        text = "/".join(
            _level_pattern(level, [pieces[level] for pieces in members], alike, number)
            for level in range(levels, -1, -1)
        )
        texts[text] += len(members)
    patterns = [text + _ending(paths) for text, _ in texts.most_common()]
    return _in_order(patterns, paths, fields)


def _ending(paths):
    suffixes = list(dict.fromkeys(os.path.splitext(path)[1][1:] for path in sorted(paths)))
    different = list(dict.fromkeys(suffix.lower() for suffix in suffixes))
    return f".{suffixes[0]}" if len(different) == 1 else f".{{suffix:(?i:{'|'.join(different)})}}"


def _groups(paths, fields, levels, shorten):
    """Sort paths by the shape of their levels; return for each shape the pieces of every path's levels."""
    groups = collections.defaultdict(list)
    for path in paths:
        pieces = [_pieces(path, level, fields, shorten) for level in range(levels + 1)]
        groups[tuple(tuple(shape for shape, _ in level) for level in pieces)].append(pieces)
    return groups


REST = (None, "rest")


def _pieces(path, level, fields, shorten):
    """Cut a level of a path into pieces ((field or None, kind, what stands between), text)."""
    levels = levels_of(path)
    if level >= len(levels):
        raise XserError(f"{path} lies in fewer folders than other recordings: put all of them in folders alike")
    text = levels[level]
    spans = [(*span(place, path), field) for field, place in fields.items() if place.level == level]
    pieces, at = [], 0
    for start, end, field in [*sorted(spans), (len(text), len(text), None)]:
        if start < at:
            raise XserError(f"two fields of {path} overlap: name parts of it that do not")
        pieces += [((None, kind, said if kind == "S" else ""), said) for kind, said in _kinds(text, at, start)]
        if field is not None:
            whole = fields[field].whole
            kinds = "whole" if whole else "".join(kind for kind, _ in _kinds(text, start, end))
            pieces.append(((field, kinds, ""), text[start:end]))
        at = end
    return _shortened(pieces) if shorten else pieces


def _kinds(text, start, end):
    """The runs between two places of a text: (kind, text)."""
    for kind, first, last in runs_of(text):
        first, last = max(first, start), min(last, end)
        if first < last:
            yield kind, text[first:last]


def _shortened(pieces):
    """The pieces from the first field to the last, with what stands beside them; all else is one piece on each side."""
    at = [number for number, (shape, _) in enumerate(pieces) if shape[0] is not None]
    if not at:
        return [(REST, "".join(text for _, text in pieces))]
    first, last = at[0], at[-1] + 1
    first -= first > 0 and pieces[first - 1][0][1] == "S"
    last += last < len(pieces) and pieces[last][0][1] == "S"
    before, after = ("".join(text for _, text in side) for side in (pieces[:first], pieces[last:]))
    return [*([(REST, before)] if before else []), *pieces[first:last], *([(REST, after)] if after else [])]


def _level_pattern(level, members, constant_is_literal, number):
    """The pattern of one level, from the pieces that every path has there."""
    shape = [piece for piece, _ in members[0]]
    columns = [[text for _, text in column] for column in zip(*members, strict=True)]
    if level > 0 and not any(piece[0] for piece in shape):
        names = {"".join(text for _, text in pieces) for pieces in members}
        if len(names) > 1 or not constant_is_literal or set("{}") & set(*names):
            return f"{{folder{level}:[^/]+}}"
    out, pending = [], ""
    for piece, column in zip(shape, columns, strict=True):
        if piece[0] is not None:
            whole = piece[1] == "whole"
            field = f"{{{piece[0]}:{_of_whole(column) if whole else expression_of(column)}}}"
            out, pending = [*_flushed(out, pending, number), field], ""
        elif piece == REST:
            out, pending = [*_flushed(out, pending, number), f"{{rest{next(number)}:[^/]*}}"], ""
        elif _is_literal(piece, column, constant_is_literal):
            out, pending = [*_flushed(out, pending, number), column[0]], ""
        else:
            pending += expression_of(column)
    return "".join(_flushed(out, pending, number))


def _is_literal(piece, column, constant_is_literal):
    same = piece[1] == "S" or constant_is_literal and len(set(column)) == 1
    return same and not set("{}") & set(column[0])


def _flushed(out, pending, number):
    return [*out, f"{{part{next(number)}:{pending}}}"] if pending else out


def _of_whole(column):
    shapes = {"".join(kind for kind, _, _ in runs_of(text)) for text in column}
    return expression_of(column) if len(shapes) == 1 and shapes <= {"L", "D", "LD"} else "[^/]+"


def expression_of(column):
    r"""Return a regular expression for values that are alike, as a person would write it.

    Examples
    --------
    >>> expression_of(["01", "12"]), expression_of(["F01", "M2"]), expression_of(["hasira", "furaha"])
    ('\\d\\d', '[FM]\\d+', '[a-z]+')
    """
    kinds = {"".join(kind for kind, _, _ in runs_of(text)) for text in column}
    if len(kinds) != 1:
        return "[^/]+"
    pieces = []
    for at, kind in enumerate(kinds.pop()):
        run = [text[runs_of(text)[at][1] : runs_of(text)[at][2]] for text in column]
        pieces.append(_of_run(kind, run))
    return "".join(pieces)


def _of_run(kind, run):
    lengths = {len(text) for text in run}
    if kind == "S":
        return re.escape(run[0]) if len(set(run)) == 1 else r"[^\w/]+"
    if kind == "D":
        one = r"\d"
    elif all(text.isascii() for text in run):
        letters = sorted(set("".join(run)))
        if lengths == {1} and len(letters) <= 3 and len(run) > 1:
            return f"[{''.join(letters)}]" if len(letters) > 1 else letters[0]
        if all(text[:1].isupper() and (text[1:].islower() or not text[1:]) for text in run) and max(lengths) > 1:
            return "[A-Z][a-z]+" if min(lengths) > 1 else "[A-Z][a-z]*"
        one = "[a-z]" if all(map(str.islower, run)) else "[A-Z]" if all(map(str.isupper, run)) else "[A-Za-z]"
    else:
        return r"[^\d/_.-]+"
    if len(lengths) > 1:
        return f"{one}+"
    length = lengths.pop()
    if length > 4 and kind == "L":
        return f"{one}+"
    return one * length if length <= 2 and kind == "D" else one if length == 1 else f"{one}{{{length}}}"


def _in_order(patterns, paths, fields):
    """Check that the patterns find every field; of patterns that match too much the narrower goes first."""
    wanted = {field: values(place, paths) for field, place in fields.items()}
    for order in (patterns, sorted(patterns, key=lambda text: ("rest" in text, -len(text)))):
        compiled = [FilePattern(text) for text in order]
        if all(_finds(compiled, path, {field: wanted[field][at] for field in wanted}) for at, path in enumerate(paths)):
            return order
    raise XserError(
        "the names of the recordings are too mixed for a pattern: docs/new_language.md says how to write one"
    )


def _finds(patterns, path, wanted):
    for pattern in patterns:
        found = pattern.match(path)
        if found is not None:
            return all(found[field] == value for field, value in wanted.items())
    return False
