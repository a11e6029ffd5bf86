"""What can be believed: every figure, table and picture, made from prediction files; and the audit of recordings.

- `predictions`: the file that evaluation writes, a row an utterance, and the run it came from
- `metrics`: UAR, macro-F1, recalls, confusions
- `intervals`: bootstrap over utterances and over speakers
- `pooled`: the runs of one system put together over seeds and folds, checked to be comparable
- `tables`: one row per task, system and evaluated part; terminal, Markdown, CSV, JSON
- `overview`: a page that compares systems over all targets
- `differences`, `significance`: paired differences between systems, their p-values and Holm's correction
- `sections`, `task_figures`, `task_tables`, `task_frames`, `forms`: tables with a row a task beside `published`
  figures; as Markdown, LaTeX, CSV
- `page`, `page.html`: the same with confusion matrices and pictures of embeddings, in one HTML file
- `embeddings`, `projection`: what is kept for these pictures, and how it is laid out without the target
- `pictures`: confusion matrices
- `audit`: what in corpora and splits would fool a model: `checks` by name, `confounds`, `small_groups`, `recordings`,
  `shared_stretches`, `splits`, and its own `page` and `pictures`

This wing needs no torch and never sees a weight; waveforms are for the audit alone.
"""
