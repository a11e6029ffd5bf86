"""What was recorded: descriptions of corpora, scanning a folder, audio, emotions and schemes.

- `xser.corpora.description`: a recipe's corpus.yaml (its keys in `corpus_yaml`) as a checked `Corpus`, patterns of file
  names, tables of labels, the canonical emotions and the schemes that choose among them, languages, class counts
- `xser.corpora.tables`: table corpora, which have no recipe
- `xser.corpora.scanning`: a folder of recordings becomes rows, one per utterance
- `xser.corpora.audio`: recordings become 16 kHz audio, measured, and repaired where a corpus asks for it
- `xser.corpora.download`: what of a corpus everybody may fetch is fetched, checked and unpacked

It knows no corpus by name, and imports nothing but `xser.core`.
"""
