#!/usr/bin/env bash
# The stages that every recipe shares; a recipe's run.sh calls this with its own settings first and the user's options
# after them. `--help` lists every option. A corpus without a recipe is run from here (docs/tables.md):
#
#     bash recipes/run_stages.sh --corpus /data/mine.csv
#
# Stages: 0 prepare, 1 manifests, 2 train, 3 evaluate. Each is one `python -m xser.<stage>`, reads files and writes
# files, and may be run again at no harm. What is not stripped here (--stage, --stop-stage, --help; --download and
# --accept-licence, which go to stage 0 alone; and --gpus, --nnodes, --node-rank, --rdzv, which start stages 2 and 3 in
# several processes) goes to every stage unchanged. With --grid, all options go to `python -m xser.grid.grid`, which runs the
# stages of many experiments.
set -euo pipefail

stages=(prepare manifests train evaluate)
first=0
last=3
gpus=1
nnodes=1
node_rank=0
rdzv=""
help=no
options=()
download=() # options of stage 0 alone

usage_error() {
    printf 'run.sh: %s; see --help\n' "$*" >&2
    exit 2
}

# Print the number of the stage that the value $2 of option $1 names.
stage_number() {
    local number
    for number in "${!stages[@]}"; do
        if [ "$2" = "$number" ] || [ "$2" = "${stages[number]}" ]; then
            printf '%s\n' "$number"
            return
        fi
    done
    usage_error "$1 takes a stage, 0 to 3 or one of ${stages[*]}, not '$2'"
}

read_options() {
    local option value corpus=""
    while [ $# -gt 0 ]; do
        option=${1%%=*}
        case $option in
            --corpus | --stage | --stop-stage | --gpus | --nnodes | --node-rank | --rdzv)
                if [ "$option" != "$1" ]; then
                    value=${1#*=}
                elif [ $# -ge 2 ] && [[ $2 != --* ]]; then
                    value=$2
                    shift
                else
                    usage_error "$option needs a value"
                fi
                ;;&
            --stage) first=$(stage_number "$option" "$value") ;;
            --stop-stage) last=$(stage_number "$option" "$value") ;;
            --gpus)
                [[ $value =~ ^[1-9][0-9]?$ ]] || usage_error "--gpus takes a number of GPUs from 1 on, not '$value'"
                gpus=$value
                ;;
            --nnodes)
                [[ $value =~ ^[1-9][0-9]{0,3}$ ]] || usage_error "--nnodes takes a number of nodes from 1 on, not '$value'"
                nnodes=$value
                ;;
            --node-rank)
                [[ $value =~ ^(0|[1-9][0-9]{0,3})$ ]] || usage_error "--node-rank takes a number from 0 on, not '$value'"
                node_rank=$value
                ;;
            --rdzv)
                [[ $value =~ ^.+:[1-9][0-9]{0,4}$ ]] || usage_error "--rdzv takes HOST:PORT, not '$value'"
                rdzv=$value
                ;;
            --corpus) # the recipe's own comes first; a second one would quietly make it another recipe
                [ -z "$corpus" ] ||
                    usage_error "--corpus is $corpus already: run recipes/<corpus>/run.sh of another corpus"
                corpus=$value
                options+=(--corpus "$corpus")
                ;;
            --download | --accept-licence)
                [ "$option" = "$1" ] || usage_error "$option takes no value"
                download+=("$1")
                ;;
            -h | --help) help=yes ;;
            *) options+=("$1") ;;
        esac
        shift
    done
    ((first <= last)) || usage_error "--stop-stage ${stages[last]} comes before --stage ${stages[first]}"
    if ((${#download[@]} > 0 && first > 0)); then
        usage_error "${download[0]} belongs to stage 0, which --stage ${stages[first]} leaves out"
    fi
    ((node_rank < nnodes)) || usage_error "--node-rank is below --nnodes, and $node_rank is not below $nnodes"
    ((nnodes == 1)) || [ -n "$rdzv" ] || usage_error "with --nnodes give --rdzv HOST:PORT, the same on every node"
}

run_stage() {
    local number=$1 name=${stages[$1]}
    local command=("$python" -m "xser.experiments.$name" "${options[@]}")
    if ((number == 0 && ${#download[@]} > 0)); then command+=("${download[@]}"); fi
    if ((number < 2 && node_rank > 0)); then
        printf 'stage %d %s: left to the first node\n' "$number" "$name" >&2
        return
    fi
    if ((number >= 2 && gpus * nnodes > 1)); then
        command=("$python" -m xser.grid.ranks --gpus "$gpus")
        if ((nnodes > 1)); then command+=(--nnodes "$nnodes" --node-rank "$node_rank" --rdzv "$rdzv"); fi
        command+=("$name" "${options[@]}")
    fi
    printf 'stage %d %s: python %s\n' "$number" "$name" "$(quoted "${command[@]:1}")" >&2
    "${command[@]}"
}

# Print words as a person would type them.
quoted() {
    local word words=()
    for word in "$@"; do
        [[ $word =~ ^[A-Za-z0-9_,.:/=+-]+$ ]] || word="'${word//\'/\'\\\'\'}'"
        words+=("$word")
    done
    printf '%s' "${words[*]}"
}

main() {
    local number word grid=no
    for word in "$@"; do
        case $word in --grid | --grid=*) grid=yes ;; esac
    done
    if [ "$grid" = no ]; then read_options "$@"; fi
    # shellcheck source=tools/environment.sh
    source "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/../tools/environment.sh"
    if [ "$grid" = yes ]; then exec "$python" -m xser.grid.grid "$@"; fi
    if [ "$help" = yes ]; then
        "$python" -m xser.experiments.experiment help "${options[@]}"
        exit
    fi
    "$python" -m xser.experiments.experiment check "${options[@]}"
    for ((number = first; number <= last; number++)); do
        run_stage "$number"
    done
}

main "$@"
