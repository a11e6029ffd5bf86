"""The checks of the audit by name: what each means, and which of them stop stage 1 when they are severe."""

CORPUS = {
    "speaker-emotion": "classifying the emotion by the speaker alone",
    "text-emotion": "classifying the emotion by the text's id alone",
    "transcript-emotion": "classifying the emotion by the words alone",
    "duration-emotion": "classifying the emotion by the duration alone",
    "level-emotion": "classifying the emotion by the level alone",
    "dc-emotion": "classifying the emotion by the DC offset alone",
    "silence-start-emotion": "classifying the emotion by digital silence at the start alone",
    "silence-end-emotion": "classifying the emotion by digital silence at the end alone",
    "recorded-level-emotion": "the same by the level before stage 0 changed it",
    "recorded-dc-emotion": "the same by the DC offset before stage 0 removed it",
    "recorded-silence-start-emotion": "the same by digital silence before stage 0 cut it off",
    "recorded-silence-end-emotion": "the same by digital silence before stage 0 cut it off",
    "duplicates": "the same recording twice",
    "near-duplicates": "nearly the same recording twice: a copy at another level, cut or coded anew",
    "shared-stretches": "recordings that hold the same second or more, wherever it stands in each",
    "silence": "recordings that are mostly pauses",
    "too-short": "recordings with hardly a syllable",
    "clipping": "recordings whose peaks are cut off",
    "mixed-rates": "recordings at several sampling rates",
    "mixed-channels": "recordings with several numbers of channels",
    "small-groups": "emotions and speakers with too few utterances to judge",
    "impossible-split": "no split of this kind can be made of the corpus",
    "no-recordings": "the prepared recordings are not there, so that nothing could be looked at",
}

SPLIT = {
    "split-speakers": "speakers in both train and test",
    "split-texts": "texts in both train and test",
    "split-duplicates": "the same recording on two sides of a split",
    "split-near-duplicates": "nearly the same recording on two sides of a split",
    "split-stretches": "recordings on two sides of a split that hold the same second or more",
    "split-small-groups": "emotions with too few utterances in a part, parts with too few speakers",
}

BETWEEN = {
    "corpora-duplicates": "the same recording in two corpora",
    "corpora-near-duplicates": "nearly the same recording in two corpora",
    "corpora-stretches": "recordings of two corpora that hold the same second or more",
    "related-languages": "two corpora in languages whose speakers understand each other",
}

CHECKS = CORPUS | SPLIT | BETWEEN

# A recording of the target among the sources is refused before, whatever is allowed.
STOPPING = (
    "split-speakers",
    "split-duplicates",
    "split-near-duplicates",
    "split-stretches",
    "corpora-near-duplicates",
    "corpora-stretches",
    "related-languages",
)
