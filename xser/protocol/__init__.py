"""Who may see what: tasks, splits and the isolation rule.

Read `xser.protocol.isolation` first: it alone decides which utterances a training may learn from and which an
evaluation reports on. `tasks` holds which corpora are sources and which is the target, and what a system is trained on;
`splits` gives every utterance a part.
"""
