"""What datatrove 0.10.1 (with spaCy 3.8.18, for its words) says of documents, beside what the filters here say.

    python make.py sample DCLM > golden.json                 the committed sample, of this project's own text, with what
                                                             dolma 1.2.1 and a checkout of DCLM (7ed275f) say of it
    python make.py truth < documents.jsonl > truth.jsonl     any documents, a JSON object with a `text` a line
    cargo run --release -p triaxis-filters --example judge < truth.jsonl > judged.jsonl
    python make.py compare truth.jsonl judged.jsonl          shares of equal verdicts and reasons

`judge` judges each document twice, by datatrove's words and by its own.
"""

import json
import random
import re
import sys
import types
from collections import Counter
from pathlib import Path

import numpy as np
from datatrove.data import Document
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)
from datatrove.pipeline.filters.gopher_repetition_filter import (
    find_all_duplicate,
    find_duplicates,
    find_top_duplicate,
    get_n_grams,
)
from datatrove.pipeline.formatters import PIIFormatter
from datatrove.utils.text import PUNCTUATION_SET, TERMINAL_PUNCTUATION, split_into_words

# Settings of judge's filters, in the order in which they judge.
FILTERS = {
    "gopher-repetition": GopherRepetitionFilter(),
    "gopher-quality": GopherQualityFilter(),
    "c4": C4QualityFilter(),
    "c4-fineweb": C4QualityFilter(filter_no_terminal_punct=False),
    "fineweb-quality": FineWebQualityFilter(),
}

# What is empty where datatrove says that something is.
EMPTY = {"gopher-repetition": "characters", "fineweb-quality": "lines"}

# Names of reasons here.
REASONS = {
    "dup_para_frac": "duplicate_paragraphs",
    "dup_para_char_frac": "duplicate_paragraph_characters",
    "dup_line_frac": "duplicate_lines",
    "dup_line_char_frac": "duplicate_line_characters",
    **{f"top_{n}_gram": f"top_{n}_gram" for n in (2, 3, 4)},
    **{f"duplicated_{n}_n_grams": f"duplicate_{n}_grams" for n in range(5, 11)},
    "gopher_short_doc": "least_words",
    "gopher_long_doc": "most_words",
    "gopher_below_avg_threshold": "least_word_length",
    "gopher_above_avg_threshold": "most_word_length",
    "gopher_too_many_hashes": "hashes",
    "gopher_too_many_ellipsis": "ellipses",
    "gopher_too_many_bullets": "bullet_lines",
    "gopher_too_many_end_ellipsis": "ellipsis_lines",
    "gopher_below_alpha_threshold": "alphabetic_words",
    "gopher_enough_stop_words": "stop_words",
    "lorem_ipsum": "lorem_ipsum",
    "curly_bracket": "curly_bracket",
    "too_few_sentences": "sentences",
    "line_punct_ratio": "lines_with_end",
    "short_line_ratio": "short_lines",
    "char_dup_ratio": "duplicate_line_characters",
    "list_ratio": "line_feeds",
}


def judge(name, text):
    """The reason why a filter drops a text, or none, and the text that it leaves."""
    document = Document(text=text, id="")
    try:
        kept = FILTERS[name].filter(document)
    except ZeroDivisionError:
        # datatrove fails on a document of spaces alone, of which it means to say this.
        return EMPTY[name], text
    if isinstance(kept, tuple):
        return EMPTY[name] if kept[1] == "empty" else REASONS[kept[1]], text
    return None, document.text


def measured(text, words):
    """Every value that the filters of Gopher and FineWeb measure, by datatrove's own functions where it has them."""
    values = {}
    if not text or not words:
        return values
    paragraphs = re.split(r"\n{2,}", text.strip())
    lines = re.split(r"\n+", text)
    repetition = values["gopher-repetition"] = {}
    for what, of in (("paragraph", paragraphs), ("line", lines)):
        count, characters = find_duplicates(of)
        repetition[f"duplicate_{what}s"] = count / len(of)
        repetition[f"duplicate_{what}_characters"] = characters / len(text)
    for n in (2, 3, 4):
        grams = get_n_grams(words, n)
        repetition[f"top_{n}_gram"] = find_top_duplicate(grams) / len(text) if grams else 0.0
    for n in range(5, 11):
        repetition[f"duplicate_{n}_grams"] = find_all_duplicate(words, n) / len(text)
    plain = [word for word in words if any(sign not in PUNCTUATION_SET for sign in word)]
    lines = text.splitlines()
    quality = values["gopher-quality"] = {
        "least_words": len(plain),
        "most_words": len(plain),
        "hashes": text.count("#") / len(words),
        "ellipses": (text.count("...") + text.count("…")) / len(words),
        "bullet_lines": sum(line.lstrip().startswith(("•", "-")) for line in lines) / len(lines),
        "ellipsis_lines": sum(line.rstrip().endswith(("...", "…")) for line in lines) / len(lines),
        "alphabetic_words": sum(any(sign.isalpha() for sign in word) for word in words) / len(words),
        "stop_words": len(FILTERS["gopher-quality"].stop_words.intersection(words)),
    }
    if plain:
        length = float(np.mean([len(word) for word in plain]))
        quality["least_word_length"] = quality["most_word_length"] = length
    lines = [line for line in text.split("\n") if line.strip()]
    values["fineweb-quality"] = {
        "lines_with_end": sum(line.endswith(tuple(TERMINAL_PUNCTUATION)) for line in lines) / len(lines),
        "short_lines": sum(len(line) <= 30 for line in lines) / len(lines),
        "duplicate_line_characters": find_duplicates(lines)[1] / len(text.replace("\n", "")),
        "line_feeds": text.count("\n") / len(words),
    }
    return values


