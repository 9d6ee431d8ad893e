"""Memory of small and well-known models, worked out on paper."""

from collections import Counter
from pathlib import Path

import pytest

from macros.estimate import estimate
from macros.formulas.companions import prediction_parameters, projector_bytes
from macros.formulas.compute_graph.arena import Arena, give, take
from macros.formulas.decode import token_seconds
from macros.formulas.kv_cache import cache_bytes, padded_cells, recurrent_state_bytes, row_bytes, window_cells
from macros.formulas.paged_cache import PagedLayer, plan_pages, pool_block_bytes, request_blocks
from macros.formulas.parameters import active_parameters, parameters
from macros.formulas.prefill import pipelined_seconds
from macros.formulas.weights.file import weight_bytes
from macros.formulas.weights.packing import uniform_bytes, uniform_tensors
from macros.formulas.weights.recipe import more_bits, typed_tensors
from macros.specs import load
from macros.specs.architectures import FeedForward

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")
MIB = 2**20


def shapes(model):
    """The architecture of a model that has its own."""
    return CATALOGUE.models[model].architecture


def test_llama_2_7b_has_its_parameters():
    table = 32000 * 4096
    block = 4 * 4096 * 4096 + 3 * 4096 * 11008 + 2 * 4096
    assert parameters(shapes("llama-2-7b")) == 2 * table + 32 * block + 4096 == 6_738_415_616


def test_mixtral_uses_two_of_eight_experts():
    expert = 3 * 4096 * 14336
    assert parameters(shapes("mixtral-8x7b")) - active_parameters(shapes("mixtral-8x7b")) == 32 * 6 * expert + (32000 - 1) * 4096


def test_gpt_oss_20b_uses_four_of_32_experts():
    expert = 3 * 2880 * 2880 + 3 * 2880
    a = shapes("gpt-oss-20b")
    assert parameters(a) - active_parameters(a) == 24 * 28 * expert + (201088 - 1) * 2880


def test_gemma_4_26b_uses_eight_of_128_experts():
    a = shapes("gemma-4-26b-a4b")
    assert parameters(a) - active_parameters(a) == 30 * 120 * 3 * 2816 * 704


def test_gemma_3n_looks_up_a_row_of_each_layer():
    a = shapes("gemma-3n-e4b")
    assert parameters(a) - active_parameters(a) == (262144 - 1) * 35 * 256


def test_the_layer_of_a_prediction_counts_among_those_with_more_bits():
    """GLM-4.5-Air's recipe goes by 47 layers: 46, and one that predicts."""
    a = shapes("glm-4.5-air-106b")
    found = typed_tensors(a, CATALOGUE.quantizations["q4_k_m"].recipe, CATALOGUE.tensor_types)
    better = [layer for tensor in found if tensor.group.name == "attn_v" and tensor.type == "q6_k" for layer in tensor.layers]
    assert better == [layer for layer in range(47) if more_bits(layer, 47)] != [layer for layer in range(47) if more_bits(layer, 45)]


def test_without_word_of_it_no_importance_matrix_is_used():
    a, recipe = shapes("llama-2-7b"), CATALOGUE.quantizations["iq4_xs"].recipe
    plain, without, with_one = (
        [(tensor.type, tensor.layers) for tensor in typed_tensors(a, recipe, CATALOGUE.tensor_types, **said)]
        for said in ({}, {"importance_matrix": False}, {"importance_matrix": True})
    )
    assert plain == without != with_one


def test_llama_2_7b_in_q4_0():
    table = 32000 * 4096
    matrices = 32 * (4 * 4096 * 4096 + 3 * 4096 * 11008)
    norms = 32 * 2 * 4096 + 4096
    expected = (table + matrices) * 18 // 32 + table * 210 // 256 + norms * 4
    assert weight_bytes(shapes("llama-2-7b"), CATALOGUE.quantizations["q4_0"], CATALOGUE.tensor_types) == expected


def test_medium_presets_give_half_of_the_layers_more_bits():
    found = Counter()
    for tensor in typed_tensors(shapes("llama-2-7b"), CATALOGUE.quantizations["q4_k_m"].recipe, CATALOGUE.tensor_types):
        found[tensor.type] += len(tensor.layers)
    better = sum(more_bits(layer, 32) for layer in range(32))
    assert better == 16
    assert found == {"f32": 32 * 2 + 1, "q6_k": 2 * better + 1, "q4_k": 32 * 7 - 2 * better + 1}


