#!/usr/bin/env bash
# Approach 3 by this crate on all cores and by SciPy in one process, as the published notebook does it, in
# one run; the ratio comes last. SciPy takes minutes, so a tenth of its work is timed and multiplied.
# Run: benches/approach3.sh [PYTHON [STARTS SAMPLES]]; 4500 4000 times all of it. Python needs numpy and scipy.
set -euo pipefail
cd "$(dirname "$0")/.."
ours=$(cargo bench --quiet --bench approach3 | tee /dev/stderr | awk '$1 == "total" { print $2 }')
file=../../../shared/published-runs/chinchilla-epoch/svg_extracted_data.csv
theirs=$("${1:-python3}" benches/approach3.py "$file" "${@:2}" | tee /dev/stderr | awk '$1 == "total" { print $2 }')
awk -v ours="$ours" -v theirs="$theirs" 'BEGIN { printf "SciPy takes %.0f times as long\n", theirs / ours }'
