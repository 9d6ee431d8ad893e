"""What a tensor of the guide is called in a checkpoint of Transformers, and whether a list of modules names it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

ATTENTION = ("self_attn", "attention", "mixer", "attn")
DENSE = ("mlp", "feed_forward", "mixer", "ffn")
MIXTURE = ("mlp", "block_sparse_moe", "feed_forward", "mixer", "moe", "ffn", "")
OUTSIDE_OF_DENSE = ("moe", "")
"""Parts of the layer that hold experts where a dense block stands beside them."""
RECURRENT = ("linear_attn", "mixer", "mamba", "conv", "self_attn")
OWNERS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "attn_q": (ATTENTION, ("q_proj",)),
    "attn_k": (ATTENTION, ("k_proj",)),
    "attn_v": (ATTENTION, ("v_proj",)),
    "attn_output": (ATTENTION, ("o_proj", "out_proj", "dense")),
    "attn_qkv": (ATTENTION, ("qkv_proj", "query_key_value")),
    "attn_gate": (ATTENTION, ("g_proj", "gate_proj")),
    "attn_q_a": (ATTENTION, ("q_a_proj",)),
    "attn_q_b": (ATTENTION, ("q_b_proj",)),
    "attn_kv_a_mqa": (ATTENTION, ("kv_a_proj_with_mqa",)),
    "attn_kv_b": (ATTENTION, ("kv_b_proj",)),
    "attn_k_b": (ATTENTION, ("kv_b_proj",)),
    "attn_v_b": (ATTENTION, ("kv_b_proj",)),
    "indexer.proj": (ATTENTION, ("indexer.weights_proj", "indexers_proj")),
    "indexer.attn_k": (ATTENTION, ("indexer.wk",)),
    "indexer.attn_q_b": (ATTENTION, ("indexer.wq_b",)),
    "indexer.q_proj": (ATTENTION, ("index_q_proj",)),
    "indexer.k_proj": (ATTENTION, ("index_k_proj",)),
    "ssm_in": (RECURRENT, ("in_proj",)),
    "ssm_out": (RECURRENT, ("out_proj",)),
    "ssm_beta": (RECURRENT, ("in_proj_b",)),
    "ssm_alpha": (RECURRENT, ("in_proj_a",)),
    "ssm_ba": (RECURRENT, ("in_proj_ba",)),
    "shortconv.in_proj": (RECURRENT, ("in_proj",)),
    "shortconv.out_proj": (RECURRENT, ("out_proj",)),
    "ffn_gate": (DENSE, ("gate_proj", "w1")),
    "ffn_up": (DENSE, ("up_proj", "gate_up_proj", "w3")),
    "ffn_down": (DENSE, ("down_proj", "w2")),
    "ffn_gate_exps": (MIXTURE, ("experts.0.gate_proj", "experts.0.w1", "experts.gate_up_proj")),
    "ffn_up_exps": (MIXTURE, ("experts.0.up_proj", "experts.0.w3", "experts.gate_up_proj")),
    "ffn_down_exps": (MIXTURE, ("experts.0.down_proj", "experts.0.w2", "experts.down_proj")),
    "ffn_gate_up_exps": (MIXTURE, ("experts.gate_up_proj", "experts.0.gate_up_proj")),
    "ffn_gate_shexp": (MIXTURE, ("shared_experts.gate_proj", "shared_expert.gate_proj", "shared_mlp.gate_proj")),
    "ffn_up_shexp": (MIXTURE, ("shared_experts.up_proj", "shared_expert.up_proj", "shared_mlp.up_proj")),
    "ffn_down_shexp": (MIXTURE, ("shared_experts.down_proj", "shared_expert.down_proj", "shared_mlp.down_proj")),
    "ffn_gate_inp": (MIXTURE, ("gate", "router", "gate.gate_proj")),
    "ffn_gate_inp_shexp": (MIXTURE, ("shared_expert_gate",)),
    "ffn_latent_down": (MIXTURE, ("fc1_latent_proj",)),
    "ffn_latent_up": (MIXTURE, ("fc2_latent_proj",)),
    "nextn.eh_proj": (("",), ("eh_proj", "fc")),
}
"""Name of a tensor in a layer -> parts of the layer that may hold it, and its names there."""
OF_DELTA_NET = {"attn_qkv": "linear_attn.in_proj_qkv", "attn_gate": "linear_attn.in_proj_z"}
"""Names of those that a recurrent layer shares with attention."""
OUTSIDE = {
    "token_embd": ("embed_tokens", "embeddings", "word_embeddings", "wte"),
    "output": ("lm_head", "output", "head"),
}
"""Names of what stands in no layer."""
ELSEWHERE = ("mtp", "visual", "vision", "audio", "mm_proj", "multi_modal", "draft")
"""Parts of names of modules that are no part of the text model."""
UNREAD = "()[]{}?+^$"
"""What is left of a regular expression where it says more than the guide follows."""
MOST_PATTERNS = 64
"""Alternatives that one regular expression is taken apart into."""


def module_names(tensor: str, *, recurs: bool, apart: bool = False) -> list[str]:
    """Names that a tensor may have inside its layer, or outside all of them.

    Args:
        tensor: its name in the guide
        recurs: whether its layer is recurrent
        apart: whether the layer has a dense feed-forward block besides, so that experts stand outside of it

    Returns:
        Names, without the layer.
    """
    if tensor in OUTSIDE:
        return list(OUTSIDE[tensor])
    if recurs and tensor in OF_DELTA_NET:
        return [OF_DELTA_NET[tensor]]
    if tensor not in OWNERS:
        return []
    owners, names = OWNERS[tensor]
    if apart and owners == MIXTURE:
        owners = OUTSIDE_OF_DENSE
    return [f"{owner}.{name}" if owner != "" else name for owner in owners for name in names]


@dataclass(frozen=True)
class Entry:
    """An entry of a list of modules, taken apart."""

    layer: int | None
    """The layer that it names; None: any."""
    glob: str
    """The rest of the name; `*` stands for anything."""

    def names(self, modules: Sequence[str], layer: int) -> bool:
        """Whether a module of a layer is meant, of which these are the names."""
        if self.layer is not None and self.layer != layer:
            return False
        if self.glob == "":
            return self.layer is not None
        if "*" not in self.glob:
            return any(_within(self.glob, name) for name in modules)
        return any(matches(self.glob, name) for name in modules)


def _within(part: str, name: str) -> bool:
    """Whether a module is this one or stands inside it."""
    return f".{part}." in f".{name}."


def entries(listed: Sequence[object]) -> list[Entry]:
    """A list of modules, as quantized checkpoints have them: names, beginnings of names with `*`, regular expressions after `re:`.

    Args:
        listed: the list

    Returns:
        Its entries; what is no text is passed over.
    """
    found = []
    for one in listed:
        if isinstance(one, str) and one != "":
            for pattern in _patterns(one):
                if not any(part in pattern for part in ELSEWHERE):
                    found.append(_entry(pattern))
    return found


def _entry(pattern: str) -> Entry:
    """Take the layer out of a name."""
    before = pattern.split("layers.")
    if len(before) == 1:
        rest = pattern
        for start in ("*.", "model.", "language_model."):
            rest = rest[len(start) :] if rest.startswith(start) else rest
        return Entry(None, rest)
    words = before[-1].split(".")
    number = words[0].split("*")[0]
    rest = ".".join(words[1:])
    if number != "" and all(letter in "0123456789" for letter in number):
        return Entry(int(number), rest)
    return Entry(None, rest)


def _patterns(one: str) -> list[str]:
    """An entry as patterns in which only `*` has a meaning; a regular expression gives one for each alternative."""
    if not one.startswith("re:"):
        return [one]
    text = _choices(one[3:])
    anchored = text.endswith("$")
    for mark, plain in (
        ("$", ""),
        ("^", ""),
        ("\\d+", "*"),
        ("[0-9]+", "*"),
        ("\\d", "*"),
        (".*?", "*"),
        (".*", "*"),
        (".+", "*"),
        ("\\", ""),
        ("(?:", "("),
    ):
        text = text.replace(mark, plain)
    return [pattern if anchored or pattern.endswith("*") else pattern + "*" for pattern in _alternatives(text)]


def is_followed(one: object) -> bool:
    """Whether an entry of a list says no more than the guide follows: names, `*`, and of regular expressions `.*`, `\\d+`, `[ab]`, `(a|b)`.

    >>> is_followed("re:.*self_attn.[qk]_proj$"), is_followed("re:^(?!.*mlp).*$"), is_followed("re:.*vision(?!x).*")
    (True, False, True)
    """
    if not isinstance(one, str) or not one.startswith("re:") or any(part in one for part in ELSEWHERE):
        return True
    return not any(letter in pattern for pattern in _patterns(one) for letter in UNREAD)


def _choices(text: str) -> str:
    """`[qk]_proj` as `(q|k)_proj`; ranges stay.

    >>> _choices("[qk]_proj[0-9]+")
    '(q|k)_proj[0-9]+'
    """
    parts = text.split("[")
    done = parts[0]
    for part in parts[1:]:
        letters = part.split("]")[0]
        plain = letters != part and letters != "" and all(letter not in "-^\\" for letter in letters)
        done += f"({'|'.join(letters)}){part[len(letters) + 1 :]}" if plain else f"[{part}"
    return done


def _alternatives(text: str) -> list[str]:
    """`a(b|c)d` as `abd` and `acd`."""
    done: list[str] = []
    waiting = [text]
    while waiting and len(done) + len(waiting) <= MOST_PATTERNS:
        pattern = waiting.pop()
        close = pattern.split(")")[0]
        if len(close) == len(pattern) or "(" not in close:
            done += pattern.split("|")
            continue
        start = len(close) - len(close.split("(")[-1])
        for choice in close[start:].split("|"):
            waiting.append(pattern[: start - 1] + choice + pattern[len(close) + 1 :])
    return done + waiting


def matches(glob: str, name: str) -> bool:
    """Whether a name fits a pattern in which `*` stands for anything, nothing among it.

    Args:
        glob: the pattern
        name: the name

    Returns:
        True or False, in time that grows with the product of both lengths at most.

    >>> matches("self_attn*", "self_attn.q_proj"), matches("*.gate", "mlp.gate_proj")
    (True, False)
    """
    words = glob.split("*")
    if not name.startswith(words[0]):
        return False
    at = len(words[0])
    for word in words[1:-1]:
        rest = name[at:].split(word) if word != "" else [""]
        if word != "" and len(rest) == 1:
            return False
        at += len(rest[0]) + len(word)
    if len(words) == 1:
        return at == len(name)
    return len(name) - at >= len(words[-1]) and name.endswith(words[-1])
