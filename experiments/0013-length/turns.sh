#!/usr/bin/env bash
# Training steps of the families at M's size and a context of 1,024, in turn: turns.sh TRIAXIS TURNS THREADS [STEPS]
set -euo pipefail
triaxis=$1 turns=$2 threads=$3 steps=${4:-5}
step() {
    local name=$1; shift
    "$triaxis" bench train --size M --set context=1024 --batch 2 --threads "$threads" --steps "$steps" --format json "$@" |
        python3 -c '
import json, sys
found = json.load(sys.stdin)
print(sys.argv[1], found["parameters"], round(1e3 * found["step"]), round(1e3 * found["fastest_step"]), sep="\t")' "$name"
}
printf 'family\tparameters\tmedian ms\tfastest ms\n'
for _ in $(seq "$turns"); do
    step transformer --arch decoder
    step mamba2 --arch stack --set pattern=m --set layers=11
    step gated-deltanet --arch stack --set pattern=d
done
