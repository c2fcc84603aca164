"""Reference numbers for the decoder, made with PyTorch in single precision on the CPU.

Run: python decoder.py decoder.safetensors   (needs torch and safetensors)

A nano decoder written with PyTorch's own operations (rms_norm, scaled_dot_product_attention, silu,
cross_entropy) and trained for ten steps with its AdamW and clip_grad_norm_. Weights, gains included,
are random, so that no factor hides. The file holds: the weights, the tokens, the logits, the loss
and the gradients of the first step, the losses and norms of ten steps and the weights after them.
"""

import sys

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

VOCABULARY, WIDTH, LAYERS, HEADS, GROUPS, HEAD_DIM, FEED_FORWARD, CONTEXT = 19, 16, 2, 4, 2, 6, 20, 12
BATCH, STEPS, THETA, EPSILON = 3, 10, 10_000.0, 1e-5
RATES = [0.003 * min(1.0, (step + 1) / 3) for step in range(STEPS)]


def shapes(tied):
    yield "embedding", (VOCABULARY, WIDTH)
    for layer in range(LAYERS):
        yield f"blocks.{layer}.attention_norm", (WIDTH,)
        yield f"blocks.{layer}.query_key_value", (WIDTH, (HEADS + 2 * GROUPS) * HEAD_DIM)
        yield f"blocks.{layer}.attention_output", (HEADS * HEAD_DIM, WIDTH)
        yield f"blocks.{layer}.feed_forward_norm", (WIDTH,)
        yield f"blocks.{layer}.gate_and_up", (WIDTH, 2 * FEED_FORWARD)
        yield f"blocks.{layer}.down", (FEED_FORWARD, WIDTH)
    yield "norm", (WIDTH,)
    if not tied:
        yield "head", (VOCABULARY, WIDTH)


def rotate(x):  # [batch, heads, length, head_dim]
    half = HEAD_DIM // 2
    angles = torch.arange(x.shape[2])[:, None] * THETA ** (-2.0 * torch.arange(half) / HEAD_DIM)[None, :]
    cosine, sine = angles.cos(), angles.sin()
    first, second = x[..., :half], x[..., half:]
    return torch.cat([first * cosine - second * sine, second * cosine + first * sine], dim=-1)


def logits(weights, tokens):
    batch, length = tokens.shape
    hidden = F.embedding(tokens, weights["embedding"])
    for layer in range(LAYERS):
        block = {name: weights[f"blocks.{layer}.{name}"] for name in
                 ("attention_norm", "query_key_value", "attention_output", "feed_forward_norm", "gate_and_up", "down")}
        normed = F.rms_norm(hidden, (WIDTH,), block["attention_norm"], EPSILON)
        projected = (normed @ block["query_key_value"]).view(batch, length, -1, HEAD_DIM).transpose(1, 2)
        query, key, value = projected.split([HEADS, GROUPS, GROUPS], dim=1)
        mixed = F.scaled_dot_product_attention(rotate(query), rotate(key), value, is_causal=True, enable_gqa=True)
        hidden = hidden + mixed.transpose(1, 2).reshape(batch, length, -1) @ block["attention_output"]
        normed = F.rms_norm(hidden, (WIDTH,), block["feed_forward_norm"], EPSILON)
        gate, up = (normed @ block["gate_and_up"]).chunk(2, dim=-1)
        hidden = hidden + (F.silu(gate) * up) @ block["down"]
    hidden = F.rms_norm(hidden, (WIDTH,), weights["norm"], EPSILON)
    return hidden @ weights.get("head", weights["embedding"]).T


def record(tied, prefix):
    torch.manual_seed(7 + tied)
    weights = {}
    for name, shape in shapes(tied):
        deviation = 0.5 if len(shape) == 1 else shape[0 if "head" not in name and "embedding" not in name else 1] ** -0.5
        weights[name] = torch.randn(shape) * deviation + (1.0 if len(shape) == 1 else 0.0)
    found = {f"weight.{name}": value.clone() for name, value in weights.items()}
    tokens = torch.randint(VOCABULARY, (STEPS, BATCH, CONTEXT + 1))
    found["tokens"] = tokens.to(torch.float32)

    parameters = {name: torch.nn.Parameter(value) for name, value in weights.items()}
    decays = lambda name, value: value.dim() > 1 and name != "embedding"
    groups = [{"params": [value for name, value in parameters.items() if decays(name, value) == wanted],
               "weight_decay": 0.1 if wanted else 0.0} for wanted in (True, False)]
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.95), eps=1e-8)
    losses, norms = [], []
    for step in range(STEPS):
        inputs, targets = tokens[step, :, :-1], tokens[step, :, 1:]
        scores = logits(parameters, inputs)
        loss = F.cross_entropy(scores.reshape(-1, VOCABULARY), targets.reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        if step == 0:
            found["logits"] = scores.detach().reshape(-1, VOCABULARY).clone()
            found.update({f"gradient.{name}": value.grad.clone() for name, value in parameters.items()})
        losses.append(loss.item())
        norms.append(torch.nn.utils.clip_grad_norm_(parameters.values(), 1.0).item())
        for group in optimizer.param_groups:
            group["lr"] = RATES[step]
        optimizer.step()
    found["losses"], found["norms"] = torch.tensor(losses), torch.tensor(norms)
    found.update({f"trained.{name}": value.detach().clone() for name, value in parameters.items()})
    return {f"{prefix}.{name}": value.contiguous() for name, value in found.items()}


if __name__ == "__main__":
    torch.set_num_threads(1)
    save_file({**record(True, "tied"), **record(False, "untied")}, sys.argv[1], {"torch": torch.__version__})
