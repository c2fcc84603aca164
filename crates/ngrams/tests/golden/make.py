"""Makes the golden files: text, models of it by lmplz, and what KenLM says of sentences by them.

    python3 make.py LMPLZ

LMPLZ is the program of that name, built from the sources in the package `kenlm` 0.3.0 (PyPI), which is needed, too.
"""

import gzip
import json
import random
import subprocess
import sys
from pathlib import Path

import kenlm

HERE = Path(__file__).parent
ORDERS = {"trigrams": ["-o", "3"], "pruned": ["-o", "5", "--prune", "0", "0", "1"]}


def words():
    """Words of a few syllables, the first ones the most common."""
    signs = "ba de ki lo mu na pé ri so tü ve wa".split()
    draw = random.Random(1)
    return ["".join(draw.choice(signs) for _ in range(draw.randint(1, 3))) for _ in range(600)]


def sentences(count, seed):
    """Sentences in which the next word is likely to be near the one before."""
    known = words()
    draw = random.Random(seed)
    for _ in range(count):
        place, line = 0, []
        for _ in range(draw.randint(0, 9)):
            step = int(draw.paretovariate(0.6))
            place = (3 * place + step if draw.random() < 0.7 else step) % len(known)
            line.append(known[place])
        yield " ".join(line)


def normalized(line):
    """cc_net's `normalize`, from its definition."""
    import re
    import unicodedata

    line = line.strip().lower()
    line = "".join(sign for sign in unicodedata.normalize("NFD", line) if unicodedata.category(sign) != "Mn")
    line = re.sub(r"\d", "0", line)
    table = dict(zip("，。、„”“«»」「《》´∶：？！（）；–～’━〈〉【】％►", ',.,"""""""""\'::?!();-~\'-<>[]%-'))
    table |= {"—": " - ", "．": ". ", "…": "..."}
    line = "".join(table.get(sign, sign) for sign in line)
    return re.sub(r"[\x00-\x1f\x7f-\x9f]", "", line)


def perplexity(model, text):
    """cc_net's of a document."""
    score, length = 0, 0
    for line in text.split("\n"):
        score += model.score(line)
        length += len(line.split()) + 1
    return round(10.0 ** (-score / length), 1)


def main():
    text = "\n".join(sentences(500, 2)) + "\n"
    (HERE / "text.txt").write_text(text)
    unseen = list(sentences(60, 3)) + ["", "nothing of this is known", "ba <unk>ba ki", text.split("\n")[0] + " xx"]
    golden = {"models": {}}
    for name, options in ORDERS.items():
        arpa = subprocess.run([sys.argv[1], "-S", "50M", *options], input=text.encode(), stdout=subprocess.PIPE, check=True).stdout
        (HERE / f"{name}.arpa.gz").write_bytes(gzip.compress(arpa, mtime=0))
        (HERE / "model.arpa").write_bytes(arpa)
        model = kenlm.Model(str(HERE / "model.arpa"))
        (HERE / "model.arpa").unlink()
        documents = ["\n".join(unseen[start : start + 7]) for start in range(0, len(unseen), 7)]
        golden["models"][name] = {
            "scores": [[line, model.score(line)] for line in unseen],
            "perplexities": [[document, perplexity(model, document)] for document in documents],
        }
    lines = ["", "  ÀÉ Straße No. 12٣４ ", "“So”, — she said…", "Ｈｉ！（３％）【x】►y", "a\u0301 \u0007b\u0085c", "ΟΔΟΣ İ"]
    golden["normalized"] = [[line, normalized(line)] for line in lines]
    (HERE / "golden.json").write_text(json.dumps(golden, ensure_ascii=False, indent=0) + "\n")


main()