def truth(text):
    reasons, edited = {}, {}
    for name in FILTERS:
        reasons[name], left = judge(name, text)
        if left != text:
            edited[name] = left
    return {
        "text": text,
        "words": split_into_words(text),
        "reasons": reasons,
        "edited": edited,
    }


def of_dolma(text, ignores_blank_lines):
    """Every value of dolma's Gopher tagger, by the names here."""
    from dolma.taggers.gopher import get_attributes

    found = get_attributes(text, ignore_empty_lines=ignores_blank_lines)
    if not text:
        return {}
    return {
        "gopher-repetition": {
            **{f"top_{n}_gram": value for n, value in found.fraction_of_characters_in_most_common_ngram},
            **{f"duplicate_{n}_grams": value for n, value in found.fraction_of_characters_in_duplicate_ngrams},
            "duplicate_lines": found.fraction_of_duplicate_lines,
            "duplicate_line_characters": found.fraction_of_characters_in_duplicate_lines,
        },
        "gopher-quality": {
            "least_words": found.word_count,
            "least_word_length": found.median_word_length,
            "symbols": found.symbol_to_word_ratio,
            "alphabetic_words": found.fraction_of_words_with_alpha_character,
            "stop_words": found.required_word_count,
            "bullet_lines": found.fraction_of_lines_starting_with_bullet_point,
            "ellipsis_lines": found.fraction_of_lines_ending_with_ellipsis,
        },
    }


def fasttext_words(text):
    """fastText's tokens, as its source says: pieces between these bytes, and a sign for each end of a line."""
    tokens = []
    for line in text.split("\n"):
        tokens += [token for token in re.split("[ \r\t\v\f\0]+", line) if token] + ["</s>"]
    return tokens


def of_dclm(text, folder):
    """The first reason of each of DCLM's filters to drop a text, or none, by the names here."""
    for name in ("fasttext", "transformers"):
        # Imported by DCLM's filters, and but for the tokens not needed by these.
        sys.modules[name] = types.SimpleNamespace(
            AutoTokenizer=None, FastText=types.SimpleNamespace(tokenize=fasttext_words)
        )
    sys.path[:0] = [folder, f"{folder}/baselines"]
    from baselines.mappers.filters import content_filters as filters

    shares = [0.2, 0.18, 0.16, 0.15, 0.14, 0.13, 0.12, 0.11, 0.1]
    names = [f"top_{n}_gram" if n < 5 else f"duplicate_{n}_grams" for n in range(2, 11)]
    steps = {
        "gopher-quality": [
            ("least_words", filters.page_length_filter, dict(length_type="word", min_length=50, ignore_punctuation=True)),
            ("most_words", filters.page_length_filter,
             dict(length_type="word", max_length=100000, ignore_punctuation=True)),
            ("least_word_length", filters.word_length_filter, dict(min_length=3)),
            ("most_word_length", filters.word_length_filter, dict(max_length=10)),
            ("symbols", filters.symbol_ratio_filter, {}),
            ("bullet_lines", filters.bullet_count_filter, {}),
            ("ellipsis_lines", filters.ellipsis_count_filter, {}),
            ("alphabetic_words", filters.alphabetic_word_ratio_filter, {}),
            ("stop_words", filters.stop_word_filter, {}),
        ],
        "gopher-repetition": [
            ("duplicate_lines", filters.repetition_filter,
             dict(granularity="line", max_fraction=0.3, count_characters=False)),
            ("duplicate_paragraphs", filters.repetition_filter,
             dict(granularity="paragraph", max_fraction=0.3, count_characters=False)),
            ("duplicate_line_characters", filters.repetition_filter, dict(granularity="line", max_fraction=0.2)),
            ("duplicate_paragraph_characters", filters.repetition_filter,
             dict(granularity="paragraph", max_fraction=0.2)),
            *((name, filters.repetition_filter, dict(granularity=n, max_fraction=share))
              for n, (name, share) in enumerate(zip(names, shares), 2)),
        ],
    }
    drops = lambda step: not step[1]({"text": text}, **step[2])
    reasons = {name: next((step[0] for step in of if drops(step)), None) for name, of in steps.items()}
    if not text.strip():
        # The first of its filters of repetition drops these, whatever it is.
        reasons["gopher-repetition"] = EMPTY["gopher-repetition"]
    return reasons


