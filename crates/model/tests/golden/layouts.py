"""Tiny published models and what transformers makes of them, in single precision on the CPU.

Made with torch 2.15.0 and transformers 5.24.0.
Run: python layouts.py layouts            makes every folder anew
     python layouts.py layouts --only NAME... makes those folders alone
     python layouts.py layouts FOLDER...  holds transformers' logits of other folders, written by `model export` from
                                          those of the same names, to the same numbers

A folder is as `save_pretrained` writes it, and `logits.safetensors` beside: tokens `[sequences, length]` and the logits
after each. Every weight is random, norms, biases and states' decays included, so that no factor hides; lengths go beyond
chunks and windows.
"""

import os
import pathlib
import sys
import zlib

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"

import torch
import transformers
from safetensors.torch import load_file, save_file

VOCABULARY, SEQUENCES, LENGTH = 47, 2, 21
# Far from any default, so that it shows where it is read.
EPSILON = 3e-3

TRANSFORMER = dict(
    vocab_size=VOCABULARY, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4,
    num_key_value_heads=2, max_position_embeddings=64, rms_norm_eps=EPSILON, bos_token_id=None, eos_token_id=None,
)

MODELS = {
    "llama": ("Llama", dict(TRANSFORMER, rope_theta=1234.0, head_dim=6)),
    "llama-tied": ("Llama", dict(TRANSFORMER, tie_word_embeddings=True)),
    "llama-scaled": ("Llama", dict(TRANSFORMER, attention_bias=True, rope_parameters=dict(
        rope_type="llama3", rope_theta=500.0, factor=4.0, original_max_position_embeddings=16, low_freq_factor=1.0,
        high_freq_factor=4.0))),
    "mistral-window": ("Mistral", dict(TRANSFORMER, sliding_window=6)),
    "mistral": ("Mistral", dict(TRANSFORMER, sliding_window=None, rope_theta=77.0)),
    "mamba2": ("Mamba2", dict(
        vocab_size=VOCABULARY, hidden_size=16, expand=2, num_heads=4, head_dim=8, state_size=6, n_groups=2,
        num_hidden_layers=2, chunk_size=8, layer_norm_epsilon=EPSILON, bos_token_id=None, eos_token_id=None,
        pad_token_id=None)),
    "mamba": ("Mamba", dict(
        vocab_size=VOCABULARY, hidden_size=16, state_size=6, expand=3, conv_kernel=3, time_step_rank=2,
        num_hidden_layers=2, layer_norm_epsilon=EPSILON, bos_token_id=None, eos_token_id=None, pad_token_id=None)),
    "mamba-untied": ("Mamba", dict(
        vocab_size=VOCABULARY, hidden_size=40, num_hidden_layers=1, tie_word_embeddings=False, bos_token_id=None,
        eos_token_id=None, pad_token_id=None)),
    "jamba": ("Jamba", dict(
        TRANSFORMER, num_hidden_layers=3, attn_layer_period=3, attn_layer_offset=1, mamba_d_state=6, mamba_d_conv=3,
        mamba_dt_rank=3, num_experts=1, pad_token_id=None)),
    "zamba2": ("Zamba2", dict(
        vocab_size=VOCABULARY, hidden_size=16, num_hidden_layers=3, intermediate_size=24, max_position_embeddings=64,
        layers_block_type=["linear_attention", "hybrid", "hybrid"], mamba_d_state=6, mamba_d_conv=2, mamba_ngroups=2,
        n_mamba_heads=4, chunk_size=8, num_attention_heads=2, time_step_min=0.4, use_shared_attention_adapter=True,
        adapter_rank=3, use_mem_rope=True, rope_parameters=dict(rope_type="default", rope_theta=777.0),
        bos_token_id=None, eos_token_id=None, pad_token_id=None)),
    "zamba2-alternating": ("Zamba2", dict(
        vocab_size=VOCABULARY, hidden_size=16, num_hidden_layers=5, intermediate_size=20, max_position_embeddings=64,
        layers_block_type=["hybrid", "linear_attention", "hybrid", "hybrid", "hybrid"], num_mem_blocks=2,
        mamba_d_state=6, mamba_ngroups=2, n_mamba_heads=4, chunk_size=8, num_attention_heads=4,
        use_shared_attention_adapter=True, adapter_rank=3, bos_token_id=None, eos_token_id=None, pad_token_id=None)),
    "zamba2-plain": ("Zamba2", dict(
        vocab_size=VOCABULARY, hidden_size=16, num_hidden_layers=2, max_position_embeddings=64,
        layers_block_type=["linear_attention", "hybrid"], mamba_d_state=4, n_mamba_heads=2, num_attention_heads=2,
        adapter_rank=2, tie_word_embeddings=False, bos_token_id=None, eos_token_id=None, pad_token_id=None)),
    "qwen2": ("Qwen2", dict(TRANSFORMER, rope_theta=3000.0)),
    "qwen3": ("Qwen3", dict(TRANSFORMER, head_dim=6, rope_theta=5000.0, tie_word_embeddings=True)),
    "gpt2": ("GPT2", dict(
        vocab_size=VOCABULARY, n_embd=16, n_layer=2, n_head=4, n_inner=40, n_positions=32, layer_norm_epsilon=EPSILON,
        bos_token_id=None, eos_token_id=None)),
    "deepseek": ("DeepseekV3", dict(
        TRANSFORMER, num_key_value_heads=4, q_lora_rank=10, kv_lora_rank=8, qk_nope_head_dim=6, qk_rope_head_dim=4,
        v_head_dim=5, first_k_dense_replace=2, num_mtp_layers=0)),
    "deepseek-yarn": ("DeepseekV3", dict(
        TRANSFORMER, num_key_value_heads=4, q_lora_rank=None, kv_lora_rank=8, qk_nope_head_dim=6, qk_rope_head_dim=4,
        v_head_dim=5, first_k_dense_replace=2, num_mtp_layers=0, rope_parameters=dict(
            rope_type="yarn", rope_theta=100.0, factor=4.0, original_max_position_embeddings=16, beta_fast=4.0,
            beta_slow=1.0, mscale=1.0, mscale_all_dim=0.707))),
    "deepseek-v2": ("DeepseekV2", dict(
        TRANSFORMER, num_key_value_heads=4, q_lora_rank=None, kv_lora_rank=8, qk_nope_head_dim=6, qk_rope_head_dim=4,
        v_head_dim=5, first_k_dense_replace=2)),
    "qwen3-next": ("Qwen3Next", dict(
        TRANSFORMER, head_dim=8, rope_parameters=dict(rope_type="default", rope_theta=999.0, partial_rotary_factor=0.5),
        linear_num_key_heads=2, linear_num_value_heads=4, linear_key_head_dim=5, linear_value_head_dim=10,
        linear_conv_kernel_dim=4, layer_types=["linear_attention", "full_attention"], num_experts=0)),
    "mixtral": ("Mixtral", dict(
        TRANSFORMER, num_local_experts=5, num_experts_per_tok=3, rope_theta=4321.0, sliding_window=7)),
    "deepseek-experts": ("DeepseekV3", dict(
        TRANSFORMER, num_hidden_layers=3, num_key_value_heads=4, q_lora_rank=10, kv_lora_rank=8, qk_nope_head_dim=6,
        qk_rope_head_dim=4, v_head_dim=5, first_k_dense_replace=1, num_mtp_layers=0, moe_intermediate_size=6,
        n_routed_experts=12, n_shared_experts=2, num_experts_per_tok=3, n_group=4, topk_group=2,
        routed_scaling_factor=1.7)),
    "deepseek-sums": ("DeepseekV3", dict(
        TRANSFORMER, num_key_value_heads=4, q_lora_rank=None, kv_lora_rank=8, qk_nope_head_dim=6, qk_rope_head_dim=4,
        v_head_dim=5, first_k_dense_replace=0, num_mtp_layers=0, moe_intermediate_size=5, n_routed_experts=6,
        n_shared_experts=1, num_experts_per_tok=2, n_group=1, topk_group=1, norm_topk_prob=False)),
    "qwen3-next-experts": ("Qwen3Next", dict(
        TRANSFORMER, num_hidden_layers=4, head_dim=8, linear_num_key_heads=2, linear_num_value_heads=4,
        rope_parameters=dict(rope_type="default", rope_theta=999.0, partial_rotary_factor=0.5), linear_key_head_dim=5,
        linear_value_head_dim=10, linear_conv_kernel_dim=4, num_experts=6, num_experts_per_tok=2,
        moe_intermediate_size=7, shared_expert_intermediate_size=9, decoder_sparse_step=2, mlp_only_layers=[3],
        layer_types=["linear_attention", "full_attention", "linear_attention", "full_attention"])),
    "qwen3-next-all": ("Qwen3Next", dict(
        TRANSFORMER, head_dim=8, linear_num_key_heads=2, linear_num_value_heads=4, linear_key_head_dim=5,
        rope_parameters=dict(rope_type="default", rope_theta=999.0, partial_rotary_factor=0.5),
        linear_value_head_dim=10, linear_conv_kernel_dim=4, num_experts=4, num_experts_per_tok=3,
        moe_intermediate_size=7, shared_expert_intermediate_size=5, norm_topk_prob=False,
        layer_types=["linear_attention", "full_attention"])),
    "jamba-experts": ("Jamba", dict(
        TRANSFORMER, num_hidden_layers=5, attn_layer_period=3, attn_layer_offset=1, expert_layer_period=2,
        expert_layer_offset=1, num_experts=4, num_experts_per_tok=2, mamba_d_state=6, mamba_d_conv=3, mamba_dt_rank=3,
        pad_token_id=None)),
    "recurrent-gemma": ("RecurrentGemma", dict(
        vocab_size=VOCABULARY, hidden_size=20, intermediate_size=36, num_hidden_layers=4, num_attention_heads=2,
        num_key_value_heads=1, lru_width=24, attention_window_size=6, rms_norm_eps=EPSILON, logits_soft_cap=3.0,
        rope_parameters=dict(rope_type="default", rope_theta=321.0, partial_rotary_factor=0.4),
        block_types=["recurrent", "attention", "recurrent"], bos_token_id=None, eos_token_id=None, pad_token_id=None)),
    "recurrent-gemma-bias": ("RecurrentGemma", dict(
        vocab_size=VOCABULARY, hidden_size=16, intermediate_size=20, num_hidden_layers=3, num_attention_heads=2,
        num_key_value_heads=2, attention_window_size=64, conv1d_width=3, attention_bias=True, tie_word_embeddings=False,
        bos_token_id=None, eos_token_id=None, pad_token_id=None)),
}


