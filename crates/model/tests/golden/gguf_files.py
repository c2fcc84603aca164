"""GGUF files of the published folders beside, as llama.cpp's converter makes them, by gguf-py's own writer and names.

    pip install numpy==2.4.6 gguf==0.19.0
    python gguf_files.py layouts gguf      writes gguf/NAME.gguf of layouts/NAME for each model below
    python gguf_files.py read FILE...      prints what gguf-py reads in other files, to hold `model quantise` to

The converter's rules that are not the writer's: the rows of queries and keys of Llama's architecture are sent from
halves to neighbours (`LlamaModel.permute`), linear layers of GPT-2 are turned, Llama 3.1's scaling becomes divisors.
"""

import json
import math
import pathlib
import struct
import sys

import gguf
import numpy as np

MODELS = {"llama": "llama", "llama-scaled": "llama", "qwen2": "qwen2", "qwen3": "qwen3", "gpt2": "gpt2"}


def folder(path: pathlib.Path) -> tuple[dict, dict[str, np.ndarray]]:
    """The config and the tensors of a folder."""
    content = (path / "model.safetensors").read_bytes()
    length = struct.unpack("<Q", content[:8])[0]
    header, values = json.loads(content[8 : 8 + length]), content[8 + length :]
    tensors = {}
    for name, about in header.items():
        if name != "__metadata__":
            first, last = about["data_offsets"]
            tensors[name] = np.frombuffer(values[first:last], np.float32).reshape(about["shape"])
    return json.loads((path / "config.json").read_text()), tensors


def permuted(rows: np.ndarray, heads: int) -> np.ndarray:
    halves = rows.reshape(heads, 2, rows.shape[0] // heads // 2, *rows.shape[1:])
    return np.ascontiguousarray(halves.swapaxes(1, 2).reshape(rows.shape))


def divisors(config: dict, rope: dict) -> np.ndarray:
    """What the frequencies of Llama 3.1's scaling are divided by."""
    head = config["head_dim"]
    factor, low, high = rope["factor"], rope["low_freq_factor"], rope["high_freq_factor"]
    context = rope["original_max_position_embeddings"]
    found = []
    for pair in range(head // 2):
        length = 2 * math.pi * rope["rope_theta"] ** (2 * pair / head)
        if length < context / high:
            found.append(1.0)
        elif length > context / low:
            found.append(factor)
        else:
            smooth = (context / length - low) / (high - low)
            found.append(1 / ((1 - smooth) / factor + smooth))
    return np.array(found, np.float32)


def write(source: pathlib.Path, target: pathlib.Path, architecture: str) -> None:
    config, tensors = folder(source)
    writer = gguf.GGUFWriter(target, architecture)
    layers = config.get("num_hidden_layers") or config["n_layer"]
    writer.add_block_count(layers)
    if architecture == "gpt2":
        writer.add_context_length(config["n_positions"])
        writer.add_embedding_length(config["n_embd"])
        writer.add_feed_forward_length(config["n_inner"])
        writer.add_head_count(config["n_head"])
        writer.add_layer_norm_eps(config["layer_norm_epsilon"])
    else:
        rope = config["rope_parameters"]
        writer.add_context_length(config["max_position_embeddings"])
        writer.add_embedding_length(config["hidden_size"])
        writer.add_feed_forward_length(config["intermediate_size"])
        writer.add_head_count(config["num_attention_heads"])
        writer.add_head_count_kv(config["num_key_value_heads"])
        if "head_dim" in config:
            writer.add_key_length(config["head_dim"])
            writer.add_value_length(config["head_dim"])
        writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
        writer.add_rope_freq_base(rope["rope_theta"])
    if architecture == "llama":
        writer.add_vocab_size(config["vocab_size"])
        writer.add_rope_dimension_count(config["head_dim"])
        if rope["rope_type"] == "llama3":
            writer.add_tensor("rope_freqs.weight", divisors(config, rope))
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH[architecture.upper()], layers)
    for name, values in tensors.items():
        if architecture == "llama" and ".q_proj." in name:
            values = permuted(values, config["num_attention_heads"])
        if architecture == "llama" and ".k_proj." in name:
            values = permuted(values, config["num_key_value_heads"])
        if name.endswith((".c_attn.weight", ".c_proj.weight", ".c_fc.weight")):
            values = np.ascontiguousarray(values.T)
        writer.add_tensor(names.get_name(name, try_suffixes=(".weight", ".bias")), values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def read(path: str) -> None:
    reader = gguf.GGUFReader(path)
    for field in reader.fields.values():
        value = field.contents()
        print(field.name, len(value) if isinstance(value, list) else value)
    for tensor in reader.tensors:
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        print(tensor.name, tensor.tensor_type.name, tensor.shape.tolist(), float(np.abs(values).mean()))


if sys.argv[1] == "read":
    for path in sys.argv[2:]:
        read(path)
else:
    source, target = map(pathlib.Path, sys.argv[1:])
    target.mkdir(exist_ok=True)
    for name, architecture in MODELS.items():
        write(source / name, target / f"{name}.gguf", architecture)
