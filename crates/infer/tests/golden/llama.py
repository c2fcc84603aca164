#!/usr/bin/env python3
"""What llama.cpp makes of 150 prompts by SmolLM2-135M-Instruct in Q4_1: llama.json.

    python3 crates/infer/tests/golden/llama.py MODEL.gguf

Needs llama-cpp-python 0.3.36 and numpy. Prompts are pieces of the README and the map as they were; of the scores after each
prompt every 768th of the vocabulary is kept.
"""

import json
import sys
from pathlib import Path

import numpy
from llama_cpp import Llama

PROMPTS, LENGTH, EVERY = 150, 24, 768

here = Path(__file__).resolve().parent
text = b"".join((here.parents[3] / name).read_bytes() for name in ["README.md", "ARCHITECTURE.md"])
model = Llama(sys.argv[1], n_ctx=64, n_threads=2, logits_all=True, verbose=False)
tokens = model.tokenize(text, add_bos=False, special=False)
prompts = [tokens[LENGTH * index : LENGTH * (index + 1)] for index in range(PROMPTS)]
scores = []
for prompt in prompts:
    model.reset()
    model.eval(prompt)
    scores.append([round(float(score), 5) for score in model.scores[LENGTH - 1][::EVERY]])
rows = ",\n".join(json.dumps(row, separators=(",", ":")) for row in scores)
heads = ",\n".join(json.dumps(prompt, separators=(",", ":")) for prompt in prompts)
(here / "llama.json").write_text(f'{{"every":{EVERY},"prompts":[\n{heads}],\n"scores":[\n{rows}]}}\n')
print(numpy.std(scores))