def test_gptq_of_llama_2_7b():
    table = 32000 * 4096
    matrices = 32 * (4 * 4096 * 4096 + 3 * 4096 * 11008)
    inputs = 32 * (6 * 4096 + 11008)
    norms = 32 * 2 * 4096 + 4096
    per_weight = CATALOGUE.quantizations["gptq-4bit-128g"].per_weight
    grouped = matrices * 4 + matrices // 128 * (per_weight.scale_bits + per_weight.zero_point_bits) + inputs * per_weight.input_index_bits
    assert uniform_bytes(shapes("llama-2-7b"), per_weight) == grouped // 8 + (2 * table + norms) * 2


def test_routers_keep_16_bits_in_fp8():
    table = 2 * 32000 * 4096
    linear = 32 * (2 * 4096 * 4096 + 2 * 4096 * 1024 + 8 * 3 * 4096 * 14336)
    routers = 32 * 8 * 4096
    norms = 32 * 2 * 4096 + 4096
    per_weight = CATALOGUE.quantizations["int8"].per_weight.model_copy(
        update={"weight_bits": 8, "group_size": 128, "scale_bits": 0, "matrix_bytes": 0, "rules": []}
    )
    assert uniform_bytes(shapes("mixtral-8x7b"), per_weight) == linear + 2 * (table + routers + norms)


def test_a_tied_table_works_whole():
    a = shapes("qwen2.5-0.5b")
    assert a.tied_embeddings
    assert active_parameters(a) == parameters(a)


def test_prediction_layers_do_not_work():
    a = shapes("glm-4.5-air-106b")
    alone = a.model_copy(update={"prediction_layers": 0})
    assert a.prediction_layers == 1
    assert active_parameters(a) == active_parameters(alone)
    assert parameters(a) == parameters(alone)


def test_prediction_layers_are_a_companion():
    a = shapes("glm-4.5-air-106b")
    # The published count, prediction layer included, less that of the layers proper.
    assert prediction_parameters(a, beside=5) == 110_468_824_832 - parameters(a) + 5
    assert prediction_parameters(shapes("llama-2-7b"), beside=5) == 5


def test_a_published_projector_weighs_what_its_file_does():
    assert projector_bytes(parameters=1000, file_bytes=2345) == 2345


def test_position_factors_are_no_parameters():
    """Llama 3 scales positions by stored factors, whose tensor stands before those of the layers."""
    a = shapes("llama-3.1-8b")
    without = a.model_copy(update={"attention": a.attention.model_copy(update={"rope_factor_sets": 0})})
    assert a.attention.rope_factor_sets == 1
    assert active_parameters(a) == active_parameters(without) == 8_030_261_248 - (128_256 - 1) * 4096
    per_weight = CATALOGUE.quantizations["fp8"].per_weight
    assert uniform_bytes(a, per_weight) == uniform_bytes(without, per_weight)


def test_matrices_of_streams_keep_16_bits():
    """What mixes Gemma 3n's streams is small and stays at 16 bits in every format, as vectors do; its projections do not."""
    per_weight = CATALOGUE.quantizations["int8"].per_weight
    sizes = {group.name: size / (group.values * group.count) for group, size in uniform_tensors(shapes("gemma-3n-e2b"), per_weight)}
    kept = ("altup_router", "laurel_l", "laurel_r", "altup_proj", "attn_norm", "altup_correct_scale")
    assert [sizes[name] for name in kept] == [2] * len(kept)
    assert 1 <= sizes["attn_q"] < 1.1


def test_a_vector_is_no_linear_layer():
    """A layer's own scale, one value, is a vector; a matrix of two rows is a matrix."""
    per_weight = CATALOGUE.quantizations["int8"].per_weight.model_copy(update={"group_size": None, "scale_bits": 0, "matrix_bytes": 0})
    sizes = {group.name: size / (group.values * group.count) for group, size in uniform_tensors(shapes("gemma-4-e2b"), per_weight)}
    assert sizes["layer_output_scale"] == 2
    tiny = shapes("llama-2-7b").model_copy(update={"feed_forward": FeedForward(size=2)})
    sizes = {group.name: size / (group.values * group.count) for group, size in uniform_tensors(tiny, per_weight)}
    assert sizes["ffn_up"] == 1


