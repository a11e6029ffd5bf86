"""A proposal for the corpus.yaml of a folder of recordings that has none."""
