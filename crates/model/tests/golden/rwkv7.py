"""Tiny RWKV-7 models in their authors' names, and their logits in double precision.

Made with numpy 2.4.6 and safetensors 0.8.0.
Run: python rwkv7.py layouts     makes the folders `rwkv7` and `rwkv7-one` anew

The formulas are those of Peng et al. 2025 (arXiv 2503.14456) as the authors' reference in numpy, `RWKV-v7/rwkv_v7_numpy.py`
of the repository BlinkDL/RWKV-LM, has them. Every weight is random, those that training starts at zero or one included, so
that no factor hides.
"""

import json
import pathlib
import sys
import zlib

import numpy
from safetensors.numpy import save_file

VOCABULARY, SEQUENCES, LENGTH = 47, 2, 21
EPSILON, HEAD_EPSILON = 3e-3, 64e-5

MODELS = {
    "rwkv7": dict(hidden_size=16, num_hidden_layers=3, head_dim=8, intermediate_size=24, decay_low_rank_dim=3,
                  a_low_rank_dim=4, v_low_rank_dim=2, gate_low_rank_dim=5),
    "rwkv7-one": dict(hidden_size=12, num_hidden_layers=1, head_dim=4, intermediate_size=48, decay_low_rank_dim=2,
                      a_low_rank_dim=2, v_low_rank_dim=2, gate_low_rank_dim=3, tie_word_embeddings=True),
}