def test_weights_of_a_format_are_those_of_its_groups():
    quantization = CATALOGUE.quantizations["gptq-4bit-128g"]
    a = shapes("llama-2-7b")
    assert weight_bytes(a, quantization, CATALOGUE.tensor_types) == sum(size for _, size in uniform_tensors(a, quantization.per_weight))


def test_pages_are_filled_up():
    layers = [PagedLayer("full", 3072) for _ in range(32)]
    plan = plan_pages(layers, block_tokens=16, step=16)
    assert request_blocks(plan, context=17, in_flight=4096) * pool_block_bytes(plan, list(range(32))) == 32 * 32 * 3072


def test_kinds_of_layers_pay_with_the_pages_of_the_largest_group():
    # Gemma-3-27B: 10 layers see everything, 52 a window of 1,024: groups of 10, the sixth of the windowed ones padded.
    layers = [PagedLayer("full", 8192) if layer % 6 == 5 else PagedLayer("window", 8192, 1024) for layer in range(62)]
    plan = plan_pages(layers, block_tokens=16, step=16)
    assert [len(group.layers) for group in plan.groups if group.kind == "full"] == [10]
    assert sum(len(group.layers) for group in plan.groups if group.kind == "window") == 52
    assert pool_block_bytes(plan, list(range(62))) == 10 * 16 * 8192
    # 512 pages of all 8,192 tokens, and for each of six groups those of 1,023 + 4,096 tokens, whole and one more.
    assert request_blocks(plan, context=8192, in_flight=4096) == 512 + 6 * 321
    # A stage of the pipeline holds a part of each group.
    assert pool_block_bytes(plan, list(range(31))) == 5 * 16 * 8192


def test_pages_of_different_width_are_made_equal():
    # 8 KiB and 16 KiB a token: the narrower page takes twice the tokens; 12 KiB does not divide and is padded.
    doubled = plan_pages([PagedLayer("full", 8192), PagedLayer("window", 16384, 1024)], block_tokens=16, step=16)
    assert {group.kind: group.block_tokens for group in doubled.groups} == {"full": 32, "window": 16}
    padded = plan_pages([PagedLayer("full", 12288), PagedLayer("window", 16384, 1024)], block_tokens=16, step=16)
    assert padded.page_bytes == (16 * 16384, 16 * 16384)
    # All layers keep all tokens: one group, whose page is the sum.
    summed = plan_pages([PagedLayer("full", 1152), PagedLayer("full", 132)], block_tokens=64, step=16)
    assert pool_block_bytes(summed, [0, 1]) == 64 * (1152 + 132)


@pytest.mark.parametrize(("tokens", "cells"), [(1, 256), (256, 256), (257, 512), (4096, 4096)])
def test_cells_come_by_256(tokens, cells):
    assert padded_cells(tokens) == cells


def test_a_window_keeps_a_batch_beside_it():
    assert window_cells(cells=8192, window=1024, sequences=1, batch=512) == 1536
    assert window_cells(cells=1024, window=1024, sequences=1, batch=512) == 1024


def test_two_gib_of_cache():
    row = row_bytes(values=4096, block=1, block_bytes=2)
    assert cache_bytes(cells=4096, layers=32, key_row_bytes=row, value_row_bytes=row) == 2 * 2**30
    assert estimate({"model": "llama-2-7b", "quant": "q4_0", "context": 4096}, CATALOGUE)["kv_cache"]["bytes"] == 2 * 2**30


def test_a_state_is_held_once_a_sequence():
    one = recurrent_state_bytes(layers=24, sequences=1, conv_kernel=4, convolved=8192, state=128 * 128 * 32)
    assert one == 24 * (3 * 8192 + 128 * 128 * 32) * 4
    assert recurrent_state_bytes(layers=24, sequences=4, conv_kernel=4, convolved=8192, state=128 * 128 * 32) == 4 * one


