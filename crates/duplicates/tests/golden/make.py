"""Writes what datatrove finds: words, MinHash signatures and clusters, one JSON object a line.

    pip install datatrove==0.10.1 spacy
    python make.py > golden.jsonl
    python make.py FOLDER... > /tmp/full.jsonl

Without folders the documents are made here, and every one has its signatures. With folders they are the text files
that are found there, 2,250 at most, each a document of 3,000 characters at most; near copies of every third are
planted among them. The tests compare all of it:

    DATATROVE=/tmp/full.jsonl cargo test --release -p triaxis-duplicates golden
"""

import functools
import json
import random
import struct
import sys
import tempfile
from pathlib import Path

from datatrove.data import Document
from datatrove.pipeline.dedup.minhash import (
    MinhashConfig,
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupSignature,
)
from datatrove.utils.hashing import HashConfig
from datatrove.utils.text import simplify_text
from datatrove.utils.typeshelper import Languages
from datatrove.utils.word_tokenizers import load_word_tokenizer

HASHES = {"xxhash64": HashConfig(precision=64, hash_fc="xxhash"), "sha1": HashConfig(precision=64, hash_fc="sha1")}

SYLLABLES = "ba ce di fo gu la me ni po ru sa te vi zo ha ké ñu żą שלום мир 世界 qu".split()
MARKS = [".", ",", ";", "!", "?", " --", "\n\n", "...", " 3.14", " 1,000", " (so)", "’s", " can't", " cannot"]


def made(draw):
    """Documents of words that mean nothing, and some that are none or too few words."""
    vocabulary = ["".join(draw.choices(SYLLABLES[:17], k=draw.randint(1, 3))) for _ in range(400)] + SYLLABLES
    documents = ["", "Four words are short.", "Five words have one run."]
    for _ in range(24):
        words = draw.choices(vocabulary, k=draw.randint(20, 90))
        text = "".join(word + (draw.choice(MARKS) if draw.random() < 0.15 else "") + " " for word in words)
        documents.append(text.capitalize())
    return documents


def real(folders, draw):
    """The text files of some folders."""
    paths = sorted(path for folder in folders for path in Path(folder).rglob("*") if path.suffix in (".md", ".rs", ".rst", ".txt"))
    draw.shuffle(paths)
    documents = []
    for path in paths:
        try:
            text = path.read_text(encoding="utf-8")[:3000]
        except (OSError, UnicodeDecodeError):
            continue
        if len(text) > 200:
            documents.append(text)
        if len(documents) == 2250:
            break
    return documents


def with_copies(documents, draw, every):
    """The documents, and of some a near copy with up to a tenth of the words changed, in another order."""
    copies = []
    for text in documents[::every]:
        words = text.split(" ")
        share = draw.uniform(0, 0.1)
        copies.append(" ".join("other" if draw.random() < share else word for word in words))
    both = documents + copies
    draw.shuffle(both)
    return both


def clusters(documents, config):
    """The number of each document's cluster, by datatrove's own steps; none of a document without near copies."""
    with tempfile.TemporaryDirectory() as folder:
        signatures, pairs, found = (f"{folder}/{name}" for name in ("signatures", "pairs", "found"))
        data = [Document(text=text, id=str(number)) for number, text in enumerate(documents)]
        MinhashDedupSignature(signatures, config=config).run(data, 0, 1)
        for bucket in range(config.num_buckets):
            MinhashDedupBuckets(signatures, pairs, config=config).run(None, bucket, config.num_buckets)
        MinhashDedupCluster(pairs, found, config=config, save_cluster_id=True).run(None, 0, 1)
        path = Path(found) / "000000.clusters"
        records = struct.iter_unpack("<II", path.read_bytes()) if path.exists() else []
        return dict(records)


def main():
    draw = random.Random(16)
    folders = sys.argv[1:]
    # All steps share one splitter, which takes nearly all of the time.
    splitter = load_word_tokenizer(Languages.english)
    splitter.word_tokenize = functools.cache(splitter.word_tokenize)
    documents = with_copies(real(folders, draw), draw, 3) if folders else with_copies(made(draw), draw, 2)
    steps = {name: MinhashDedupSignature("/tmp", config=MinhashConfig(hash_config=hash)) for name, hash in HASHES.items()}
    found = clusters(documents, MinhashConfig())
    for number, text in enumerate(documents):
        words = steps["sha1"].word_tokenizer.word_tokenize(simplify_text(text))
        case = {"text": text, "words": words, "cluster": found.get(number)}
        for name, step in steps.items():
            shingles = step.get_shingles(text)
            bands = step.get_signature(shingles) if shingles.size else []
            case[name] = "".join(f"{value:016x}" for band in bands for value in band)
        print(json.dumps(case, ensure_ascii=True))


main()
