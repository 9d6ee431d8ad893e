"""Classes whose layers run several times, or share their matrices."""

from __future__ import annotations

from macros.estimate.classes.base import FULL, LINEAR, SLIDING, Shapes, base_shapes, pattern, shapes_if
from macros.estimate.config_keys import LONGEST, WHOLE_FILE, Keys
from macros.estimate.refused import Refused

HYBRID = "hybrid"
MLP = "mlp"


def loops(k: Keys) -> Shapes:
    """Dory: layers before, layers that run again and again, and layers behind; each run keeps a cache of its own, or all share the last."""
    listed = k.get("layer_types")
    blocks = k.items("layer_types") if listed is not None else []
    # The configuration counts attention and feed-forward blocks one by one, where it lists them so.
    step = 2 if MLP in blocks else 1
    if step == 2:
        for at, kind in enumerate(blocks):
            if (kind == MLP) != (at % 2 == 1):
                raise Refused("config.layer_types", "attention and mlp by turns", kind)
    counted = ("num_hidden_layers", "n_input_layers", "n_recurrent_layers", "n_output_layers")
    if listed is None and any(k.gives(name) for name in counted):
        raise Refused("config.layer_types", "the kind of each block, beside numbers of layers", None, WHOLE_FILE)
    for name in counted:
        if k.gives(name) and k.whole(name, low=0) % step:
            raise Refused(f"config.{name}", "an even number, as attention and mlp are counted one by one", k.get(name))
    parts = {name: k.whole(name, low=0) // (step if k.gives(name) else 1) for name in counted if k.get(name) is not None}
    layers, before, behind = parts["num_hidden_layers"], parts["n_input_layers"], parts["n_output_layers"]
    again = parts.get("n_recurrent_layers", layers - before - behind)
    if before + again + behind != layers or again < 0:
        raise Refused("config.n_recurrent_layers", f"what is left of the {layers} layers, {layers - before - behind}", again)
    times = k.whole("n_recurrent_loops")
    few("n_recurrent_loops", before + again * times + behind)
    own = k.but(num_hidden_layers=layers, layer_types=[kind for kind in blocks if kind != MLP] if step == 2 else listed)
    kinds = own.kinds("layer_types", layers, (FULL, SLIDING)) or [SLIDING if (at + 1) % 4 else FULL for at in range(layers)]
    middle = list(range(before, before + again))
    order = [*range(before), *[at for _ in range(times) for at in middle], *range(before + again, layers)]
    shapes = in_order(base_shapes(k.but(num_hidden_layers=layers, head_dim=k.whole("head_dim"))), order)
    whole = [at for at, layer in enumerate(order) if kinds[layer] == FULL]
    if len(whole) < len(order):
        shapes["attention"]["window"] = {"size": k.whole("sliding_window"), "full_layers": pattern(whole, len(order))}
    mode = k.get("recurrent_kv_cache_mode")
    if mode not in ("per_loop", "last_loop"):
        raise Refused("config.recurrent_kv_cache_mode", "per_loop or last_loop", mode)
    return {**shapes, **shapes_if(mode == "last_loop", same_cache=True)}


def few(name: str, runs: int) -> None:
    """Refuse more runs of layers than a model can have."""
    if not 1 <= runs <= LONGEST:
        raise Refused(f"config.{name}", f"1 to {LONGEST} runs of layers", runs)


def in_order(shapes: Shapes, order: list[int]) -> Shapes:
    """Shapes of the layers in the order in which they run: each run is a layer, which the first run holds the matrices of."""
    first = {layer: order.index(layer) for layer in order}
    same = [first[layer] for layer in order]
    repeated = same != list(range(len(same)))
    return {**shapes, "layers": len(order), **shapes_if(repeated, same_weights=same)}


def two_stacks(k: Keys) -> Shapes:
    """HRM: a stack that runs several times for each run of the other, in cycles."""
    each = k.whole("num_layers_per_stack") if k.gives("num_layers_per_stack") else k.layers()
    cycles, inner = k.whole("H_cycles"), k.whole("L_cycles")
    written = each * cycles * (inner + 1)
    if k.gives("num_layers_per_stack") and k.gives("num_hidden_layers") and k.whole("num_hidden_layers") != written:
        raise Refused("config.num_hidden_layers", f"all runs of layers together, {written}", k.get("num_hidden_layers"))
    few("num_layers_per_stack", written)
    order = turns(each, cycles, inner)
    shapes = in_order(base_shapes(k.but(num_hidden_layers=2 * each, num_key_value_heads=k.whole("num_attention_heads"))), order)
    return {**shapes, "start_vector": True}


def turns(each: int, cycles: int, inner: int) -> list[int]:
    """Layers of two stacks in the order in which they run: the first stack several times for each run of the second."""
    low, high = list(range(each)), list(range(each, 2 * each))
    return [layer for _ in range(cycles) for layer in [*[low_layer for _ in range(inner) for low_layer in low], *high]]


def shared_blocks(k: Keys) -> Shapes:
    """Zamba 2: Mamba 2 in all layers, and before some of them one of a few shared transformer blocks, with small matrices of its own."""
    width, heads, layers = k.whole("hidden_size"), k.whole("num_attention_heads"), k.layers()
    usual = [HYBRID if (layer > 5 and layer < 43 and layer % 6 == 0) or layer in (47, 51) else LINEAR for layer in range(layers)]
    kinds = k.kinds("layers_block_type", layers, (LINEAR, HYBRID)) or usual
    if 2 * width % heads:
        raise Refused("config.num_attention_heads", f"a number that divides twice the hidden size, {2 * width}", heads)
    count, blocks, same = k.whole("num_mem_blocks"), "", []
    firsts: list[int] = []
    uses = 0
    for kind in kinds:
        if kind == HYBRID:
            at = len(blocks)
            if len(firsts) < count:
                firsts.append(at)
            shared = firsts[uses % count]
            same += [shared, shared + 1]
            blocks += "*-"
            uses += 1
        same.append(len(blocks))
        blocks += "M"
    few("num_hidden_layers", len(blocks))
    size = k.whole("intermediate_size", default=4 * width)
    k.refuse("attention_hidden_size", (2 * width,), "as the embedded tokens stand beside the residual stream")
    head = k.whole("attention_head_dim", default=2 * width // heads)
    if k.flag("use_shared_attention_adapter") and heads * head != 2 * width:
        raise Refused("config.attention_head_dim", f"{2 * width // heads}, as the adapters are as wide as their input", head)
    own = k.but(head_dim=head, intermediate_size=size, num_hidden_layers=layers)
    shapes = base_shapes(own, input_size=2 * width)
    state, inner, parts = k.whole("mamba_d_state"), k.whole("mamba_expand") * width, k.whole("n_mamba_heads")
    if inner % parts:
        raise Refused("config.n_mamba_heads", f"a number that divides {inner}", parts)
    if k.gives("mamba_headdim") and k.whole("mamba_headdim") != inner // parts:
        raise Refused("config.mamba_headdim", f"what {parts} heads have of {inner}, {inner // parts}", k.get("mamba_headdim"))
    bias = k.flag("add_bias_linear")
    shapes["recurrent"] = {
        "kind": "mamba-2",
        "conv_kernel": k.whole("mamba_d_conv"),
        "inner_size": inner,
        "heads": parts,
        "groups": k.whole("mamba_ngroups"),
        "state_size": state,
        **shapes_if(bias, input_bias=True, output_bias=True),
    }
    shapes["feed_forward"] |= {"fused_gate_up": True, **shapes_if(bias, biases=True)}
    adapters = {"rank": k.whole("adapter_rank"), **shapes_if(k.flag("use_shared_attention_adapter"), attention=True)}
    return {**shapes, "layers": len(blocks), "blocks": blocks, "same_weights": same, **shapes_if(uses > 0, adapters=adapters)}
