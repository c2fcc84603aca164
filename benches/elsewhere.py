#!/usr/bin/env python3
"""A model that a study trained, as transformers, llama.cpp and triaxis read it: nats a token of one text by each.

    python3 benches/elsewhere.py runs/library/models/ID.safetensors TOKENIZER.json [--triaxis target/release/triaxis]

Needs torch, transformers and llama-cpp-python. The model is exported as a published folder and as GGUF files; the text is
the beginning of the README, with the token that ends texts. Ends with 1 where tokens or losses differ by more
than 1e-4, of files in half precision or fewer bits by more than 1e-2.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy

FORMATS = {"F32": 1e-4, "F16": 1e-2, "Q8_0": 1e-2, "Q4_1": 1e-1}


def nats(scores, tokens):
    """The mean loss of each token but the first."""
    scores = scores[:-1].astype(numpy.float64)
    scores -= scores.max(1, keepdims=True)
    logs = scores - numpy.log(numpy.exp(scores).sum(1, keepdims=True))
    return -float(numpy.mean(logs[numpy.arange(len(tokens) - 1), tokens[1:]]))


def of_transformers(folder, text):
    import torch
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokens = [*tokenizer(text)["input_ids"], tokenizer.eos_token_id]
    with torch.no_grad():
        return tokens, nats(model(torch.tensor([tokens])).logits[0].numpy(), tokens)


def of_llama(path, text):
    from llama_cpp import Llama

    model = Llama(str(path), n_ctx=4096, n_threads=1, logits_all=True, verbose=False)
    tokens = [*model.tokenize(text.encode(), add_bos=False, special=False), model.token_eos()]
    model.eval(tokens)
    return tokens, nats(numpy.array(model.scores[: len(tokens)]), tokens)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("tokenizer", type=Path)
    parser.add_argument("--triaxis", type=Path, default=Path("target/release/triaxis"))
    asked = parser.parse_args()

    def triaxis(*arguments):
        command = [str(part) for part in [asked.triaxis, *arguments]]
        return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout

    def of_triaxis(path, file):
        arguments = ["--text", file, "--activations", "single", "--format", "json"]
        return json.loads(triaxis("evaluate", path, *arguments))["losses"][0]

    differ = False
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        published = folder / "published"
        triaxis("model", "export", asked.model, "--layout", "llama", "--tokenizer", asked.tokenizer, "--out", published)
        context = json.loads((published / "config.json").read_text())["max_position_embeddings"]
        text = (Path(__file__).resolve().parents[1] / "README.md").read_text()[: context - 1]
        file = folder / "text.txt"
        file.write_text(text)
        tokens, expected = of_transformers(published, text)
        print(f"{len(tokens)} tokens, nats a token\ntransformers    {expected:.6f}")
        for name, bound in FORMATS.items():
            path = folder / f"model-{name}.gguf"
            triaxis("model", "quantise", asked.model, "--to", name, "--tables", name, "--tokenizer", asked.tokenizer,
                    "--out", path)
            theirs, found = of_llama(path, text)
            ours = of_triaxis(path, file)["nats_per_token"]
            print(f"{name:<5} llama.cpp {found:.6f}, triaxis {ours:.6f}")
            differ |= theirs != tokens or abs(found - expected) > bound or abs(ours - expected) > bound
    print("differ" if differ else "alike")
    return int(differ)


if __name__ == "__main__":
    sys.exit(main())
