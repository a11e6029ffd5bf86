"""What was recorded: descriptions of corpora, scanning a folder, audio, emotions and schemes.

- `xser.corpora.emotions`: the canonical emotions and the schemes that choose among them
- `xser.corpora.languages`: ISO 639-3 codes and English names
- `xser.corpora.description`: a recipe's corpus.yaml as a checked `Corpus`, its keys in `xser.corpora.corpus_yaml`, the
  patterns of its file names in `xser.corpora.file_patterns`
- `xser.corpora.scanning`: a folder of recordings becomes rows, one per utterance, with what
  `xser.corpora.folders` (names of files) and `xser.corpora.label_tables` (labels in tables) read
- `xser.corpora.audio`, `xser.corpora.audio_preparation`: recordings become 16 kHz audio
- `xser.corpora.download_files`, `xser.corpora.fetching`, `xser.corpora.archives`, `xser.corpora.download`: what of a
  corpus everybody may fetch is fetched, checked and unpacked

The lowest wing: it imports nothing of the others and knows no corpus by name.
"""
