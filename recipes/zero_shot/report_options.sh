# shellcheck shell=bash
# Sourced by the scripts that write a page of docs/results. Takes --help, --work-dir and --output from the script's own
# options, leaves the others in $options, and defines `report NAME ...`, which writes the page from all that was run.
# --data-root must be given, so that no page on real speech is written from the made-up corpora; --dry-run writes none.
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
work_dir=$root/exp/$(basename -- "$0" .sh)
output=$root/docs/results
options=()
data_root=no
dry_run=no

while [ $# -gt 0 ]; do
    case $1 in
        -h | --help)
            sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
            exit
            ;;
        --work-dir=* | --output=*)
            set -- "${1%%=*}" "${1#*=}" "${@:2}"
            continue
            ;;
        --work-dir | --output)
            if [ $# -lt 2 ]; then
                printf '%s: %s needs a value; see --help\n' "$(basename -- "$0")" "$1" >&2
                exit 2
            fi
            if [ "$1" = --output ]; then output=$(realpath -m -- "$2"); else work_dir=$(realpath -m -- "$2"); fi
            shift
            ;;
        *)
            case $1 in
                --data-root | --data-root=*) data_root=yes ;;
                --dry-run) dry_run=yes ;;
            esac
            options+=("$1")
            ;;
    esac
    shift
done
if [ "$data_root" = no ]; then
    printf '%s: give --data-root, a folder that holds emodb, urdu, ravdess and turevdb\n' "$(basename -- "$0")" >&2
    exit 2
fi

report() {
    local name=$1
    shift
    if [ "$dry_run" = yes ]; then return; fi
    # shellcheck source=tools/environment.sh
    source "$root/tools/environment.sh"
    cd -- "$root" || exit # so that the page quotes short paths
    "$python" -m xser report "$(realpath -m --relative-to=. -- "$work_dir/runs")" \
        --output "$(realpath --relative-to=. -m -- "$output")" --name "$name" "$@"
}