def shapes(config):
    width, head, inner = config["hidden_size"], config["head_dim"], config["intermediate_size"]
    ranks = {letter: config[f"{name}_low_rank_dim"] for letter, name in zip("wavg", ("decay", "a", "v", "gate"))}
    found = {"emb.weight": (VOCABULARY, width), "blocks.0.ln0.weight": (width,), "blocks.0.ln0.bias": (width,)}
    for layer in range(config["num_hidden_layers"]):
        block = f"blocks.{layer}."
        for norm in ("ln1", "ln2", "att.ln_x"):
            found |= {f"{block}{norm}.weight": (width,), f"{block}{norm}.bias": (width,)}
        vectors = ["x_r", "x_w", "x_k", "x_v", "x_a", "x_g", "w0", "a0", "k_k", "k_a"] + ["v0"] * (layer > 0)
        found |= {f"{block}att.{name}": (1, 1, width) for name in vectors}
        for letter in "wag" + "v" * (layer > 0):
            found |= {f"{block}att.{letter}1": (width, ranks[letter]), f"{block}att.{letter}2": (ranks[letter], width)}
        found[f"{block}att.r_k"] = (width // head, head)
        found |= {f"{block}att.{name}.weight": (width, width) for name in ("receptance", "key", "value", "output")}
        found[f"{block}ffn.x_k"] = (1, 1, width)
        found |= {f"{block}ffn.key.weight": (inner, width), f"{block}ffn.value.weight": (width, inner)}
    found |= {"ln_out.weight": (width,), "ln_out.bias": (width,)}
    if not config.get("tie_word_embeddings"):
        found["head.weight"] = (VOCABULARY, width)
    return found


def fill(random, name, shape):
    values = random.standard_normal(shape)
    if name == "emb.weight":
        return values * shape[-1] ** -0.5
    if name.endswith((".weight", "1", "2")) and len(shape) == 2:
        return values * (shape[0] if name[-1] in "12" else shape[1]) ** -0.5
    gains = ("ln0.weight", "ln1.weight", "ln2.weight", "ln_x.weight", "ln_out.weight", "k_k", "k_a")
    return 1 + 0.3 * values if name.endswith(gains) else 0.5 * values


def sigmoid(x):
    return 1 / (1 + numpy.exp(-x))


def normed(x, gain, bias, epsilon):
    centred = x - x.mean(-1, keepdims=True)
    return centred / numpy.sqrt((centred**2).mean(-1, keepdims=True) + epsilon) * gain + bias


def before(x):
    """The rows of the positions before, of one sequence."""
    return numpy.concatenate([numpy.zeros_like(x[:1]), x[:-1]])


def time_mix(x, first, weight, head):
    seen = {name: x + weight(f"x_{name}").reshape(-1) * (before(x) - x) for name in "rwkvag"}
    low = lambda name, letter, inside: inside(seen[name] @ weight(f"{letter}1")) @ weight(f"{letter}2")
    same = lambda x: x
    r, k, v = (seen[name] @ weight(f"{long}.weight").T for name, long in zip("rkv", ("receptance", "key", "value")))
    w = numpy.exp(-numpy.exp(-0.5) * sigmoid(low("w", "w", numpy.tanh) + weight("w0").reshape(-1)))
    a = sigmoid(low("a", "a", same) + weight("a0").reshape(-1))
    g = low("g", "g", sigmoid)
    if first is None:
        first = v
    else:
        v = v + (first - v) * sigmoid(low("v", "v", same) + weight("v0").reshape(-1))
    removal = k * weight("k_k").reshape(-1)
    k = k + k * (a - 1) * weight("k_a").reshape(-1)
    heads = lambda x: x.reshape(len(x), -1, head)
    r, w, k, v, a, removal = map(heads, (r, w, k, v, a, removal))
    removal = removal / numpy.maximum(numpy.linalg.norm(removal, axis=-1, keepdims=True), 1e-12)
    state, read = numpy.zeros((r.shape[1], head, head)), []
    for t in range(len(x)):  # values by keys
        held = numpy.einsum("hvk,hk->hv", state, removal[t])
        state = state * w[t][:, None] - held[:, :, None] * (removal[t] * a[t])[:, None]
        state = state + v[t][:, :, None] * k[t][:, None]
        read.append(numpy.einsum("hvk,hk->hv", state, r[t]))
    y = normed(numpy.array(read), 1, 0, HEAD_EPSILON).reshape(x.shape) * weight("ln_x.weight") + weight("ln_x.bias")
    bonus = (r * k * weight("r_k")).sum(-1, keepdims=True) * v
    return ((y + bonus.reshape(x.shape)) * g) @ weight("output.weight").T, first


def logits(weights, config, tokens):
    norm = lambda x, name: normed(x, weights[f"{name}.weight"], weights[f"{name}.bias"], EPSILON)
    x, first = norm(weights["emb.weight"][tokens], "blocks.0.ln0"), None
    for layer in range(config["num_hidden_layers"]):
        block = f"blocks.{layer}."
        added, first = time_mix(
            norm(x, block + "ln1"), first, lambda name: weights[f"{block}att.{name}"], config["head_dim"])
        x = x + added
        y = norm(x, block + "ln2")
        y = y + weights[f"{block}ffn.x_k"].reshape(-1) * (before(y) - y)
        x = x + numpy.maximum(y @ weights[f"{block}ffn.key.weight"].T, 0) ** 2 @ weights[f"{block}ffn.value.weight"].T
    return norm(x, "ln_out") @ weights.get("head.weight", weights["emb.weight"]).T


def make(folder, name):
    config = MODELS[name]
    random = numpy.random.default_rng(zlib.crc32(name.encode()))
    weights = {name: fill(random, name, shape).astype(numpy.float32) for name, shape in shapes(config).items()}
    tokens = random.integers(VOCABULARY, size=(SEQUENCES, LENGTH))
    wide = {name: values.astype(numpy.float64) for name, values in weights.items()}
    found = numpy.array([logits(wide, config, sequence) for sequence in tokens])
    (folder / name).mkdir(exist_ok=True)
    about = dict(config, model_type="rwkv7", vocab_size=VOCABULARY, norm_eps=EPSILON, max_position_embeddings=64)
    (folder / name / "config.json").write_text(json.dumps(about, indent=2) + "\n")
    save_file(weights, folder / name / "model.safetensors")
    both = {"tokens": tokens.astype(numpy.int32), "logits": found.astype(numpy.float32).reshape(-1, VOCABULARY)}
    save_file(both, folder / name / "logits.safetensors")
    print(f"{name}: logits of deviation {found.std():.2f}")


for name in MODELS:
    make(pathlib.Path(sys.argv[1]), name)
