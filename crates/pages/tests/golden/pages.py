"""Texts of pages by Python's trafilatura, as datatrove calls it for FineWeb.

pip install trafilatura==1.11.0 (datatrove 0.10 wants less than 1.12), then

    pages.py texts < PAGES.jsonl > TEXTS.jsonl          the text of each page {"name", "html"}, and the seconds on stderr
    pages.py compare TEXTS.jsonl OTHERS.jsonl           share of equal texts, F1 of their words
    pages.py gather LARGEST COUNT FOLDER... > PAGES.jsonl   pages of folders, drawn evenly from their sorted names

What a page says a third time is left out by counting within the page: the library counts over all pages that a process
has seen, so that its texts hang on what came before.
"""

import json
import sys
import time
from collections import Counter
from pathlib import Path


def gather(largest, count, folders):
    paths = [path for folder in folders for path in sorted(Path(folder).rglob("*.html"))]
    paths = [path for path in paths if 2000 < path.stat().st_size <= largest]
    for number in range(count):
        path = paths[number * len(paths) // count]
        name = "/".join(path.parts[-3:])
        print(json.dumps({"name": name, "html": path.read_text("utf-8", "replace")}, ensure_ascii=False))


def texts(lines):
    from trafilatura import extract
    from trafilatura.meta import reset_caches

    seconds, size = 0.0, 0
    for line in lines:
        page = json.loads(line)
        reset_caches()
        start = time.perf_counter()
        text = extract(page["html"], favor_precision=True, include_comments=False, deduplicate=True)
        seconds += time.perf_counter() - start
        size += len(page["html"].encode())
        page["text"] = text or ""
        print(json.dumps(page, ensure_ascii=False))
    print(f"{size / 1e6:.2f} MB in {seconds:.2f} s, {size / 1e6 / seconds:.2f} MB/s", file=sys.stderr)


def compare(expected, found):
    read = lambda path: [json.loads(line) for line in open(path, encoding="utf-8")]
    scores, same, both_empty, one_empty, lines_same = [], 0, 0, 0, 0
    for ours, theirs in zip(read(found), read(expected), strict=True):
        assert ours["name"] == theirs["name"]
        a, b = ours["text"], theirs["text"]
        same += a == b
        lines_same += a.split() == b.split()
        both_empty += not a and not b
        one_empty += bool(a) != bool(b)
        a, b = Counter(a.split()), Counter(b.split())
        common = sum((a & b).values())
        total = sum(a.values()) + sum(b.values())
        scores.append((2 * common / total if total else 1.0, ours["name"]))
    count = len(scores)
    scores.sort()
    print(f"{count} pages: {same / count:.3f} equal, {lines_same / count:.3f} equal but for white space")
    print(f"F1 of words: mean {sum(score for score, _ in scores) / count:.4f}, median {scores[count // 2][0]:.4f}")
    print(f"no text: {both_empty} by both, {one_empty} by one; least alike: {scores[:8]}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["gather", largest, count, *folders]:
            gather(int(largest), int(count), folders)
        case ["texts"]:
            texts(sys.stdin)
        case ["compare", expected, found]:
            compare(expected, found)
        case _:
            sys.exit(__doc__)
