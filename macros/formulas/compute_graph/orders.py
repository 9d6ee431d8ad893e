"""What llama.cpp's graph of a class of models has that its shapes do not tell: mostly in which order it computes what others do as well."""

SCALES_EMBEDDINGS = frozenset({"granite", "granitemoe", "granitehybrid", "minicpm"})
"""Embedded tokens are multiplied by a number, before anything else."""
SCALES_EMBEDDINGS_LATER = frozenset({"gemma", "gemma2", "gemma3", "gemma3n", "gemma4", "minicpm3", "afmoe"})
"""The same, when the first layer asks for them."""
NORMS_EMBEDDINGS = frozenset({"muse-glimmer"})
"""Embedded tokens are normed without weights."""
CENTRES = frozenset({"command-r", "cohere2", "dbrx", "olmo", "mpt"})
"""Norms subtract the mean, though they have no biases."""
BIASED_ONLY = frozenset({"phimoe"})
"""Norms have biases, but do not subtract the mean."""
PICTURE_LAYERS = {"qwen3vl": 3, "qwen3vlmoe": 3}
"""The first so many layers add what they get of pictures: tokens come with room for that, text as well."""
EXPANDS_NORM = frozenset({"qwen3next", "qwen35", "qwen35moe", "kimi-linear"})
"""The norm before attention is put into the pass before anything is computed from it."""
NORMS_VALUES = frozenset({"gemma3n", "gemma4"})
"""Values are normed, without weights."""
NORMS_AFTER_TURN = frozenset({"llama4"})
"""Queries and keys are normed without weights after they are turned."""
TURNS_BEFORE_NORM = frozenset({"hunyuan-dense", "hunyuan-moe"})
"""Queries and keys are turned before they are normed."""
SCALES_QUERIES = frozenset({"llama4"})
"""Queries of layers without positions are multiplied by a number for each position."""
SIDE_BY_SIDE = frozenset({"gptneox", "falcon"})
"""Attention and feed-forward block stand side by side, even where each has a norm of its own."""
STREAM_FIRST_BEFORE_BLOCK = frozenset({"lfm2", "lfm2moe", "jamba"})
"""Attention is added to the residual stream, and not the stream to it."""
STREAM_FIRST_AFTER_BLOCK = frozenset({"phi3", "phimoe", "lfm2", "lfm2moe", "jamba"})
"""The feed-forward block is added to the residual stream, and not the stream to it."""
SCALES_BEFORE_LOGITS = frozenset({"minicpm3"})
"""The last hidden states are multiplied by a number before the logits."""
CHOOSES_AFTER_POST_NORM = frozenset({"muse-glimmer"})
"""Those whose logits are kept are chosen after the norm that follows attention, not before it."""
CHOOSES_BEFORE_NORM = frozenset({"gpt-oss", "step35"})
"""All tokens go through the last layer, and those whose logits are kept are chosen before the last norm."""
CHOOSES_AFTER_NORM = frozenset({"gemma4", "qwen35", "qwen35moe", "qwen3next", "nemotron_h", "nemotron_h_moe", "hy-v3", "bailingmoe3"})
"""All tokens go through the last layer and the last norm, before those whose logits are kept are chosen."""
KEEPS_WEIGHTS = frozenset({"jamba", "olmoe", "qwen2moe", "llama4"})
"""Weights of the chosen experts are not made to sum to one."""
DIVIDES_GATES = frozenset({"qwen2moe"})
"""The gate of the shared expert is made from what it was before its activation, too."""
WEIGHS_BEFORE_EXPERTS = frozenset({"llama4"})
"""Routed experts get what they work on weighed, instead of weighing what they give."""
ROUTES_BY_SOFTMAX_AT_LAST = frozenset({"gpt-oss"})
"""Weights of experts are made from the scores of the chosen ones alone."""
SPARSE_LAYERS = 10
"""So many first layers of a class with alternating updates keep only the strongest activations of the feed-forward block."""
