"""Writes the golden blocks: what gguf-py reads random blocks as, and the blocks that llama.cpp codes numbers as.

    pip install numpy==2.4.6 gguf==0.19.0
    python blocks.py GGML        # the folder ggml/src of llama.cpp, as the source distribution
                                 # of llama-cpp-python 0.3.36 has it

A file NAME.bin holds four counts (u32): bytes of the blocks that are read, numbers that they are, numbers that are
coded, bytes of their blocks; then all of them in that order.
"""

import ctypes
import subprocess
import sys
import tempfile
from pathlib import Path

import gguf
import numpy as np

HERE = Path(__file__).parent
FORMATS = ["F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q4_K", "Q5_K", "Q6_K"]

# Where numbers of half precision are in a block.
HALVES = {
    "F16": [0],
    "Q4_0": [0],
    "Q4_1": [0, 2],
    "Q5_0": [0],
    "Q5_1": [0, 2],
    "Q8_0": [0],
    "Q4_K": [0, 2],
    "Q5_K": [0, 2],
    "Q6_K": [208],
}
# Zeros, the least and the largest subnormal, the least normal, the largest, infinities, quiet and signalling NaN.
ODD = [0x0000, 0x8000, 0x0001, 0x83FF, 0x0400, 0x7BFF, 0x7C00, 0xFC00, 0x7E01, 0xFD55]

# What the file of encoders asks for elsewhere, and does not call when it codes rows.
OUTSIDE = """
#include <stdlib.h>
#include <stddef.h>
void ggml_abort(const char *f, int l, const char *m, ...) { (void)f; (void)l; (void)m; abort(); }
void ggml_critical_section_start(void) {}
void ggml_critical_section_end(void) {}
size_t ggml_row_size(int t, long n) { (void)t; (void)n; abort(); }
size_t ggml_type_size(int t) { (void)t; abort(); }
long ggml_blck_size(int t) { (void)t; abort(); }
const char *ggml_type_name(int t) { (void)t; abort(); }
float ggml_table_f32_f16[1 << 16];
float ggml_table_f32_e8m0_half[1 << 8];
float ggml_table_f32_ue4m3[1 << 8];
void ggml_log_internal(int l, const char *f, ...) { (void)l; (void)f; }
"""


def library(sources: Path, folder: Path) -> ctypes.CDLL:
    """llama.cpp's scalar encoders, without multiplications and additions that are rounded once."""
    (folder / "outside.c").write_text(OUTSIDE)
    target = folder / "quants.so"
    flags = ["-O2", "-ffp-contract=off", "-fPIC", "-shared", "-std=gnu11", "-D_GNU_SOURCE", "-w"]
    includes = [f"-I{sources}", f"-I{sources.parent / 'include'}"]
    files = [str(sources / "ggml-quants.c"), str(folder / "outside.c")]
    subprocess.run(["cc", *flags, *includes, *files, "-lm", "-o", str(target)], check=True)
    return ctypes.CDLL(str(target))


def coded(library: ctypes.CDLL, name: str, values: np.ndarray) -> np.ndarray:
    """The blocks of numbers by llama.cpp, which gguf-py has too where it has an encoder."""
    kind = gguf.GGMLQuantizationType[name]
    try:
        known = gguf.quants.quantize(values, kind).view(np.uint8).ravel()
    except NotImplementedError:
        known = None
    if name in ("F32", "F16", "BF16"):
        return known
    numbers, size = gguf.GGML_QUANT_SIZES[kind]
    out = np.zeros(values.size // numbers * size, np.uint8)
    function = getattr(library, f"quantize_row_{name.lower().replace('_k', '_K')}_ref")
    pointer = lambda array: array.ctypes.data_as(ctypes.c_void_p)
    function(pointer(values), pointer(out), ctypes.c_int64(values.size))
    assert known is None or np.array_equal(known, out), name
    return out


def blocks(random: np.random.Generator, name: str) -> np.ndarray:
    """Random blocks, of which the first ones have odd numbers of half precision."""
    numbers, size = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[name]]
    count = {1: 256, 32: 24, 256: 12}[numbers]
    found = random.integers(0, 256, (count, size), dtype=np.uint8)
    for place, start in enumerate(HALVES.get(name, [])):
        for index, bits in enumerate(ODD):
            found[(index + 3 * place) % count, start : start + 2] = np.array([bits], np.uint16).view(np.uint8)
    return found


def numbers(random: np.random.Generator) -> np.ndarray:
    """Parts of 256 numbers such as weights are, and such as they seldom are."""
    normal = lambda scale: random.standard_normal(256) * scale
    halves = np.arange(-128, 128) / 2
    parts = [
        normal(0.02),
        normal(1.0),
        np.abs(normal(0.5)) + 0.1,
        -np.abs(normal(3.0)) - 1.0,
        # An eighth each of nothing, of one number, of very small ones, and of ever larger ones; half of a grid.
        np.concatenate([np.zeros(32), np.full(32, -0.75), normal(1e-7)[:32], np.logspace(-6, 3, 32), halves[64:192]]),
        normal(1e-20),
        random.standard_cauchy(256).clip(-1000, 1000),
    ]
    return np.concatenate(parts).astype(np.float32)


def main() -> None:
    random = np.random.Generator(np.random.PCG64(15))
    with tempfile.TemporaryDirectory() as folder:
        quants = library(Path(sys.argv[1]), Path(folder))
        for name in FORMATS:
            found = blocks(random, name)
            with np.errstate(all="ignore"):
                read = gguf.quants.dequantize(found.copy(), gguf.GGMLQuantizationType[name])
            read = np.ascontiguousarray(read, dtype=np.float32).ravel()
            values = numbers(random)
            if name == "F32":
                values = values[:64]
            if name in ("F16", "BF16"):
                # Every kind of bits, infinities and numbers that round to them.
                bits = random.integers(0, 1 << 32, 512, dtype=np.uint32).view(np.float32)
                values = np.concatenate([values[:256], bits[~np.isnan(bits)], np.float32([65519, 65520, np.inf])])
            with np.errstate(all="ignore"):
                out = coded(quants, name, values)
            counts = np.array([found.size, read.size, values.size, out.size], np.uint32)
            content = b"".join(part.tobytes() for part in (counts, found, read, values, out))
            (HERE / f"{name}.bin").write_bytes(content)
            print(name, len(content))


main()
