#!/usr/bin/env bash
# Every figure of docs/results/real_speech.md, in one command that may be stopped and started again (frozen and new
# encoders; fine-tuned ones: real_speech_peft.sh):
#
#     bash recipes/zero_shot/real_speech.sh --data-root DIR [--encoder_source FOLDER] [--seeds 0-2] [--at-once 2] \
#         [--work-dir DIR] [--output DIR] [--note TEXT]
#
# DIR holds emodb, urdu, ravdess and turevdb; FOLDER the encoder of whisper_tiny_en when the hub is out of reach. Each
# language in turn is the unseen target and the other three are the sources; then each corpus by itself with five
# speaker-disjoint folds. TurEV-DB has no neutral: there calm counts as neutral
# (four_real_speech.yaml).
set -euo pipefail

recipes=$(cd -- "$(dirname -- "$(readlink -f -- "$0")")/.." && pwd)
corpora=(emodb urdu ravdess turevdb)
systems=baseline1,baseline2,proposed,no_supcon,no_adversary,upper_bound
data_root=""
pretrained=()
seeds=0-2
at_once=2
output=""
work_dir=()
notes=()

while [ $# -gt 0 ]; do
    if [ "$1" = --help ] || [ "$1" = -h ]; then
        sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
        exit 0
    elif [ $# -lt 2 ]; then
        printf 'real_speech.sh: %s needs a value, or is no option; see --help\n' "$1" >&2
        exit 2
    fi
    case $1 in
        --data-root) data_root=$2 ;;
        --encoder_source) pretrained=(--encoder_source "$2") ;;
        --seeds) seeds=$2 ;;
        --at-once) at_once=$2 ;;
        --work-dir) work_dir=(--work-dir "$2") ;;
        --output) output=$2 ;;
        --note) notes+=(--note "$2") ;;
        *)
            printf 'real_speech.sh: unknown option %s; see --help\n' "$1" >&2
            exit 2
            ;;
    esac
    shift 2
done
if [ -z "$data_root" ]; then
    printf 'real_speech.sh: give --data-root, a folder that holds %s\n' "${corpora[*]}" >&2
    exit 2
fi

# shellcheck source=tools/environment.sh
source "$recipes/../tools/environment.sh"
# Paths stay as they were typed: the results quote the commands.
scheme=$(dirname -- "$0")/four_real_speech.yaml
shared=(--data-root "$data_root" "${work_dir[@]}" --scheme "$scheme" --seeds "$seeds")
shared+=(--as-recorded) # stage 0 repairs TurEV-DB's recordings by default; the page is older
shared+=(--allow split-stretches) # URDU's recordings overlap across its speakers (docs/audit.md): the page says so

others() {
    local corpus list=()
    for corpus in "${corpora[@]}"; do
        if [ "$corpus" != "$1" ]; then list+=("$corpus"); fi
    done
    (IFS=, && printf '%s' "${list[*]}")
}

# Print every experiment, a command a line.
list_experiments() {
    local corpus encoder
    for encoder in whisper_tiny_en compact; do
        for corpus in "${corpora[@]}"; do
            experiment zero_shot "$encoder" --sources "$(others "$corpus")" --target "$corpus" --system "$systems"
            experiment "$corpus" "$encoder" --split folds:5
        done
    done
}

experiment() {
    local recipe=$1 encoder=$2 own=(--finetune frozen "${pretrained[@]}")
    shift 2
    if [ "$encoder" = compact ]; then own=(--steps 300); fi # 156 trainings from scratch: half a minute each
    printf '%q ' bash "$(dirname -- "$0")/../$recipe/run.sh" "${shared[@]}" --encoder "$encoder" "${own[@]}" "$@"
    printf '\n'
}

# Audio and manifests are shared between experiments: make them one after the other; then train several at once, each on
# a core of its own.
bash -e <(list_experiments | sed 's/$/--stage prepare --stop-stage manifests/') # ends with the first that fails
export OMP_NUM_THREADS=1
list_experiments | sed 's/$/--stage train/' | xargs -d '\n' -P "$at_once" -I{} bash -c {}

notes=(--note "Written by \`bash recipes/zero_shot/real_speech.sh\`: each language in turn is the target that training \
never sees, the other three are the sources; then each corpus by itself with five speaker-disjoint folds. TurEV-DB has \
no neutral: there calm counts as neutral (\`recipes/zero_shot/four_real_speech.yaml\`). Nothing was tuned on a target." \
    "${notes[@]}")
runs=$(realpath -- "${work_dir[1]:-$root/exp}/runs")
output=$(realpath -m -- "${output:-$root/docs/results}")
cd -- "$root" # so that the page quotes short paths
"$python" -m xser report "$(realpath --relative-to=. -- "$runs")" --output "$(realpath -m --relative-to=. -- "$output")" \
    --name real_speech --overview --title "Real speech" "${notes[@]}"