def test_the_logits_of_llama_3_8b_make_its_compute_buffer():
    question = {"model": "llama-3-8b", "quant": "q4_0", "context": 8192, "gpus": ["rtx-3090"], "logits_rows": 512, "build": "0c1e57098"}
    assert estimate(question, CATALOGUE)["devices"][0]["compute_buffer_bytes"] == 512 * (128256 + 4096) * 4 == 258.5 * MIB


def test_the_arena_takes_the_tightest_gap_and_joins_neighbours():
    arena = Arena(alignment=128)
    a, b, c, _ = (take(arena, size) for size in (512, 128, 256, 128))
    assert arena.tops == [1024]
    give(arena, a, 512)
    give(arena, c, 256)
    assert take(arena, 256) == c
    give(arena, b, 128)
    assert take(arena, 640) == a
    assert arena.tops == [1024]
    take(arena, 128)
    assert arena.tops == [1152]


def on_cores(*, cores, bandwidth):
    """A token of 8e9 parameters in 4e9 bytes on so many cores of 0.1 TFLOP/s."""
    return token_seconds(
        weight_bytes=4e9, cache_bytes=0, attention_flop=0, attention_rate=1e12, layers=32, mixture_layers=0, beside_layers=0,
        recurrent_layers=0, normed_layers=0, parameters=8e9, bandwidth=bandwidth, pace=1.0, joined=0, fp32_tflops=0.1 * cores,
        plain_dot=0, plain_attention=0, on_cores=1, lookup=0, efficiency=0.8, layer_time=0, cache_factor=2, attention_cost=2,
        mixture_factor=2, beside_factor=1, recurrent_factor=1, norm_factor=1, die_factor=2, dot_cost=5, core_cost=3, lookup_cost=2,
        slower=1,
    )  # fmt: skip


def test_few_cores_bind_and_many_wait_for_memory():
    assert on_cores(cores=2, bandwidth=100e9) == on_cores(cores=2, bandwidth=400e9) == pytest.approx(2 * 8e9 * 3 / 0.2e12)
    assert on_cores(cores=16, bandwidth=100e9) == on_cores(cores=64, bandwidth=100e9) == pytest.approx(4e9 / 80e9)


def test_a_pipeline_keeps_four_passes():
    """Eight cards wait for the inputs of four passes; one pass has nothing to overlap with."""
    assert pipelined_seconds(whole=8.0, slowest=1.0, passes=1, factor=1.3) == 8.0
    assert pipelined_seconds(whole=8.0, slowest=1.0, passes=100, factor=1.0) == pytest.approx(2.06)
    assert pipelined_seconds(whole=8.0, slowest=7.0, passes=100, factor=1.3) == 8.0


def test_mixed_mlx_gives_half_of_the_layers_more_bits():
    """Values, down projections and the output matrix have 6 bits where llama.cpp's medium presets have more, all else 4."""
    a = shapes("llama-2-7b")
    sizes = Counter()
    for group, size in uniform_tensors(a, CATALOGUE.quantizations["mlx-mixed-4-6"].per_weight):
        bits = size * 8 / (group.values * group.count)
        sizes[group.name, bits] += len(group.layers)
    assert sizes["attn_v", 6.5] == sizes["attn_v", 4.5] == sizes["ffn_down", 6.5] == 16
    assert (sizes["attn_q", 4.5], sizes["token_embd", 4.5], sizes["output", 6.5]) == (32, 1, 1)


def test_routers_have_8_bits_in_mlx_but_in_mixtures_of_widths():
    for name, bits in (("mlx-4bit-64g", 8.5), ("mlx-nvfp4", 8.5), ("mlx-mixed-4-6", 4.5)):
        sizes = {
            g.name: size * 8 / (g.values * g.count)
            for g, size in uniform_tensors(shapes("qwen3-30b-a3b"), CATALOGUE.quantizations[name].per_weight)
        }
        assert sizes["ffn_gate_inp"] == bits, name


def test_gpt_oss_is_as_published():
    """13,761,264,768 and 65,248,815,744 bytes of tensors: the published counts a dtype of both repositories."""
    mxfp4 = CATALOGUE.quantizations["mxfp4"].per_weight
    assert uniform_bytes(shapes("gpt-oss-20b"), mxfp4) == 13_761_264_768
    assert uniform_bytes(shapes("gpt-oss-120b"), mxfp4) == 65_248_815_744
