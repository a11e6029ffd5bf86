#!/usr/bin/env bash
# Train on the speech of some languages, recognise emotion in one that training never meets; --help lists the stages and
# options. Without --grid, --task or --sources and --target:
task=(--sources "cafe,esd:cmn,urdu,turevdb,cremad" --target emodb --scheme four_calm)

for word in "$@"; do
    case $word in --grid | --grid=* | --task | --task=* | --sources | --sources=* | --target | --target=*) task=() ;; esac
done
exec bash "$(dirname -- "$(readlink -f -- "$0")")/../run_stages.sh" "${task[@]}" "$@"
