"""A proposal for the corpus.yaml of an unknown folder of recordings, and what is unsure about it."""

import collections
import filecmp
import os
import re

from xser.core.errors import XserError
from xser.corpora.description.emotion_words import place_labels
from xser.corpora.folders import real_path
from xser.corpora.proposal.guessing import (
    GENDER_WORDS,
    PART_WORDS,
    TAKE_WORDS,
    TEXT_WORDS,
    find_emotion,
    find_numbered,
    find_words,
    label_in_name,
    numbered_parts,
    overlaps,
)
from xser.corpora.proposal.name_parts import Place, levels_of, places, span, values, write_patterns
from xser.corpora.proposal.proposed_labels import Proposal, codes_in_texts, map_labels
from xser.corpora.proposal.speaker_guessing import find_speaker, gender_of
from xser.corpora.proposal.table_guessing import endings_of, find_tables, table_entry

MORE = "docs/new_language.md says how to write a corpus.yaml by hand"


def propose(folder, files, answers):
    """Propose a corpus.yaml for a folder.

    Parameters
    ----------
    folder : str or Path
    files : list of File
        What lies in it.
    answers : Answers

    Returns
    -------
    Proposal

    Raises
    ------
    XserError
        When there are no recordings, no emotions or only one, or names too mixed for patterns.
    """
    audio = [file for file in files if file.is_audio]
    if not audio:
        raise XserError(f"{folder} holds no recordings (found e.g. {files[0].source}): give --from their folder")
    proposal = Proposal()
    audio = _without_copies(folder, audio, proposal)
    table = next(iter(find_tables(folder, files, answers.language)), None)
    try:
        _look(proposal, folder, files, audio, table, answers)
    except XserError as error:
        mixed = _mixed(folder, [file.path for file in audio], answers)
        raise (XserError(mixed) if mixed else error) from error
    return proposal


def _look(proposal, folder, files, audio, table, answers):
    """Fill a proposal: emotion, what labels mean, speaker, the rest, and the patterns."""
    paths = [file.path for file in audio]
    proposal.example = paths[0]
    codes = {} if answers.labels else codes_in_texts(folder, files)
    labels = _labels_from_table(proposal, table, audio) if table and answers.emotion is None else None
    if labels is None:
        fields, native = _fields_of_names(proposal, folder, paths, answers, answers.labels or codes)
    else:
        fields, native = {}, labels
    map_labels(proposal, folder, native, answers, codes)
    _add_speaker(proposal, paths, fields, native, answers, table)
    _add_rest(proposal, paths, fields)
    _write_columns(proposal, paths, fields, table, labels is not None)


def _mixed(folder, paths, answers):
    """Say that a folder mixes layouts, if the emotion would be found in the most frequent one; else None."""
    groups = collections.defaultdict(list)
    for path in paths:
        groups[len(levels_of(path)), len(numbered_parts(path))].append(path)
    largest = max(groups.values(), key=len)
    if len(groups) == 1 or answers.emotion or not find_emotion(largest, answers.language):
        return None
    other = next(path for path in paths if path not in set(largest))
    return (
        f"{folder} mixes layouts: {len(largest)} recordings like {largest[0]}, others like {other}: move the others "
        f"away, or give --from a folder that holds one layout; {MORE}"
    )


def _without_copies(folder, audio, proposal):
    """Leave out what is known to lie at a second path, byte for byte."""
    by_name = collections.defaultdict(list)
    for file in sorted(audio, key=lambda file: (file.path.count("/"), file.path)):
        by_name[file.stem].append(file)
    kept = []
    for same in by_name.values():
        first = same[0]
        copies = [file for file in same[1:] if _same_content(folder, first, file)]
        kept += [file for file in same if file not in copies]
        if copies and not proposal.repeated_files:
            proposal.repeated_files = True
            proposal.unsure.append(("repeated_files", f"{copies[0].source} is the same file as {first.source}"))
    return sorted(kept)


def _same_content(folder, file, other):
    one, two = real_path(folder, file.source), real_path(folder, other.source)
    return 0 < one.stat().st_size == two.stat().st_size and filecmp.cmp(one, two, shallow=False)


# Emotions. ------------------------------------------------------------------------------------------------------------


