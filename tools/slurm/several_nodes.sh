#!/usr/bin/env bash
# One experiment on several nodes of a SLURM cluster. From the checkout, on a file system that every node sees:
#
#     sbatch --nodes 2 --gpus-per-node 4 tools/slurm/several_nodes.sh --task en-de --system proposed --data-root DIR
#     sbatch --nodes 2 --gpus-per-node 4 tools/slurm/several_nodes.sh esd --seeds 0-4 --data-root DIR
#
# The first word may name a recipe (zero_shot by default); all others are options of its run.sh. sbatch's own options
# come before the script and win over the lines below. Audio and manifests are made on one node; then every node trains
# and evaluates. A job that runs out of time, or loses a node, goes on from its last checkpoint when it is submitted
# again.
#SBATCH --job-name=xser
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=1
#SBATCH --cpus-per-task=8
#SBATCH --time=24:00:00
#SBATCH --output=xser-%j.log
set -euo pipefail

case ${1:-} in
    -h | --help)
        sed -n '2,/^#SBATCH/s/^# \{0,1\}//p' "$0"
        exit
        ;;
esac

fail() {
    printf 'several_nodes.sh: %s\n' "$*" >&2
    exit 2
}

[ -n "${SLURM_JOB_ID:-}" ] || fail "SLURM runs this: sbatch tools/slurm/several_nodes.sh <options of run.sh>; see --help"
# SLURM runs a copy of this file, from elsewhere.
checkout=${SLURM_SUBMIT_DIR:-.}
recipe=zero_shot
if [ $# -gt 0 ] && [[ $1 != -* ]]; then
    recipe=$1
    shift
fi
run=$checkout/recipes/$recipe/run.sh
[ -f "$run" ] || fail "$run is missing: call sbatch in the checkout, and name a recipe that is there"

first=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | sed -n 1p)
port=$((20000 + 2 * (SLURM_JOB_ID % 10000))) # training meets here, evaluation one further
gpus=${SLURM_GPUS_ON_NODE:-1}
export SRUN_CPUS_PER_TASK="${SLURM_CPUS_PER_TASK:-1}" # newer versions of srun do not take it from the job

srun --nodes=1 --ntasks=1 bash "$run" "$@" --stage prepare --stop-stage manifests
# shellcheck disable=SC2016 # the node's own number, on that node
srun --ntasks-per-node=1 --kill-on-bad-exit=1 bash -c 'exec bash "$@" --node-rank "$SLURM_NODEID"' node "$run" "$@" \
    --stage train --stop-stage evaluate --gpus "$gpus" --nnodes "$SLURM_JOB_NUM_NODES" --rdzv "$first:$port"
