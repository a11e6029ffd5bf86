"""What can be believed: every figure, table and picture, made from prediction files and ``run.json`` alone.

`figures` computes:

- `predictions`: the file that evaluation writes, a row an utterance, and the run it came from
- `pooled`: the runs of one system put together over seeds and folds, checked to be comparable
- `metrics`, `scores`: UAR, macro-F1, recalls, confusions; one table of them
- `intervals`, `differences`, `significance`: bootstrap over utterances and over speakers, paired differences, p-values
- `sections`, `task_figures`, `published`: tasks sorted into tables, their figures, and the published ones beside them
- `embeddings`, `projection`: what is kept for pictures, and how it is laid out without the target

`pages` writes, as documents (`xser.core.document`):

- `system_table`: one row per task, system and evaluated part
- `overview`: systems over all targets; `settings`: hyperparameters over all tasks
- `task_tables`, `task_frames`: a row a task, beside published figures; the same in long form for CSV
- `page`, `page.html`: the same with confusion matrices and pictures of embeddings, in one HTML file
- `report`: all files of a report

Nothing here needs torch or sees a weight. No system and no corpus is named: what their runs tell decides.
"""
