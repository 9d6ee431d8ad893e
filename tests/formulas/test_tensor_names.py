"""Tensors are called as the file format calls them: recipes, streaming and plans go by name."""

from pathlib import Path

from macros.estimate.config_json import read_config
from macros.formulas.tensors.model import tensor_groups
from macros.specs import load
from macros.specs.models import architecture_of
from tests.estimate.test_config_json import SMALL, long_form

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")
NAMES = """
    token_embd token_embd_norm token_embd_norm_bias position_embd
    output output_bias output_norm output_norm_bias rope_factors_0 rope_factors_1
    per_layer_token_embd per_layer_model_proj per_layer_proj_norm inp_gate proj post_norm layer_output_scale
    attn_norm attn_norm_bias post_attention_norm ffn_norm ffn_norm_bias post_ffw_norm post_ffw_norm_1 post_ffw_norm_2 pre_ffw_norm_2
    attn_q attn_k attn_v attn_qkv attn_gate attn_output attn_q_norm attn_k_norm attn_sinks attn_bias_0 attn_bias_1 attn_bias_2 attn_bias_3
    attn_q_a attn_q_a_norm attn_q_b attn_kv_a_mqa attn_kv_a_norm attn_kv_b attn_k_b attn_v_b
    indexer.attn_k indexer.attn_q_b indexer.k_norm indexer.k_norm_bias indexer.proj
    ffn_gate ffn_up ffn_down ffn_gate_bias ffn_up_bias ffn_down_bias ffn_gate_inp ffn_gate_inp_bias ffn_gate_inp_scale exp_probs_b
    ffn_gate_exps ffn_up_exps ffn_down_exps ffn_gate_up_exps ffn_gate_exps_bias ffn_up_exps_bias ffn_down_exps_bias ffn_down_exps_scale
    ffn_gate_inp_shexp ffn_gate_shexp ffn_up_shexp ffn_down_shexp ffn_latent_down ffn_latent_up ffn_norm_exps
    ssm_in ssm_conv1d ssm_conv1d_bias ssm_dt ssm_a ssm_d ssm_norm ssm_out ssm_ba ssm_beta ssm_alpha
    ssm_x ssm_dt_bias ssm_dt_norm ssm_b_norm ssm_c_norm ssm_conv1d_q ssm_conv1d_k ssm_conv1d_v ssm_f_a ssm_f_b ssm_g_a ssm_g_b
    shortconv.conv shortconv.in_proj shortconv.out_proj
    altup_proj altup_unembd_proj altup_correct_coef altup_correct_scale altup_predict_coef altup_router altup_router_norm
    laurel_l laurel_r laurel_post_norm
    attn_kv attn_output_a attn_output_b attn_compressor_kv attn_compressor_gate attn_compressor_ape attn_compressor_norm
    indexer_compressor_kv indexer_compressor_gate indexer_compressor_ape indexer_compressor_norm
    indexer.q_proj indexer.k_proj indexer.q_norm attn_sub_norm ffn_sub_norm ffn_gate_tid2eid
    output_hc_fn output_hc_base output_hc_scale hc_attn_fn hc_attn_base hc_attn_scale hc_ffn_fn hc_ffn_base hc_ffn_scale
    attn_res_score ffn_res_score output_res_score ssm_g ffn_routed_down ffn_routed_up ffn_routed_norm
    cross_attn_attn_gate cross_attn_mlp_gate
    hc_attn_norm hc_attn_down hc_attn_up hc_attn_inject hc_ffn_norm hc_ffn_down hc_ffn_up hc_ffn_inject
    output_hc_norm output_hc_down output_hc_up ple_key ple_value ple_norm_key ple_norm_query ple_norm_conv ple_conv1d
    attn_norm_2 attn_norm_2_bias channel_mix_key channel_mix_lerp_k channel_mix_value time_mix_lerp_fused time_mix_ln time_mix_ln_bias
    time_mix_key time_mix_value time_mix_receptance time_mix_output time_mix_k_k time_mix_k_a time_mix_r_k time_mix_g1 time_mix_g2
    time_mix_w0 time_mix_w1 time_mix_w2 time_mix_a0 time_mix_a1 time_mix_a2 time_mix_v0 time_mix_v1 time_mix_v2
    nextn.eh_proj nextn.enorm nextn.hnorm nextn.shared_head_norm nextn.embed_tokens nextn.shared_head_head
"""
"""As in the tensor lists of GGUF files, without `blk.0.` and `.weight`; vectors beside a matrix with their kind behind its name."""


def test_every_name_is_known():
    shapes = [architecture_of(model, CATALOGUE.models) for model in CATALOGUE.models.values()]
    shapes += [read_config(long_form(entry["config"]), CATALOGUE) for entry in SMALL.values()]
    # No such file holds a class that the engine does not read.
    known = CATALOGUE.architectures
    shapes = [each for each in shapes if each.engine_name not in known or known[each.engine_name].file.read]
    assert {group.name for each in shapes for group in tensor_groups(each)} - set(NAMES.split()) == set(), (
        "expected a name of the file format"
    )


def test_no_name_comes_twice_in_a_layer():
    for model in CATALOGUE.models.values():
        found = [(group.name, layer) for group in tensor_groups(architecture_of(model, CATALOGUE.models)) for layer in group.layers]
        assert len(found) == len(set(found)), model.id