def _labels_from_table(proposal, table, audio):
    """The native labels of the recordings that a table has, or None when it has no labels."""
    if "emotion" not in table.columns:
        return None
    of = table.of("emotion")
    native = [of.get(file.stem) for file in audio]
    where = (
        f"column {table.headings[table.columns['emotion']]!r}"
        if table.headings
        else f"column {table.columns['emotion'] + 1}"
    )
    proposal.found.append(f"the emotion is {where} of {table.names[0]}")
    if not table.sure["emotion"]:
        proposal.unsure.append(
            ("tables", f"the emotion is taken from {where} of {table.names[0]}, for what stands in it")
        )
    missing = sum(label is None for label in native)
    if missing:
        proposal.unsure.append(
            ("tables", f"{missing} of {len(audio)} recordings have no row in {table.names[0]} and are left out")
        )
    return native


def _fields_of_names(proposal, folder, paths, answers, known):
    place = _place(answers.emotion, paths, "--emotion") if answers.emotion else None
    emotion = find_emotion(paths, answers.language, known, place)
    if emotion is None:
        raise XserError(_no_emotion(folder, paths, answers))
    in_name = None if place else label_in_name(emotion, paths)
    chosen = in_name or emotion
    proposal.found.append(f"the emotion is {chosen.why}, e.g. in {paths[0]}")
    if not chosen.sure:
        proposal.unsure.append(
            (
                "files",
                f"the emotion is taken to be {chosen.why} in {paths[0]}; another part is as likely (--emotion PART)",
            )
        )
    if in_name:
        proposal.words = dict(zip(in_name.values, emotion.values, strict=True))
    return {"emotion": chosen.place}, list(chosen.values)


def _no_emotion(folder, paths, answers):
    """Say why there are no emotions: only one, or names that do not say."""
    for place in places(paths):
        different = set(values(place, paths))
        if len(different) == 1 and None not in different:
            guess = place_labels(different, answers.language).get(*different)
            if guess and guess.how == "word":
                return (
                    f"{folder} has one emotion only ({guess.emotion}: {different.pop()}), and telling emotions apart "
                    "needs two: give --from the folder above, which holds the others too"
                )
    parts = ", ".join(f"{name} {text!r}" for name, (_, text) in numbered_parts(paths[0]).items())
    return (
        f"no emotions found in the names below {folder}, nor in a table beside them: say which part of {paths[0]} is "
        f"the emotion, --emotion PART of {parts}, and what its values mean, --labels 01=angry,02=happy"
    )


def _place(part, paths, option):
    """Return the place that the user names: a number, two with a dash, or a folder."""
    parts = numbered_parts(paths[0])
    first, _, last = part.partition("-")
    last = last or first
    if first not in parts or last not in parts:
        there = ", ".join(f"{name} {text!r}" for name, (_, text) in parts.items())
        raise XserError(f"{option} {part}: the parts of {paths[0]} are {there}; name one, or two of a word as 1-2")
    one, two = parts[first][0], parts[last][0]
    place = one if one.whole else Place(0, one.chunk, one.first, two.last)
    if one.chunk != two.chunk or one.level != two.level:
        raise XserError(f"{option} {part}: both parts must belong to one word of {paths[0]}")
    without = next((path for path in paths if span(place, path) is None), None)
    if without:
        raise XserError(f"{option} {part}: {without} has no such part, as {paths[0]} has; {MORE}")
    return place


# Speakers and what else the names say. --------------------------------------------------------------------------------


def _add_speaker(proposal, paths, fields, native, answers, table):
    """Find who speaks: what the user says, a table's column, or a part of the names."""
    if answers.speaker == "none":
        proposal.found.append("the names do not say who speaks, as you say")
        return
    if answers.speaker is None and table and "speaker" in table.columns:
        column = table.headings[table.columns["speaker"]] if table.headings else table.columns["speaker"] + 1
        proposal.found.append(f"the speaker is column {column!r} of {table.names[0]}")
        if not table.sure["speaker"]:
            proposal.unsure.append(("tables", f"the speaker is taken from column {column!r} of {table.names[0]}"))
        return
    place = _place(answers.speaker, paths, "--speaker") if answers.speaker else None
    whole = [label for label in native if label is not None]
    speaker = find_speaker(paths, native if len(whole) == len(native) else None, place)
    if speaker is None or overlaps(speaker.place, fields.values(), paths[0]):
        proposal.unsure.append(
            ("speakers", "nothing tells who speaks (--speaker PART): without speakers only --split stratified")
        )
        return
    fields["speaker"] = speaker.place
    proposal.found.append(f"the speaker is {speaker.why}: {len(set(speaker.values))} of them")
    if not speaker.sure:
        proposal.unsure.append(
            (
                "files",
                f"the speaker is taken to be {speaker.why}, in {paths[0]} ({len(set(speaker.values))} values); "
                "another part, or none (--speaker PART)?",
            )
        )
    gender = gender_of(speaker.values)
    if gender:
        proposal.columns["gender"] = {"from": "{speaker}", "map": gender}


