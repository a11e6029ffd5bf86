"""A proposal for the corpus.yaml of an unknown folder of recordings, and what is unsure about it."""

import collections
import dataclasses
import filecmp
import os
import re

from xser.corpora.emotion_words import place_labels, plain
from xser.corpora.emotions import CANONICAL, SCHEMES
from xser.corpora.file_patterns import nfc
from xser.corpora.folders import real_path
from xser.corpora.guessing import (
    GENDER_WORDS,
    PART_WORDS,
    TAKE_WORDS,
    TEXT_WORDS,
    find_emotion,
    find_numbered,
    find_speaker,
    find_words,
    gender_of,
    label_in_name,
    numbered_parts,
    overlaps,
)
from xser.corpora.name_parts import Place, levels_of, span, values, write_patterns
from xser.corpora.table_guessing import find_tables
from xser.errors import XserError

MORE = "docs/new_language.md says how to write a corpus.yaml by hand"


@dataclasses.dataclass
class Proposal:
    """What a corpus.yaml may say of a folder.

    Attributes
    ----------
    files, tables, columns : list, list, dict
        As in corpus.yaml.
    example : str
    labels : dict of str to str
        Native label -> canonical emotion.
    scheme : str
    repeated_files : bool
    found : list of str
        Sentences: what was taken for what, and why.
    unsure : list of (str, str)
        (Key of corpus.yaml, or native label as ``labels: X``; what to check).
    """

    files: list = dataclasses.field(default_factory=list)
    tables: list = dataclasses.field(default_factory=list)
    columns: dict = dataclasses.field(default_factory=dict)
    example: str = ""
    labels: dict = dataclasses.field(default_factory=dict)
    scheme: str = "four"
    repeated_files: bool = False
    found: list = dataclasses.field(default_factory=list)
    unsure: list = dataclasses.field(default_factory=list)
    words: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Answers:
    """What the user says beforehand.

    Attributes
    ----------
    language : str
        ISO 639-3 code.
    emotion, speaker : str or None
        A part of the names, as `xser.corpora.guessing.numbered_parts` numbers them: ``3``, ``1-2``, ``folder1``;
        ``none`` where the names do not say who speaks.
    labels : dict of str to str
        Native label -> canonical emotion.
    """

    language: str
    emotion: str | None = None
    speaker: str | None = None
    labels: dict = dataclasses.field(default_factory=dict)


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
    paths = [file.path for file in audio]
    proposal.example = paths[0]
    table = next(iter(find_tables(folder, files, answers.language)), None)
    known = dict(answers.labels)
    codes = {} if known else codes_in_texts(folder, files)
    labels = _labels_from_table(proposal, table, audio) if table and answers.emotion is None else None
    if labels is None:
        fields, native = _fields_of_names(proposal, folder, paths, answers, known or codes)
    else:
        fields, native = {}, labels
    _map_labels(proposal, folder, native, answers, codes)
    _add_speaker(proposal, paths, fields, native, answers, table)
    _add_rest(proposal, paths, fields)
    _write_columns(proposal, paths, fields, table, labels is not None)
    return proposal


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


