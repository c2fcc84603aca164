"""Reference numbers for LSTM, minGRU and minLSTM, made with PyTorch in single precision on the CPU.

Run: python recurrent.py recurrent.safetensors   (needs torch and safetensors)

Networks of two blocks, x + output(recurrence(rms_norm(x) projection)), whose recurrence is torch.nn.LSTM itself, or the
sequential equations of Feng et al. 2024 (arXiv 2410.01201, sections 3.1 and 3.2) behind a depthwise causal conv1d.
Weights, gains and biases included, are random, so that no factor hides. The file holds, a family each: the weights in the
order of the gates that they have here, the tokens, the logits, the loss and the gradients.
"""

import sys

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

VOCABULARY, WIDTH, INNER, LAYERS, TAPS = 19, 12, 10, 2, 4
BATCH, LENGTH, EPSILON = 3, 12, 1e-5
PARTS = {"lstm": 4, "min-gru": 2, "min-lstm": 3}


def own_of_torch(rows):
    """Gates stand as input, forget, candidate and output in nn.LSTM, here as forget, input, output and candidate."""
    input, forget, candidate, output = rows.chunk(4, dim=0)
    return torch.cat([forget, input, output, candidate], dim=0)


class Block(torch.nn.Module):
    def __init__(self, family):
        super().__init__()
        random = lambda *shape: torch.nn.Parameter(torch.randn(shape) * shape[0] ** -0.5)
        self.family, columns = family, PARTS[family] * INNER
        self.recurrent_norm = torch.nn.Parameter(1 + 0.5 * torch.randn(WIDTH))
        self.recurrent_output = random(INNER, WIDTH)
        if family == "lstm":
            self.lstm = torch.nn.LSTM(WIDTH, INNER, batch_first=True)
            with torch.no_grad():
                # One bias, of which torch has two.
                self.lstm.bias_ih_l0.normal_()
                self.lstm.bias_hh_l0.zero_()
                self.lstm.weight_ih_l0.normal_(std=WIDTH ** -0.5)
                self.lstm.weight_hh_l0.normal_(std=INNER ** -0.5)
        else:
            self.recurrent_projection = random(WIDTH, columns)
            self.convolution = random(TAPS, columns)
            self.convolution_bias = torch.nn.Parameter(0.5 * torch.randn(columns))

    def recurrence(self, x):
        if self.family == "lstm":
            return self.lstm(x)[0]
        projected = F.pad((x @ self.recurrent_projection).transpose(1, 2), (TAPS - 1, 0))
        filters = self.convolution.T[:, None]
        projected = F.conv1d(projected, filters, self.convolution_bias, groups=filters.shape[0]).transpose(1, 2)
        *gates, candidate = projected.chunk(PARTS[self.family], dim=-1)
        gates = [torch.sigmoid(gate) for gate in gates]
        if self.family == "min-gru":
            keep, write = 1 - gates[0], gates[0]
        else:
            keep, write = (gate / (gates[0] + gates[1]) for gate in gates)
        hidden, all = torch.zeros(x.shape[0], INNER), []
        for position in range(x.shape[1]):
            hidden = keep[:, position] * hidden + write[:, position] * candidate[:, position]
            all.append(hidden)
        return torch.stack(all, dim=1)

    def forward(self, x):
        normed = F.rms_norm(x, (WIDTH,), self.recurrent_norm, EPSILON)
        return x + self.recurrence(normed) @ self.recurrent_output

    def own(self, of):
        """What `of` tells of each parameter, under the names and in the order that they have here."""
        found = {name: of(value) for name, value in self.named_parameters(recurse=False)}
        if self.family == "lstm":
            bias = own_of_torch(of(self.lstm.bias_ih_l0))
            found["recurrent_projection"] = own_of_torch(of(self.lstm.weight_ih_l0)).T
            found["recurrence"] = own_of_torch(of(self.lstm.weight_hh_l0)).T
            found["forget_bias"], found["gate_bias"] = bias[:INNER], bias[INNER:]
        return found


def record(family, seed):
    torch.manual_seed(seed)
    embedding = torch.nn.Parameter(torch.randn(VOCABULARY, WIDTH) * WIDTH ** -0.5)
    norm = torch.nn.Parameter(1 + 0.5 * torch.randn(WIDTH))
    blocks = [Block(family) for _ in range(LAYERS)]
    tokens = torch.randint(VOCABULARY, (BATCH, LENGTH + 1))
    hidden = F.embedding(tokens[:, :-1], embedding)
    for block in blocks:
        hidden = block(hidden)
    logits = F.rms_norm(hidden, (WIDTH,), norm, EPSILON) @ embedding.T
    loss = F.cross_entropy(logits.reshape(-1, VOCABULARY), tokens[:, 1:].reshape(-1))
    loss.backward()
    found = {"tokens": tokens.to(torch.float32), "logits": logits.reshape(-1, VOCABULARY), "loss": loss.reshape(1)}
    for kind, of in (("weight", lambda value: value), ("gradient", lambda value: value.grad)):
        found |= {f"{kind}.embedding": of(embedding), f"{kind}.norm": of(norm)}
        for layer, block in enumerate(blocks):
            found |= {f"{kind}.blocks.{layer}.{name}": value for name, value in block.own(of).items()}
    return {f"{family}.{name}": value.detach().clone().contiguous() for name, value in found.items()}


torch.set_num_threads(1)
everything = {}
for seed, family in enumerate(PARTS):
    everything |= record(family, 7 + seed)
save_file(everything, sys.argv[1], {"torch": torch.__version__})