def fill(name, value):
    """Random values of the size that keeps those of the network near one."""
    if value.dim() > 1:
        inputs = 1 if "embed" in name else value.shape[-1] if ".experts." in name else value[0].numel()
        return torch.randn(value.shape) * inputs**-0.5
    if value.min() == value.max() == 1.0:  # gains
        return 1.0 + 0.3 * torch.randn(value.shape)
    return 0.5 * torch.randn(value.shape)


def logits(model, tokens):
    model.eval()
    with torch.no_grad():
        return model(tokens, use_cache=False).logits.float().contiguous()


def make(folder, name):
    family, settings = MODELS[name]
    torch.manual_seed(zlib.crc32(name.encode()))
    config = getattr(transformers, family + "Config")(**settings)
    model = transformers.AutoModelForCausalLM.from_config(
        config, attn_implementation="eager", experts_implementation="eager")
    with torch.no_grad():
        corrections = [(name, value) for name, value in model.named_buffers() if name.endswith("correction_bias")]
        for parameter, value in [*model.named_parameters(), *corrections]:
            value.copy_(fill(parameter, value))
    tokens = torch.randint(VOCABULARY, (SEQUENCES, LENGTH))
    expected = logits(model, tokens)
    model.save_pretrained(folder / name)
    (folder / name / "generation_config.json").unlink(missing_ok=True)
    found = {"tokens": tokens.to(torch.int32), "logits": expected}
    save_file(found, folder / name / "logits.safetensors")
    size = sum(file.stat().st_size for file in (folder / name).iterdir())
    print(f"{name}: logits of deviation {expected.std():.2f}, {size / 1e3:.0f} kB")


def hold(folder, exported):
    golden = load_file(folder / exported.name / "logits.safetensors")
    model = transformers.AutoModelForCausalLM.from_pretrained(
        exported, attn_implementation="eager", experts_implementation="eager")
    difference = (logits(model, golden["tokens"].long()) - golden["logits"]).abs().max()
    print(f"{exported.name}: {type(model).__name__}, largest difference of logits {difference:.1e}")
    assert difference <= 1e-4


torch.set_num_threads(1)
golden, others = pathlib.Path(sys.argv[1]), sys.argv[2:]
if others and others[0] != "--only":
    for other in others:
        hold(golden, pathlib.Path(other))
else:
    for name in others[1:] or MODELS:
        make(golden, name)