def codes_in_texts(folder, files):
    """Read what codes mean from texts such as a README: ``01 = neutral``, ``H: happy``.

    Returns
    -------
    dict of str to str
        Code -> emotion; codes of which a text says two things are left out.
    """
    said = collections.defaultdict(set)
    for file in files:
        if not re.search(r"(?i)(^|/)(read[ _-]?me|info|about|codes?|labels?|legend)[^/]*$", file.path) or file.is_audio:
            continue
        path = real_path(folder, file.source)
        if path.stat().st_size > 1_000_000:
            continue
        text = nfc(path.read_bytes().decode("utf-8", "replace"))
        pairs = re.findall(
            r"(?<![\w-])(\d{1,3}|[A-Za-z]{1,3})[`'\"]?\s*(?:=+>?|:|->|→|–|\t)\s*[`'\"]?([^\W\d_]+)", text
        )
        for code, word in pairs:
            guess = place_labels([word]).get(word)
            if guess and guess.how == "word":
                said[code].add(guess.emotion)
    return {code: emotions.pop() for code, emotions in said.items() if len(emotions) == 1}


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
    """Say why there are no emotions: mixed layouts, or names that do not say."""
    groups = collections.defaultdict(list)
    for path in paths:
        groups[len(levels_of(path)), len(numbered_parts(path))].append(path)
    largest = max(groups.values(), key=len)
    if len(groups) > 1 and find_emotion(largest, answers.language):
        other = next(path for path in paths if path not in set(largest))
        return (
            f"{folder} mixes layouts: {len(largest)} recordings like {largest[0]}, and others like {other}: put each "
            f"layout into a folder of its own and give --from one of them; {MORE}"
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


def _map_labels(proposal, folder, native, answers, codes):
    """Give every native label an emotion; say what is unsure."""
    counts = collections.Counter(label for label in native if label is not None)
    words = proposal.words
    placed = place_labels([words.get(label, label) for label in counts], answers.language)
    for label in sorted(counts):
        guess, word = placed.get(words.get(label, label)), words.get(label)
        if label in answers.labels:
            proposal.labels[label] = answers.labels[label]
        elif guess and guess.how == "word":
            proposal.labels[label] = guess.emotion
            _say_of_word(proposal, label, guess, word, answers)
        elif label in codes:
            proposal.labels[label] = codes[label]
            proposal.unsure.append((f"labels: {label}", f"{label} is {codes[label]} by a text in the folder"))
        elif guess:
            proposal.labels[label] = guess.emotion
            what = "a letter says little" if guess.how == "letter" else f"the beginning of a word ({guess.language})"
            if guess.how == "letter" or len(label) < 3 or guess.language not in (answers.language, "eng"):
                proposal.unsure.append((f"labels: {label}", f"is {label} really {guess.emotion}? {what}"))
        else:
            proposal.labels[label] = "other"
            proposal.unsure.append(
                (f"labels: {label}", f"what is {label} ({counts[label]} recordings)? an emotion, or drop")
            )
    _same_but_for_case(proposal, counts)
    unknown = [label for label in answers.labels if label not in counts]
    if unknown:
        raise XserError(f"--labels names {unknown[0]!r}, but the labels found are {', '.join(sorted(counts))}")
    emotions = set(proposal.labels.values()) - {"other", "drop"}
    if not emotions:
        there = ", ".join(sorted(counts)[:12])
        raise XserError(
            f"the labels {there} are no known words: say what they mean, --labels {sorted(counts)[0]}=angry,..."
        )
    if len(emotions) == 1:
        raise XserError(
            f"{folder} has one emotion only ({emotions.pop()}: {', '.join(sorted(counts)[:6])}), and telling emotions apart "
            "needs two: give --from the folder above, which holds the others too"
        )
    proposal.scheme = _scheme(emotions)
    proposal.labels = dict(sorted(proposal.labels.items(), key=lambda item: (CANONICAL + ("drop",)).index(item[1])))


def _say_of_word(proposal, label, guess, word, answers):
    if word and plain(word) != plain(label):
        proposal.found.append(f"{label} stands in {word}, and so is {guess.emotion}")
    elif guess.language not in (answers.language, "eng") and not _is_member(guess.language, answers.language):
        proposal.unsure.append((f"labels: {label}", f"is {label} really {guess.emotion}? it is so in {guess.language}"))


def _is_member(code, language):
    from xser.corpora.languages import same_language

    return same_language(code, language)


def _same_but_for_case(proposal, counts):
    """Labels that differ in capitals alone are one: the most frequent spelling."""
    spellings = collections.defaultdict(list)
    for label in counts:
        spellings[label.casefold()].append(label)
    entries = {}
    for same in spellings.values():
        usual = max(same, key=lambda label: (counts[label], label))
        for label in set(same) - {usual}:
            entries[re.escape(label)] = usual
            del proposal.labels[label]
    if entries:
        proposal.columns["emotion"] = {"from": "{emotion}", "map": {**entries, ".*": "{emotion}"}}
        proposal.unsure.append(("columns", "labels that differ in capitals alone are taken for one"))


def _scheme(emotions):
    """The scheme that knows most of the corpus's emotions: the usual four where there are all."""
    if set(SCHEMES["four"].emotions) <= emotions:
        return "four"
    fits = {}
    for name, scheme in SCHEMES.items():
        classes = {scheme.emotion_of(emotion) for emotion in emotions} - {None}
        fits[name] = (len(classes) if name != "four" else 0, classes == set(scheme.emotions))
    return max(fits, key=fits.get)


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
                f"the speaker is taken to be {speaker.why} in {paths[0]} ({len(set(speaker.values))} values); another part, or none (--speaker PART)?",
            )
        )
    gender = gender_of(speaker.values) if not place or not place.whole else gender_of(speaker.values)
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
        _write_table(proposal, paths, fields, table, from_table)
    if use_table and table.headings is None and table.delimiter:
        proposal.files = [f"{{recording:[^/]+}}{ending}" for ending in _endings(paths)]
    else:
        proposal.files = write_patterns(paths, fields)


