#!/usr/bin/env python3
"""Training speed of Mamba by triaxis and by transformers on the CPU, in turn on one machine, as ratios of medians.

    python3 benches/mamba.py [--rounds 3] [--steps 3] [--threads 2] [--sizes S M]

torch and transformers go into an environment of their own under `--work`, unless `--python` names one that has them.
Both train the same shape, counted by its parameters, in single precision with AdamW on sequences of random tokens:
forward, backward and step. transformers takes the path that it has without kernels for a GPU.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import venv
from pathlib import Path

# Width, blocks, vocabulary; 8 sequences of 256 tokens.
SIZES = {"S": (128, 8, 4096), "M": (384, 12, 8192)}
SEQUENCES, LENGTH = 8, 256

TRAINING = """
import sys, time
import torch, transformers
width, blocks, vocabulary, sequences, length, threads, steps = map(int, sys.argv[1:])
transformers.logging.set_verbosity_error()
torch.set_num_threads(threads)
torch.manual_seed(0)
model = transformers.MambaForCausalLM(transformers.MambaConfig(
    vocab_size=vocabulary, hidden_size=width, num_hidden_layers=blocks, tie_word_embeddings=False))
optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3)
def step():
    tokens = torch.randint(vocabulary, (sequences, length))
    loss = model(tokens, labels=tokens, use_cache=False).loss
    loss.backward()
    optimiser.step()
    optimiser.zero_grad()
    return loss.item()
step()
begin = time.perf_counter()
for _ in range(steps):
    step()
seconds = (time.perf_counter() - begin) / steps
print(sum(value.numel() for value in model.parameters()), sequences * length / seconds)
"""


def output(*command):
    done = subprocess.run([str(part) for part in command], check=True, text=True, stdout=subprocess.PIPE)
    return done.stdout


def interpreter(work):
    """A Python that has both libraries, installed if they are not there."""
    python = work / "venv" / "bin" / "python"
    if not python.exists():
        venv.create(work / "venv", with_pip=True)
        output(python, "-m", "pip", "-q", "install", "torch", "transformers")
    return python


def of_transformers(python, size, threads, steps):
    """Parameters, and tokens a second."""
    parameters, speed = output(python, "-c", TRAINING, *SIZES[size], SEQUENCES, LENGTH, threads, steps).split()
    return int(parameters), float(speed)


def of_triaxis(triaxis, size, threads, steps):
    """The same."""
    _, blocks, _ = SIZES[size]
    settings = ["--set", "pattern=s", "--set", f"layers={blocks}", "--batch", SEQUENCES]
    command = [triaxis, "bench", "train", "--arch", "stack", "--size", size, *settings, "--threads", threads, "--steps",
               steps, "--format", "json"]
    told = json.loads(output(*command))
    return told["parameters"], told["tokens_per_second"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=["S"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--triaxis", type=Path, default=Path("target/release/triaxis"))
    parser.add_argument("--python", type=Path)
    parser.add_argument("--work", type=Path, default=Path("target/mamba"))
    asked = parser.parse_args()
    python = asked.python or interpreter(asked.work.resolve())
    print(f"{asked.threads} threads, medians of {asked.rounds} turns, tokens a second of training")
    print(f"{'size':<4} {'parameters':>12} {'transformers':>13} {'triaxis':>10} {'ratio':>6}")
    for size in asked.sizes:
        theirs, ours = [], []
        for _ in range(asked.rounds):
            theirs.append(of_transformers(python, size, asked.threads, asked.steps))
            ours.append(of_triaxis(asked.triaxis, size, asked.threads, 3 * asked.steps))
        assert theirs[0][0] == ours[0][0], f"{theirs[0][0]} and {ours[0][0]} parameters are not the same shape"
        their, our = (statistics.median(speed for _, speed in turns) for turns in (theirs, ours))
        print(f"{size:<4} {ours[0][0]:>12} {their:>13.0f} {our:>10.0f} {our / their:>6.1f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
