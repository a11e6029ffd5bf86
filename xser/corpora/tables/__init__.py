"""A corpus without a recipe: a table of recordings, an audformat database, or a folder of Hugging Face's datasets.

Each form is read into a `xser.corpora.tables.native.Native` (text by the names of its columns), which
`xser.corpora.tables.listed` understands: usual names of columns, usual words for emotions, and what a YAML file beside
it says.
"""
