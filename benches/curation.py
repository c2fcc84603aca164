#!/usr/bin/env python3
"""Curation beside datatrove, in turn on the same documents: megabytes of text a second of one core.

    python3 benches/curation.py [--triaxis target/release/triaxis] [--size 8] [--peer 0.3] [--rounds 2]

Needs datatrove with its extras for processing (0.10 was used), and the packages that Cargo has unpacked, of which the
Markdown is read. triaxis is charged all that its process computes, JSON in and compressed JSON out; datatrove the calls of
its filters and signatures alone, on a sample of the documents, after a first call that loads what it needs. Both are
charged seconds of computing, not of waiting. For filters it is told how many of the sample both judge alike.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import tempfile
import time
from pathlib import Path

GOPHER = "filter = 'gopher-repetition'"
FINEWEB = [GOPHER, "filter = 'gopher-quality'", "filter = 'c4-quality'\nterminal_punctuation = false",
           "filter = 'fineweb-quality'"]
STEPS = {
    "Gopher repetition": [f"kind = 'filter'\n{GOPHER}"],
    "FineWeb's four filters": [f"kind = 'filter'\n{filter}" for filter in FINEWEB],
    "exact copies": ["kind = 'exact'"],
    "near copies": ["kind = 'near'"],
}


def markdown(size):
    """Texts of files, in the order of their paths, of so many bytes together."""
    home = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
    texts, held = [], 0
    for path in sorted((home / "registry/src").rglob("*.md")):
        try:
            text = path.read_text()
        except (OSError, UnicodeDecodeError):
            continue
        if 500 <= len(text.encode()) < 200_000 and held < size:
            held += len(text.encode())
            texts.append(text)
    if held < size:
        print(f"only {held / 1e6:.1f} MB of Markdown are unpacked: `cargo fetch --locked` unpacks more")
    return texts


def ours(triaxis, texts, steps, folder):
    """Seconds of computing, and the documents that are kept."""
    lines = folder / "texts.jsonl"
    if not lines.exists():
        lines.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    recipe, out = folder / "recipe.toml", Path(tempfile.mkdtemp(dir=folder)) / "out"
    steps = "".join(f"[[steps]]\n{step}\n" for step in steps)
    recipe.write_text(f"[[sources]]\nkind = 'jsonl'\nname = 's'\ninclude = ['{lines}']\n{steps}")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [triaxis, "corpus", "curate", recipe, "--out", out, "--threads", "1"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    kept = set()
    for shard in sorted((out / "kept").iterdir()):
        unpacked = subprocess.run(["zstd", "-dc", shard], check=True, stdout=subprocess.PIPE).stdout
        kept.update(int(json.loads(line)["id"].rsplit("#", 1)[1]) for line in unpacked.splitlines())
    return seconds, kept


def peers():
    """What datatrove does of each row, as a function that says whether a document is kept."""
    from datatrove.data import Document
    from datatrove.pipeline.dedup.exact_dedup import ExactDedupConfig, ExactDedupSignature
    from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupSignature
    from datatrove.pipeline.filters import (C4QualityFilter, FineWebQualityFilter, GopherQualityFilter,
                                            GopherRepetitionFilter)

    chain = [GopherRepetitionFilter(), GopherQualityFilter(), C4QualityFilter(filter_no_terminal_punct=False),
             FineWebQualityFilter()]

    def judged(filters):
        def judge(text):
            document = Document(text=text, id="0")
            results = (filter.filter(document) for filter in filters)
            return all(result if isinstance(result, bool) else result[0] for result in results)

        return judge

    with tempfile.TemporaryDirectory() as folder:
        exact = ExactDedupSignature(folder, ExactDedupConfig(content_getter=lambda document: document.text))
        near = MinhashDedupSignature(folder, config=MinhashConfig())

    def sign(text):
        shingles = near.get_shingles(text)
        return shingles.size == 0 or bool(near.get_signature(shingles))

    return {
        "Gopher repetition": judged(chain[:1]),
        "FineWeb's four filters": judged(chain),
        "exact copies": lambda text: bool(exact.get_hashes(Document(text=text, id="0"), 0)),
        "near copies": sign,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--triaxis", type=Path, default=Path("target/release/triaxis"))
    parser.add_argument("--size", type=float, default=8, help="MB of text")
    parser.add_argument("--peer", type=float, default=0.3, help="MB of it that datatrove reads")
    parser.add_argument("--rounds", type=int, default=2)
    asked = parser.parse_args()
    texts = markdown(asked.size * 1e6)
    sizes = [len(text.encode()) for text in texts]
    order = list(range(len(texts)))
    random.Random(0).shuffle(order)
    sample, held = [], 0
    for number in order:
        if held < asked.peer * 1e6:
            sample.append(number)
            held += sizes[number]
    loaded = peers()
    for judge in loaded.values():
        judge("The first call loads what it needs of languages. It counts for nothing.")
    print(f"{len(texts)} documents, {sum(sizes) / 1e6:.1f} MB; datatrove: {len(sample)}, {held / 1e6:.2f} MB")
    print("| | triaxis, MB/s | datatrove, MB/s | ratio | judged alike |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name, steps in STEPS.items():
            own, theirs = [], []
            for _ in range(asked.rounds):
                seconds, kept = ours(asked.triaxis.resolve(), texts, steps, Path(folder))
                own.append(sum(sizes) / 1e6 / seconds)
                start = time.process_time()
                verdicts = {number: loaded[name](texts[number]) for number in sample}
                theirs.append(held / 1e6 / (time.process_time() - start))
            alike = sum(verdict == (number in kept) for number, verdict in verdicts.items())
            alike = f"{alike} of {len(sample)}" if "copies" not in name else "–"
            best = (max(own), max(theirs))
            print(f"| {name} | {best[0]:.1f} | {best[1]:.2f} | {best[0] / best[1]:.0f} | {alike} |", flush=True)


if __name__ == "__main__":
    main()