def sample(dclm):
    """Pieces of this project's own text, and texts made to come near every bound."""
    draws = random.Random(16)
    root = Path(__file__).resolve().parents[4]
    own = "\n\n".join((root / name).read_text() for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"))
    lines = [line for line in own.split("\n") if line]
    sentences = re.findall(r"[A-Z][^.|`*#{}\n]{30,200}\.", own)
    texts = ["", " ", "\n", "\n\n \n", "word", "a\n\na\n\na", "…", "#", "\u00e9t\u00e9 \u4e2d\u6587\u3002\n" * 3]
    for count in (3, 9, 20):
        for _ in range(4):
            start = draws.randrange(len(lines) - count)
            texts.append("\n".join(lines[start : start + count])[:1800])
    prose = lambda count: [draws.choice(sentences) for _ in range(count)]
    for count in (2, 5, 8):
        texts += [" ".join(prose(count)), "\n".join(prose(count)), "\n\n".join(prose(count))]
    for repeats in (1, 2, 3, 6):
        texts.append("\n".join(prose(5) + prose(1) * repeats))
        texts.append("\n\n".join(prose(5) + prose(1) * repeats))
        phrase = " ".join(draws.choice(sentences).split()[:7])
        texts.append(" ".join(" ".join([sentence, phrase]) if place < repeats else sentence
                              for place, sentence in enumerate(prose(8))))
    for bullet in ("- ", "\u2022 ", "  - "):
        for plain in (0, 1, 3):
            texts.append("\n".join([bullet + line for line in prose(8)] + prose(plain)))
    for end in ("...", "\u2026", ".. .", "?", "!", "\u3002", ";", '"'):
        texts.append("\n".join(line[:-1] + (end if place % 3 == 0 else ".") for place, line in enumerate(prose(7))))
    for foreign in ("Please enable JavaScript.", "Lorem ipsum dolor sit amet.", "if (x) { y(); }", "[1] [edit] cited [23].",
                    "Read our privacy policy here.", "x" * 1001 + " is long.", "Two words.", "It ended..."):
        texts.append("\n".join(prose(4) + [foreign] + prose(3)))
    texts += [
        "\n".join(line[: draws.randrange(10, 40)] for line in prose(12)),
        " ".join(draws.choice(["1", "22", "--", "a", "the", "#"]) for _ in range(80)),
        " ".join("antidisestablishmentarianism" for _ in range(60)),
        "one two three four five six seven eight nine ten " * 12,
        "\r\n".join(prose(6)),
        "Don't can't won't it's cannot; e.g. this (or that)... " * 6,
    ]
    cases = []
    for text in texts:
        case = truth(text)
        case["measured"] = measured(text, case["words"])
        case["words"] = "\n".join(case["words"])
        case["dolma"], case["dolma-v1"] = of_dolma(text, True), of_dolma(text, False)
        case["dclm"] = of_dclm(text, dclm)
        cases.append(case)
    return cases


def compare(truth_path, judged_path):
    by_filter = {name: Counter() for name in FILTERS}
    with open(truth_path) as truths, open(judged_path) as judgements:
        for line, judged in zip(truths, judgements, strict=True):
            case, judged = json.loads(line), json.loads(judged)
            for name, count in by_filter.items():
                count["documents"] += 1
                count["dropped"] += case["reasons"][name] is not None
                for words in ("given", "own"):
                    reason = judged[words][name]["reason"]
                    same = reason == case["reasons"][name]
                    count[words] += same
                    edited = judged[words][name].get("edited") if reason is None else None
                    count[f"{words} text"] += same and (case["edited"].get(name) == edited)
                    if not same:
                        count[f"{words}: {case['reasons'][name]} -> {reason}"] += 1
    for name, count in by_filter.items():
        documents = count["documents"]
        shares = ", ".join(f"{what} {count[what] / documents:.4%}" for what in ("given", "given text", "own", "own text"))
        print(f"{name}: {documents} documents, {count['dropped']} dropped; equal by words {shares}")
        for what, number in count.most_common():
            if " -> " in what:
                print(f"    {what}: {number}")


if __name__ == "__main__":
    mode = sys.argv[1] if len(sys.argv) > 1 else ""
    if mode == "sample":
        print(json.dumps(sample(sys.argv[2]), ensure_ascii=False, separators=(",", ":")))
    elif mode == "truth":
        for line in sys.stdin:
            print(json.dumps(truth(json.loads(line)["text"]), ensure_ascii=False))
    elif mode == "compare":
        compare(*sys.argv[2:4])
    else:
        sys.exit(__doc__)