def _add_rest(proposal, paths, fields):
    """Find official parts, gender, sentence and take."""
    for field, words in (("part", PART_WORDS), ("gender", GENDER_WORDS)):
        found = find_words(paths, words)
        if not found or overlaps(found.place, fields.values(), paths[0]) or field in proposal.columns:
            continue
        fields[field] = found.place
        mapping = {re.escape(value): words[value.lower()] for value in dict.fromkeys(sorted(found.values))}
        proposal.columns["official_part" if field == "part" else field] = {"from": f"{{{field}}}", "map": mapping}
        proposal.found.append(f"{found.why} is taken for {'official parts' if field == 'part' else 'the gender'}")
    if "gender" in fields and "speaker" in fields:
        _number_of_each_gender(proposal, paths, fields)
    for field, words in (("text", TEXT_WORDS), ("take", TAKE_WORDS)):
        found = find_numbered(paths, words, fields.values())
        if found:
            fields[field] = found.place
            what = "the sentence" if field == "text" else "the repetition"
            proposal.unsure.append(("files", f"{found.why} in {paths[0]} is taken for {what}"))


def _number_of_each_gender(proposal, paths, fields):
    """Where women and men are numbered from one each, the speaker is gender and number."""
    speaker, gender = fields["speaker"], fields["gender"]
    adjacent = speaker.level == gender.level == 0 and speaker.chunk == gender.chunk + 1
    column = values(speaker, paths)
    pairs = set(zip(values(gender, paths), column, strict=True))
    if adjacent and all(value.isdigit() for value in column) and len(pairs) > len(set(column)):
        fields["number"] = fields.pop("speaker")
        proposal.columns["speaker"] = "{gender_sign}{number}"
        fields["gender_sign"] = fields.pop("gender")
        proposal.columns["gender"]["from"] = "{gender_sign}"
        proposal.unsure.append(
            ("columns", f"speakers are taken to be gender and number together ({len(pairs)} of them)")
        )


# Patterns, tables and columns. ----------------------------------------------------------------------------------------


def _write_columns(proposal, paths, fields, table, from_table):
    stems = collections.Counter(os.path.splitext(path.rpartition("/")[2])[0] for path in paths)
    repeated = any(number > 1 for number in stems.values())
    use_table = table is not None and (from_table or "speaker" not in fields and "speaker" in table.columns)
    if use_table and repeated:
        raise XserError(f"{table.names[0]} names recordings of which several have one name: {MORE}")
    if repeated:
        _unique_utterances(proposal, paths, fields)
    if use_table:
        wanted = table.columns.keys() - fields.keys() - proposal.columns.keys() - (set() if from_table else {"emotion"})
        entry, columns = table_entry(table, wanted, paths)
        proposal.tables.append(entry)
        proposal.columns |= columns
    if not fields or use_table and "recording" in proposal.tables[0]["join"]:
        proposal.files = [f"{{recording:[^/]+}}{ending}" for ending in endings_of(paths)]
    else:
        proposal.files = write_patterns(paths, fields)


def _unique_utterances(proposal, paths, fields):
    """Files of one name in several folders: the folders' names make them different utterances."""
    used = []
    for level in range(1, max(len(levels_of(path)) for path in paths)):
        if any(len(levels_of(path)) <= level for path in paths):
            break
        there = [field for field, place in fields.items() if place.level == level]
        if not there:
            fields[f"folder_{level}"] = Place(level, whole=True)
            there = [f"folder_{level}"]
        used = there + used
        columns = [values(fields[field], paths) for field in used]
        stems = [levels_of(path)[0] for path in paths]
        if len(set(zip(*columns, stems, strict=True))) == len(paths):
            proposal.columns["utterance"] = "_".join(f"{{{field}}}" for field in [*used, "stem"])
            return
    raise XserError(f"recordings of one name lie in folders that do not tell them apart, such as {paths[0]}: {MORE}")
