#!/usr/bin/env bash
# Every figure of docs/results/method_choices.md: which of the method's open choices matter, on source languages alone.
# One command that may be stopped and started again:
#
#     bash recipes/zero_shot/method_choices.sh --data-root DIR [--model-root DIR] [--work-dir DIR] [--output DIR] [...]
#
# --data-root holds emodb, urdu, ravdess and turevdb, --model-root perhaps whisper_tiny_en; other options are those of a
# grid (run.sh --grid held_out --help). Two languages are the sources and a third plays the unseen one, in all twelve
# ways; a choice for results on a language is made by the three of them in which it takes no part. Everything is tried on
# embeddings of the frozen encoder with three seeds, where a training takes seconds, and what matters most again with a
# fine-tuned one and one seed, where it takes two minutes of a core: some ten hours of one core altogether.
set -euo pipefail

frozen=(
    "--system baseline2,proposed,no_supcon,no_adversary"
    "--system proposed --temperature 0.2"
    "--system proposed --temperature 0.5"
    "--system proposed --supcon_weight 0.1"
    "--system proposed --supcon_weight 0.3"
    "--system proposed --cross_language_weight 1.0"
    "--system proposed --speaker_weight 0.1"
    "--system proposed,no_supcon --speaker_weight 1.0"
    "--system proposed --speaker_weight 3.0"
    "--system proposed --speaker_weight 10.0"
    "--system proposed --reversal_gamma 3"
    "--system proposed --reversal_gamma 10000" # the full reversal from the start
    "--system proposed --mask_speaker_loss false"
    "--system proposed --batches shuffled"
    "--system baseline2 --batches hierarchical"
    "--system proposed --utterances_per_cell 6"
    "--system proposed --layer last"
    "--system baseline2,proposed --target-statistics corpus"
    "--system baseline2,proposed --target-statistics speaker"
)
budget=(--crop_seconds 1.0 --precision bf16) # of the fine-tuned encoder
peft=(
    "--system baseline2,proposed,no_supcon,no_adversary --trained_layers 2 --steps 300"
    "--system proposed --trained_layers 2 --steps 300 --temperature 0.2"
    "--system proposed --trained_layers 2 --steps 300 --supcon_weight 0.1"
    "--system proposed --trained_layers 2 --steps 300 --speaker_weight 1.0"
    "--system proposed --trained_layers 2 --steps 300 --layer mix"
    "--system proposed --trained_layers 2 --steps 300 --batches shuffled"
    "--system baseline2,proposed --steps 150" # all four layers, for as long
    "--system proposed --steps 150 --crop_seconds 2.0 --like_durations false"
)
here=$(dirname -- "$(readlink -f -- "$0")")
# shellcheck source=recipes/zero_shot/report_options.sh
source "$here/report_options.sh"

grid=(bash "$here/run.sh" --grid held_out --encoder whisper_tiny_en --scheme "$here/four_real_speech.yaml"
    --work-dir "$work_dir" --as-recorded "${options[@]}") # as recorded: before stage 0 repaired TurEV-DB by default
for setting in "${frozen[@]}"; do
    read -ra words <<<"$setting"
    "${grid[@]}" --finetune frozen --seeds 0-2 "${words[@]}"
done
for setting in "${peft[@]}"; do
    read -ra words <<<"$setting"
    "${grid[@]}" --finetune peft --seed 0 "${budget[@]}" "${words[@]}"
done
report method_choices --settings proposed --title "The method's open choices, on held-out source languages" --note "Written \
by \`bash recipes/zero_shot/method_choices.sh\`: two of German, English, Turkish and Urdu are the sources, a third is held \
out, the fourth takes no part."
