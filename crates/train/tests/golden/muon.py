"""Reference numbers for Muon, made with PyTorch's own optimisers in single precision on the CPU.

Run: python muon.py muon.safetensors   (needs torch 2.9 or later, which has Muon, and safetensors)

The decoders, tokens and rates of the model room's `decoder.py`, whose weights are read from the file that it made:
ten steps in which torch.optim.Muon (adjust_lr_fn "match_rms_adamw") moves the matrices within the network, those of
queries, keys, values, gate and up each by itself, and torch.optim.AdamW the rest, after clipping over all. Muon's
iteration runs in f32 instead of bf16, which is the type it asks for: its digits are then those of the algorithm. The
file holds the losses and norms of the steps and the weights after them.
"""

import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

MODEL = Path(__file__).resolve().parents[3] / "model" / "tests" / "golden"
sys.path.insert(0, str(MODEL))
from decoder import GROUPS, HEAD_DIM, HEADS, FEED_FORWARD, RATES, STEPS, VOCABULARY, logits  # noqa: E402

SHARES = {
    "query_key_value": [HEADS * HEAD_DIM, GROUPS * HEAD_DIM, GROUPS * HEAD_DIM],
    "gate_and_up": [FEED_FORWARD, FEED_FORWARD],
}


def train(given, kind):
    weights = {name.removeprefix(f"{kind}.weight."): value for name, value in given.items()
               if name.startswith(f"{kind}.weight.")}
    tokens = given[f"{kind}.tokens"].to(torch.int64)
    is_hidden = lambda name: name.startswith("blocks.") and weights[name].dim() > 1
    pieces = {name: [torch.nn.Parameter(part.contiguous()) for part in
                     value.split(SHARES.get(name.split(".")[-1], [value.shape[-1]]), dim=-1)]
              for name, value in weights.items()}
    whole = lambda: {name: torch.cat(parts, dim=-1) for name, parts in pieces.items()}
    of = lambda wanted: [part for name, parts in pieces.items() if wanted(name) for part in parts]
    muon = torch.optim.Muon(of(is_hidden), weight_decay=0.1, momentum=0.95, adjust_lr_fn="match_rms_adamw")
    groups = [{"params": of(lambda name: name == "head"), "weight_decay": 0.1},
              {"params": of(lambda name: not is_hidden(name) and name != "head"), "weight_decay": 0.0}]
    adamw = torch.optim.AdamW([group for group in groups if group["params"]], betas=(0.9, 0.95), eps=1e-8)
    losses, norms = [], []
    for step in range(STEPS):
        inputs, targets = tokens[step, :, :-1], tokens[step, :, 1:]
        loss = F.cross_entropy(logits(whole(), inputs).reshape(-1, VOCABULARY), targets.reshape(-1))
        for optimizer in (muon, adamw):
            optimizer.zero_grad()
        loss.backward()
        losses.append(loss.item())
        norms.append(torch.nn.utils.clip_grad_norm_(of(lambda _: True), 1.0).item())
        for optimizer in (muon, adamw):
            for group in optimizer.param_groups:
                group["lr"] = RATES[step]
            optimizer.step()
    found = {"losses": torch.tensor(losses), "norms": torch.tensor(norms)}
    found.update({f"trained.{name}": value.detach().clone() for name, value in whole().items()})
    return {f"{kind}.{name}": value.contiguous() for name, value in found.items()}


torch.set_num_threads(1)
torch.bfloat16 = torch.float32
given = load_file(MODEL / "decoder.safetensors")
save_file({**train(given, "tied"), **train(given, "untied")}, sys.argv[1], {"torch": torch.__version__})
