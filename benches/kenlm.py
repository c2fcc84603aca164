#!/usr/bin/env python3
"""One text as lmplz, KenLM and triaxis see it: the model, its scores, and how fast.

    python3 benches/kenlm.py TEXT.txt [--triaxis target/release/triaxis] [--lmplz PATH]

TEXT has a sentence a line. Needs the package `kenlm` (0.3.0); where `--lmplz` is given, the program of that name makes a
model of the same text, too. Ends with 1 where a line's score by KenLM and by triaxis of the same file differ by more than
1e-4 of a logarithm, or an n-gram of the models by more than 1e-4.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import kenlm


def timed(work):
    begin = time.perf_counter()
    result = work()
    return result, time.perf_counter() - begin


def grams(path):
    """N-grams with their logarithms."""
    found = {}
    for line in path.read_text().splitlines():
        fields = line.split("\t")
        if len(fields) > 1:
            found[fields[1]] = [float(fields[0]), float(fields[2]) if len(fields) > 2 else 0.0]
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("text", type=Path)
    parser.add_argument("--triaxis", type=Path, default=Path("target/release/triaxis"))
    parser.add_argument("--lmplz", type=Path)
    parser.add_argument("--order", default="5")
    asked = parser.parse_args()
    lines = asked.text.read_text().splitlines()
    words = sum(len(line.split()) + 1 for line in lines)
    differ = False
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        sources = folder / "sources.toml"
        include = json.dumps([str(asked.text.resolve())])
        sources.write_text(
            f'maximum_document = "1TB"\n[[sources]]\nkind = "files"\nname = "text"\ninclude = {include}\n'
        )

        def triaxis(*arguments):
            command = [str(part) for part in [asked.triaxis, "corpus", "perplexity", *arguments, "--format", "json"]]
            return json.loads(subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout)

        ours = folder / "ours.arpa"
        _, seconds = timed(lambda: triaxis("train", sources, "--order", asked.order, "--out", ours))
        print(f"trained by triaxis: {words / seconds:12,.0f} words/s")
        if asked.lmplz:
            theirs = folder / "theirs.arpa"
            with asked.text.open() as text, theirs.open("w") as out:
                command = [asked.lmplz, "-o", asked.order, "-S", "1G"]
                _, seconds = timed(lambda: subprocess.run(command, check=True, stdin=text, stdout=out, stderr=subprocess.DEVNULL))
            print(f"trained by lmplz:   {words / seconds:12,.0f} words/s")
            ours_grams, theirs_grams = grams(ours), grams(theirs)
            differ |= ours_grams.keys() != theirs_grams.keys()
            pairs = ((ours_grams[gram], both) for gram, both in theirs_grams.items() if gram in ours_grams)
            far = max(abs(one - other) for pair in pairs for one, other in zip(*pair))
            differ |= far >= 1e-4
            print(f"{len(theirs_grams)} n-grams, furthest apart: {far:.2e}")
        _, loading = timed(lambda: triaxis("query", ours, "/dev/null"))
        scored, seconds = timed(lambda: triaxis("query", ours, asked.text, "--lines"))
        print(f"asked by triaxis:   {words / (seconds - loading):12,.0f} words/s, {loading:.2f} s to load")
        model, loading = timed(lambda: kenlm.Model(str(ours)))
        scores, seconds = timed(lambda: [model.score(line) for line in lines])
        print(f"asked by KenLM:     {words / seconds:12,.0f} words/s, {loading:.2f} s to load")
        far = max(abs(one["log10"] - other) for one, other in zip(scored, scores))
        differ |= far >= 1e-4 or len(scored) != len(scores)
        print(f"{len(lines)} lines, scores furthest apart: {far:.2e}")
    sys.exit(differ)


main()
