"""Who may see what: rows and their file, fingerprints, splits, tasks, systems, and the isolation rule.

Read `xser.protocol.isolation` first: it alone decides which utterances a training may learn from and which an
evaluation reports on. The other files prepare for it: `tasks` says which corpora are sources and which is the target,
`systems` what a system is trained on, `splits` and `speaker_splits` give every utterance a part, `rows` is the table
on disk, `fingerprints` and `workspace` say where the outputs of each stage lie, so that a changed option never meets
an old file.
"""
