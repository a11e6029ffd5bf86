"""What was recorded: descriptions of corpora, scanning a folder, audio, emotions and schemes.

- `xser.corpora.emotions`: the canonical emotions and the schemes that choose among them
- `xser.corpora.languages`: ISO 639-3 codes and English names
- `xser.corpora.description`: a recipe's corpus.yaml as a checked `Corpus`
- `xser.corpora.file_patterns`: how corpus.yaml names the parts of a file name
- `xser.corpora.label_tables`: labels that stand in a table beside the recordings
- `xser.corpora.scanning`: a folder of recordings becomes rows, one per utterance
- `xser.corpora.audio`: recordings become 16 kHz audio

The lowest wing: it imports nothing of the others and knows no corpus by name.
"""
