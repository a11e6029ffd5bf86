#!/usr/bin/env bash
# Every figure of docs/results/method_choices.md: which of the method's open choices matter, on source languages alone.
# One command that may be stopped and started again:
#
#     bash recipes/zero_shot/method_choices.sh --data-root DIR [--model-root DIR] [--work-dir DIR] [--output DIR] [...]
#
# --data-root holds emodb, urdu, ravdess and turevdb, --model-root perhaps whisper_tiny_en; other options are those of a
# grid (run.sh --grid held_out --help). Two languages are the sources and a third plays the unseen one, in all twelve
# ways; a choice for results on a language is made by the three of them in which it takes no part.
set -euo pipefail

budget=(--steps 150 --crop_seconds 1.0 --precision bf16) # a minute or two of one core
settings=(
    "--system baseline2"
    "--system proposed"
    "--system no_supcon"
    "--system no_adversary"
    "--system proposed --crop_seconds 2.0 --like_durations false"
    "--system proposed --mask_speaker_loss false"
    "--system proposed --layer mix"
    "--system proposed --temperature 0.2"
)
here=$(dirname -- "$(readlink -f -- "$0")")
# shellcheck source=recipes/zero_shot/report_options.sh
source "$here/report_options.sh"

for setting in "${settings[@]}"; do
    read -ra words <<<"$setting"
    bash "$here/run.sh" --grid held_out --encoder whisper_tiny_en --finetune peft --scheme "$here/four_real_speech.yaml" \
        "${budget[@]}" --work-dir "$work_dir" "${options[@]}" "${words[@]}"
done
report method_choices --settings proposed --title "The method's open choices, on held-out source languages" --note "Written \
by \`bash recipes/zero_shot/method_choices.sh\`: two of German, English, Turkish and Urdu are the sources, a third is held \
out, the fourth takes no part. One seed; the budget of a training was \`${budget[*]}\`."
