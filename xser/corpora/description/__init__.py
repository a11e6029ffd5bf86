"""What a corpus.yaml says: patterns, label tables, emotions and schemes, languages, class counts."""
