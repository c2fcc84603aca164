#!/usr/bin/env python3
"""Speeds of triaxis and of llama.cpp on the same files, in turn on one machine, as ratios of medians.

    python3 benches/llama-cpp.py MODEL.gguf [--formats as-is Q4_0 Q8_0] [--rounds 5] [--random 1B]

llama.cpp and its batched bench are built from the sources that the package llama-cpp-python carries, for this processor
and without OpenMP, whose threads sleep between products. Each of its numbers is the better one with and without flash
attention. Formats other than that of the file are made by its own quantiser, so that both engines read the same bits.
`--random 1B` adds a model of Llama 3.2 1B's shapes with random weights, in Q4_K and Q6_K.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import venv
from pathlib import Path

VERSION = "0.3.36"
DECODED, PROMPT, SEQUENCES = 128, 512, 8
MEASURES = ["decode", "decode after 2048", f"{SEQUENCES} sequences", f"prompt of {PROMPT}"]


def sh(*command, **options):
    return subprocess.run([str(part) for part in command], check=True, text=True, **options)


def build(work):
    """The folder of llama.cpp's programs, built if they are not there."""
    programs = work / "build" / "bin"
    if (programs / "llama-batched-bench").exists() and (programs / "llama-quantize").exists():
        return programs
    work.mkdir(parents=True, exist_ok=True)
    venv.create(work / "venv", with_pip=True)
    tools = work / "venv" / "bin"
    sh(tools / "pip", "-q", "install", "cmake", "ninja", "scikit-build-core", "gguf", "numpy", "typing_extensions")
    sh(tools / "pip", "-q", "download", "--no-deps", "--no-build-isolation", "--no-binary", "llama-cpp-python",
       f"llama-cpp-python=={VERSION}", "-d", work)
    archive = next(work.glob("llama_cpp_python-*.tar.gz"))
    sh("tar", "xzf", archive, "-C", work)
    source = next(work.glob("llama_cpp_python-*/vendor/llama.cpp"))
    settings = ["GGML_OPENMP=OFF", "GGML_NATIVE=ON", "LLAMA_BUILD_TESTS=OFF", "LLAMA_BUILD_EXAMPLES=OFF",
                "LLAMA_BUILD_SERVER=OFF", "LLAMA_BUILD_TOOLS=ON", "CMAKE_BUILD_TYPE=Release"]
    path = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}
    sh(tools / "cmake", "-G", "Ninja", "-S", source, "-B", work / "build", *[f"-D{s}" for s in settings], env=path,
       stdout=subprocess.DEVNULL)
    sh(tools / "ninja", "-C", work / "build", "llama-bench", "llama-batched-bench", "llama-quantize", env=path,
       stdout=subprocess.DEVNULL)
    return programs


def random_model(work, like):
    """A file of Llama 3.2 1B's shapes in half precision, with random weights and the tokenizer of another file."""
    path = work / "random-1B-F16.gguf"
    if path.exists():
        return path
    script = """
import sys, numpy
from gguf import GGUFReader, GGUFWriter, GGUFValueType
like, path = sys.argv[1:]
reader, writer = GGUFReader(like), GGUFWriter(path, "llama")
tokens = reader.fields["tokenizer.ggml.tokens"]
vocabulary = len(tokens.data)
for name in ["tokenizer.ggml.model", "tokenizer.ggml.pre"]:
    writer.add_string(name, reader.fields[name].contents())
for name in ["tokenizer.ggml.tokens", "tokenizer.ggml.merges", "tokenizer.ggml.token_type"]:
    writer.add_array(name, reader.fields[name].contents())
width, layers, inner, heads, key_value = 2048, 16, 8192, 32, 8
writer.add_context_length(4096); writer.add_embedding_length(width); writer.add_block_count(layers)
writer.add_feed_forward_length(inner); writer.add_head_count(heads); writer.add_head_count_kv(key_value)
writer.add_layer_norm_rms_eps(1e-5); writer.add_rope_freq_base(500000.0); writer.add_vocab_size(vocabulary)
random = numpy.random.default_rng(0)
def matrix(name, rows, columns):
    writer.add_tensor(name, (0.02 * random.standard_normal((rows, columns), numpy.float32)).astype(numpy.float16))
matrix("token_embd.weight", vocabulary, width)
writer.add_tensor("output_norm.weight", numpy.ones(width, numpy.float32))
for layer in range(layers):
    at, shared = f"blk.{layer}.", width // heads * key_value
    for name, rows, columns in [("attn_q", width, width), ("attn_k", shared, width), ("attn_v", shared, width),
            ("attn_output", width, width), ("ffn_gate", inner, width), ("ffn_up", inner, width), ("ffn_down", width, inner)]:
        matrix(at + name + ".weight", rows, columns)
    for name in ["attn_norm", "ffn_norm"]:
        writer.add_tensor(at + name + ".weight", numpy.ones(width, numpy.float32))
writer.write_header_to_file(); writer.write_kv_data_to_file(); writer.write_tensors_to_file(); writer.close()
"""
    part = path.with_suffix(".part")
    sh(work / "venv" / "bin" / "python", "-c", script, like, part)
    part.rename(path)
    return path


