"""Trains the same decoder by PyTorch and by the `step` bench, in turn, and prints speeds, peaks and ratios.

    pip install torch
    cargo bench -p triaxis-kernels --bench step --no-run
    python crates/kernels/benches/torch_compare.py target/release/deps/step-… small medium [untied] [f32] [bf16] [avx2]

The decoder (RMSNorm, rotary positions, causal attention, SwiGLU, head tied or not, AdamW) and its sizes are
those of `step.rs`; PyTorch runs its own fused attention and AdamW, and bf16 by autocast. Each turn starts a
process a side, which prints its median step and its peak of resident memory. `RAYON_NUM_THREADS` sets the
threads of both sides, `TURNS` the turns. The name of an instruction set holds both sides to it, by the
variables of `LEVELS`; without one, each uses the best that the processor has.
"""

import os
import re
import resource
import statistics
import subprocess
import sys
import time

# Width, layers, heads, vocabulary, length, sequences.
SIZES = {
    "tiny": (32, 2, 2, 512, 128, 8),
    "quickstart": (48, 2, 3, 512, 128, 3),
    "quick": (96, 4, 3, 1024, 256, 8),
    "small": (128, 4, 4, 4096, 256, 8),
    "medium": (384, 6, 6, 8192, 256, 8),
}
# What holds PyTorch's own kernels, oneDNN and MKL to an instruction set, by its name in triaxis.
LEVELS = {
    "portable": ("default", "SSE41", "SSE4_2"),
    "avx2": ("avx2", "AVX2", "AVX2"),
    "avx512": ("avx512", "AVX512_CORE", "AVX512"),
    "avx512-bf16": ("avx512", "AVX512_CORE_BF16", "AVX512"),
    "amx": ("avx512", "AVX512_CORE_AMX", "AVX512"),
}
VARIABLES = ("ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "MKL_ENABLE_INSTRUCTIONS")
THREADS = int(os.environ.get("RAYON_NUM_THREADS", os.cpu_count()))
TURNS = int(os.environ.get("TURNS", "3"))
WARM_UP, STEPS = 3, 9


def decoder(width, layers, heads, vocabulary, length, untied):
    import torch
    import torch.nn.functional as F

    def rotate(x, cosines, sines):
        first, second = x.chunk(2, dim=-1)
        turned = torch.cat((first * cosines - second * sines, first * sines + second * cosines), dim=-1)
        return turned.to(x.dtype)

    class Block(torch.nn.Module):
        def __init__(self):
            super().__init__()
            inner = -(-(width * 8 // 3) // 8) * 8
            self.attention_norm = torch.nn.RMSNorm(width, eps=1e-5)
            self.query_key_value = torch.nn.Linear(width, 3 * width, bias=False)
            self.attention_output = torch.nn.Linear(width, width, bias=False)
            self.feed_forward_norm = torch.nn.RMSNorm(width, eps=1e-5)
            self.gate_and_up = torch.nn.Linear(width, 2 * inner, bias=False)
            self.down = torch.nn.Linear(inner, width, bias=False)

        def forward(self, x, cosines, sines):
            batch, positions, _ = x.shape
            projected = self.query_key_value(self.attention_norm(x)).view(batch, positions, 3, heads, -1)
            q, k, v = projected.permute(2, 0, 3, 1, 4)
            q, k = rotate(q, cosines, sines), rotate(k, cosines, sines)
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.attention_output(mixed.transpose(1, 2).reshape(batch, positions, width))
            gate, up = self.gate_and_up(self.feed_forward_norm(x)).chunk(2, dim=-1)
            return x + self.down(F.silu(gate) * up)

    class Decoder(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = torch.nn.Embedding(vocabulary, width)
            self.blocks = torch.nn.ModuleList(Block() for _ in range(layers))
            self.norm = torch.nn.RMSNorm(width, eps=1e-5)
            self.head = torch.nn.Linear(width, vocabulary, bias=False)
            if not untied:
                self.head.weight = self.embedding.weight
            half = width // heads // 2
            angles = torch.outer(torch.arange(length), 10000.0 ** (-torch.arange(half) / half))
            self.register_buffer("cosines", angles.cos())
            self.register_buffer("sines", angles.sin())

        def forward(self, tokens):
            x = self.embedding(tokens)
            for block in self.blocks:
                x = block(x, self.cosines, self.sines)
            return F.cross_entropy(self.head(self.norm(x)).flatten(0, 1), tokens.flatten())

    return Decoder()


def train(size, precision, untied):
    """PyTorch's side: the parameters, the median milliseconds of a step, and the peak of memory in MB."""
    import torch

    *shape, batch = SIZES[size]
    torch.set_num_threads(THREADS)
    torch.manual_seed(1)
    model = decoder(*shape, untied)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
    seconds = []
    while len(seconds) < WARM_UP + STEPS or sum(seconds) < 1:
        tokens = torch.randint(shape[3], (batch, shape[4]))
        start = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            loss = model(tokens)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        loss.item()
        seconds.append(time.perf_counter() - start)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{parameters} parameters, {statistics.median(seconds[WARM_UP:]) * 1e3} ms, peak {peak} MB")


def hold(level):
    """Holds the processes started from here on to an instruction set."""
    os.environ["TRIAXIS_INSTRUCTIONS"] = level
    os.environ.update(zip(VARIABLES, LEVELS[level]))


def measure(command):
    """The parameters, milliseconds and megabytes that a side prints."""
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    names = (r"([\d.]+) parameters", r"([\d.]+) ms,", r"peak +([\d.]+) MB")
    return [float(re.search(name, text)[1]) for name in names]


def compare(step, size, precision, extra, level):
    tokens = SIZES[size][4] * SIZES[size][5]
    turns = []
    for _ in range(TURNS):
        theirs = measure([sys.executable, __file__, "--torch", size, precision, *extra])
        turns.append((theirs, measure([step, size, precision, *extra])))
    (theirs, ours) = [[statistics.median(column) for column in zip(*side)] for side in zip(*turns)]
    assert theirs[0] == ours[0], f"models of {theirs[0]} and {ours[0]} parameters are not the same"
    ratios = ", ".join(f"{theirs[1] / ours[1]:.2f}" for theirs, ours in turns)
    print(
        f"{size} {precision} {' '.join(level)}, {ours[0]:.0f} parameters, {THREADS} threads: "
        f"PyTorch {tokens / theirs[1] * 1e3:.0f} tokens/s, {theirs[2]:.0f} MB; "
        f"triaxis {tokens / ours[1] * 1e3:.0f} tokens/s, {ours[2]:.0f} MB; "
        f"speed {theirs[1] / ours[1]:.2f} × (turns {ratios}), memory {ours[2] / theirs[2]:.2f} ×",
        flush=True,
    )


def main():
    first, *rest = sys.argv[1:]
    extra = [word for word in rest if word == "untied"]
    precisions = [word for word in rest if word in ("f32", "bf16")] or ["f32", "bf16"]
    sizes = [word for word in rest if word in SIZES] or ["small"]
    level = [word for word in rest if word in LEVELS]
    if first == "--torch":
        return train(sizes[0], precisions[0], bool(extra))
    for name in level:
        hold(name)
    for size in sizes:
        for precision in precisions:
            compare(first, size, precision, extra, level)


if __name__ == "__main__":
    main()