def _endings(paths):
    return sorted({os.path.splitext(path)[1].lower() for path in paths})


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


def _write_table(proposal, paths, fields, table, from_table):
    """The entry of `tables`, with the columns that the names do not have."""
    wanted = {
        field: at
        for field, at in table.columns.items()
        if field not in fields and field not in proposal.columns and (from_table or field != "emotion")
    }
    renamed = {"official_part": "part"}
    names = [name.rpartition("/")[2] for name in table.names]
    entry = {"files": list(dict.fromkeys(names))}
    if table.headings is None and table.delimiter:
        cells = []
        for at in range(len(table.rows[0])):
            field = next(
                (renamed.get(field, field) for field, column in wanted.items() if column == at), f"column{at + 1}"
            )
            own = re.escape(table.delimiter)
            suffix = "|".join(re.escape(ending) for ending in _endings(paths))
            cells.append(
                f"{{recording:[^{own}/]+?}}{{suffix:({suffix})?}}" if at == table.file else f"{{{field}:[^{own}]*}}"
            )
        between = (
            f"{{tab{at}:{re.escape(table.delimiter) if table.delimiter != chr(9) else chr(92) + 't'}}}"
            for at in range(1, len(cells))
        )
        rows = cells[0] + "".join(tab + cell for tab, cell in zip(between, cells[1:], strict=True))
        entry |= {"rows": rows.replace("[^\t", "[^\\t").replace("[^\\\t", "[^\\t"), "join": ["recording"]}
    else:
        if not table.delimiter:
            entry["rows"] = r"{row:\d+}"
        elif table.delimiter != ("\t" if names[0].lower().endswith(".tsv") else ","):
            entry["delimiter"] = table.delimiter
        columns = {renamed.get(field, field): table.headings[at] for field, at in wanted.items()}
        entry |= {"columns": {"stem": table.headings[table.file], **columns}, "join": ["stem"]}
    proposal.tables.append(entry)
    cells = {field: {row[at].strip() for row in table.rows} for field, at in wanted.items()}
    if "official_part" in wanted:
        mapping = {re.escape(value): PART_WORDS[value.lower()] for value in sorted(cells["official_part"])}
        proposal.columns["official_part"] = {"from": "{part}", "map": mapping}
    if "gender" in wanted and not cells["gender"] <= {"male", "female"}:
        genders = {value: GENDER_WORDS.get(value.lower(), "") for value in sorted(cells["gender"])}
        proposal.columns["gender"] = {
            "from": "{gender}",
            "map": {re.escape(value): said for value, said in genders.items()},
        }