def in_format(programs, work, model, name):
    """The model in a format, by llama.cpp's quantiser."""
    if name == "as-is":
        return model
    path = work / f"{model.stem}-{name}.gguf"
    if not path.exists():
        part = path.with_suffix(".part")
        sh(programs / "llama-quantize", "--allow-requantize", "--pure", model, part, name,
           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        part.rename(path)
    return path


def of_llama(programs, model, threads, tokens):
    """Tokens a second of llama.cpp."""
    def bench(*arguments):
        command = [programs / "llama-bench", "-m", model, "-t", threads, "-fa", "0,1", "-r", "1", "-o", "json", *arguments]
        rows = json.loads(sh(*command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout)
        return max(row["avg_ts"] for row in rows)

    def batched(flash):
        command = [programs / "llama-batched-bench", "-m", model, "-t", threads, "-fa", flash, "-npp", 8, "-ntg", tokens,
                   "-npl", SEQUENCES, "-c", 8 * (tokens + 8), "--output-format", "jsonl"]
        lines = sh(*command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.splitlines()
        return next(json.loads(line)["speed_tg"] for line in lines if line.startswith("{"))

    return [bench("-p", 0, "-n", tokens), bench("-p", 0, "-n", max(tokens // 4, 8), "-d", 2048),
            max(batched("off"), batched("on")), bench("-p", PROMPT, "-n", 0)]


def of_triaxis(triaxis, model, threads, work):
    """Tokens a second of triaxis, and the share of the memory's bandwidth that one sequence takes."""
    command = [triaxis, "bench", "decode", model, "--threads", threads, "--format", "json", "--library", work / "library",
               "--seconds", "1"]
    told = json.loads(sh(*command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout)["decoding"]
    steps = {(step["batch"], step["context"]): step for step in told["steps"]}
    prompts = {prompt["length"]: prompt["tokens_per_second"] for prompt in told["prompts"]}
    speeds = [steps[1, 0], steps[1, 2048], steps[SEQUENCES, 0]]
    return [*(step["tokens_per_second"] for step in speeds), prompts[PROMPT]], steps[1, 0]["share"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--formats", nargs="+", default=["as-is", "Q4_0", "Q8_0"])
    parser.add_argument("--random", choices=["1B"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--triaxis", type=Path, default=Path("target/release/triaxis"))
    parser.add_argument("--work", type=Path, default=Path("target/llama.cpp"))
    asked = parser.parse_args()
    work = asked.work.resolve()
    programs = build(work)
    files = [(asked.model, name, DECODED) for name in asked.formats]
    if asked.random:
        files += [(random_model(work, asked.model), name, 16) for name in ["Q4_K", "Q6_K"]]
    print(f"{asked.threads} threads, medians of {asked.rounds} turns, tokens a second")
    print(f"{'file':<38} {'measure':<18} {'llama.cpp':>10} {'triaxis':>10} {'ratio':>6}")
    for model, name, tokens in files:
        path = in_format(programs, work, model, name)
        theirs, ours, shares = [], [], []
        for _ in range(asked.rounds):
            theirs.append(of_llama(programs, path, asked.threads, tokens))
            speeds, share = of_triaxis(asked.triaxis, path, asked.threads, work)
            ours.append(speeds)
            shares.append(share)
        for index, measure in enumerate(MEASURES):
            their, our = (statistics.median(turn[index] for turn in turns) for turns in (theirs, ours))
            print(f"{path.name:<38} {measure:<18} {their:>10.1f} {our:>10.1f} {our / their:>6.2f}")
        print(f"{path.name:<38} share of the bandwidth, one sequence: {statistics.median(shares):.0%}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
