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

frozen=(                                    # on embeddings of the frozen encoder: seconds a training
    "--system baseline2,proposed,no_supcon,no_adversary"
    "--system proposed --temperature 0.2"
    "--system proposed --temperature 0.5"
    "--system proposed --supcon_weight 0.3"
    "--system proposed --cross_language_weight 1.0"
    "--system proposed --speaker_weight 0.1"
    "--system proposed --speaker_weight 1.0"
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
