"""What was recorded: descriptions of corpora, scanning a folder, audio, emotions and schemes.

- `xser.corpora.description.emotions`: the canonical emotions and the schemes that choose among them
- `xser.corpora.description.languages`: ISO 639-3 codes and English names
- `xser.corpora.description.corpus`: a recipe's corpus.yaml as a checked `Corpus`, its keys in
`xser.corpora.description.corpus_yaml`, the
  patterns of its file names in `xser.corpora.description.file_patterns`
- `xser.corpora.scanning`: a folder of recordings becomes rows, one per utterance, with what
  `xser.corpora.folders` (names of files) and `xser.corpora.description.label_tables` (labels in tables) read
- `xser.corpora.audio.decoding`, `xser.corpora.audio.preparation`: recordings become 16 kHz audio
- `xser.corpora.description.download_files`, `xser.corpora.download.fetching`, `xser.corpora.download.archives`,
`xser.corpora.download.download`: what of a
  corpus everybody may fetch is fetched, checked and unpacked

The lowest wing: it imports nothing of the others and knows no corpus by name.
"""
