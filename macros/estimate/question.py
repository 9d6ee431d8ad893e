"""The question, declared once: each key with its range, unit and a sentence in both languages.

The command line, the errors of a batch, `api/v1/schema/question.json`, the page on data and the calculator's form follow from it.
What is a setting like others (a number, a flag, a choice) is a field of `Options` and so of a checked `Setting`; what names a model, a
format, an engine or devices is a field of `Question`, and a checked `Setting` holds the records that it names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from typing import Any

from macros.estimate.refused import Refused
from macros.specs.errors import nearest
from macros.specs.naming import nearest_called

Words = dict[str, str]

MAX_CONTEXT = 1 << 27
MAX_MEMORY_GIB = 1 << 20
MAX_LAYERS = 9999
MAX_PATTERNS = 1000
USUAL_BATCH = 2048
FIRST_BUILT = "2023-03-10"
"""Day of the first llama.cpp; no engine of the guide is older."""
USUAL_CONTEXT = 8192
"""Tokens of context where nobody says how many. [tokens]"""
USUAL_DRAFT = 3
"""Tokens that llama.cpp and mlx-lm guess before each pass, where nobody says otherwise."""
GGUF_CACHE_TYPES = ("f16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0", "iq4_nl", "bf16", "f32")
"""Types that llama.cpp can keep the cache in, the usual ones first."""
FLOAT_CACHE_TYPES = ("f32", "f16", "bf16")
"""Those that flash attention is not needed for."""
WHOLE_CACHE_TYPE = "f32"
"""The one of which a pass makes f16 itself before flash attention; of all others but f16 CUDA's kernels do so."""
CACHE_TYPES = (*GGUF_CACHE_TYPES, "fp8", "mlx-8bit-64g", "mlx-4bit-64g")
"""Types that an engine can keep the cache in."""


@dataclass(frozen=True)
class Key:
    """What may stand under one key."""

    kind: str
    """`whole`, `number`, `flag`, `choice`, `id` (of a record), `day`, `layers` (a whole number or "auto"),
    `shares` (a list of numbers), `patterns` (a list of pattern=place), or `any`: checked elsewhere."""
    default: Any = None
    """What an absent key means; None: depends on other keys, or nothing."""
    required: bool = False
    """Whether there must be a value."""
    low: float | None = None
    """Least value."""
    high: float | None = None
    """Greatest value."""
    choices: tuple[str, ...] = ()
    """Values of a choice."""
    records: str = ""
    """Kind of records that an id is of."""
    expected: str = ""
    """What is expected, in words, where the kind and the range do not say it well."""


def _key(kind: str, en: tuple[str, str], zh: tuple[str, str], *, default: Any = MISSING, unit: str = "", **more: Any) -> Any:
    """A field with its declaration; words are a label and a sentence."""
    required = default is MISSING
    key = Key(kind, None if required else default, required, **more)
    words = {"label": {"zh": zh[0], "en": en[0]}, "says": {"zh": zh[1], "en": en[1]}}
    return field(default=default, metadata={"key": key, "words": words, "unit": unit})


@dataclass(frozen=True, kw_only=True)
class Options:
    """Settings that mean what they say."""

    context: int = _key(
        "whole",
        ("Context length", "Tokens that the KV cache has room for; in llama.cpp all slots share them, in vLLM each conversation has them."),
        ("上下文长度", "KV 缓存能容纳的词元数；llama.cpp 里由所有槽位共用，vLLM 里每个对话各有这么多。"),
        default=USUAL_CONTEXT,
        unit="tokens",
        low=1,
        high=MAX_CONTEXT,
    )
    imatrix: bool = _key(
        "flag",
        ("File made with an importance matrix", "Whether the file was made with an importance matrix, which changes some types."),
        ("文件用重要性矩阵制作", "文件是否用重要性矩阵制作：有些张量的类型会因此不同。"),
        default=False,
    )
    flash_attention: bool = _key(
        "flag",
        ("Flash Attention", "Whether flash attention is on; a quantized V cache needs it."),
        ("Flash Attention", "是否开启 Flash Attention；量化的 V 缓存需要它。"),
        default=True,
    )
    ubatch: int = _key(
        "whole",
        ("Micro-batch (ubatch)", "Prompt tokens that go through the model together."),
        ("微批次大小（ubatch）", "提示词每次一起经过模型的词元数。"),
        default=512,
        unit="tokens",
        low=1,
        high=1 << 20,
    )
    swa_full: bool = _key(
        "flag",
        ("Full cache for sliding-window layers", "Whether sliding-window layers keep the whole context."),
        ("滑动窗口层也保留全部上下文", "滑动窗口层是否也保留全部上下文。"),
        default=False,
    )
    profile: str = _key(
        "choice",
        ("Program", "`cli`: one slot, logits for a whole micro-batch; `server`: four slots, logits for one row each."),
        ("程序", "`cli`：一个槽位，为整个微批次保留 logits；`server`：四个槽位，每个只保留一行 logits。"),
        default="cli",
        choices=("cli", "server"),
    )
    logits_rows: int | None = _key(
        "whole",
        ("Rows of logits", "Rows of logits that are kept; otherwise the profile decides."),
        ("logits 行数", "保留多少行 logits；不填由程序决定。"),
        default=None,
        low=1,
        high=1 << 20,
    )
    experts_on_host: bool = _key(
        "flag",
        ("Keep experts in RAM (MoE)", "Whether the routed experts of all layers stay in RAM."),
        ("专家权重留在内存（MoE）", "所有层的路由专家是否都留在内存里。"),
        default=False,
    )
    n_cpu_moe: int | None = _key(
        "whole",
        (
            "Experts in RAM, first layers",
            "Routed experts of the first so many layers stay in RAM; layers count from the first, dense ones too.",
        ),
        ("专家权重留在内存的层数", "前多少层的路由专家留在内存里；从第一层数起，稠密层也算。"),
        default=None,
        unit="layers",
        low=0,
        high=MAX_LAYERS,
    )
    n_cpu_ffn: int = _key(
        "whole",
        ("Feed-forward blocks in RAM, first layers", "Dense feed-forward blocks of the first so many layers stay in RAM."),
        ("前馈层留在内存的层数", "前多少层的稠密前馈层留在内存里。"),
        default=0,
        unit="layers",
        low=0,
        high=MAX_LAYERS,
    )
    override_tensor: tuple[str, ...] = _key(
        "patterns",
        (
            "Tensors placed by name",
            "Patterns of tensor names and where they go, as `ffn_.*_exps=CPU` or `blk\\.1\\.=GPU1`; the first that matches counts.",
        ),
        ("按名称放置张量", "张量名称的正则表达式和去处，例如 `ffn_.*_exps=CPU`、`blk\\.1\\.=GPU1`；以第一条匹配的为准。"),
        default=(),
        expected="a list of pattern=CPU or pattern=GPU0, GPU1 …",
    )
    tensor_split: tuple[float, ...] | None = _key(
        "shares",
        ("Split of the layers", "Shares in which the cards get the layers, one for each card; otherwise like their free memory."),
        ("各卡分到的层数比例", "各张卡分到的层数比例，每张卡一个数；不填按空闲显存。"),
        default=None,
        expected="a list of numbers of at least 0, one for each card",
    )
    main_gpu: int = _key(
        "whole",
        ("Main card", "The card that holds everything where the model is not split, or the small tensors and results of a split by rows."),
        ("主卡", "不拆分模型时放全部内容的卡；按行拆分时放小张量和结果的卡。"),
        default=0,
        low=0,
        high=63,
    )
    split_mode: str = _key(
        "choice",
        (
            "How cards share the model",
            "`layer`: whole layers each; `none`: one card only; `row` and `tensor`: a slice of each matrix, or of each layer.",
        ),
        ("多卡如何拆分", "`layer`：每张卡若干整层；`none`：只用一张卡；`row` 和 `tensor`：每张卡一份矩阵切片或每层的切片。"),
        default="layer",
        choices=("layer", "none", "row", "tensor"),
    )
    kv_offload: bool = _key(
        "flag",
        ("Cache on the cards", "Whether cache and states lie with their layers; otherwise all of them are in RAM."),
        ("缓存放在显卡上", "缓存和状态是否随各层放在显卡上；否则全部放在内存里。"),
        default=True,
    )
    op_offload: bool = _key(
        "flag",
        ("Stream weights in RAM through the card", "Whether large batches are computed on the card with weights that lie in RAM."),
        ("内存里的权重经显卡计算", "大批次是否把内存里的权重送到显卡上计算。"),
        default=True,
    )
    kv_unified: bool = _key(
        "flag",
        ("One cache for all slots", "Whether all slots share one cache; otherwise each has its own, of an equal part of the context."),
        ("所有槽位共用一个缓存", "所有槽位是否共用一个缓存；否则每个槽位各有一个，平分上下文。"),
        default=True,
    )
    embedding: bool = _key(
        "flag",
        ("Embeddings only", "Whether embeddings are asked for instead of text."),
        ("只算嵌入", "是否只计算嵌入向量，不生成文本。"),
        default=False,
    )
    batch: int = _key(
        "whole",
        ("Batch", "Most prompt tokens handed over at once; a micro-batch is never larger."),
        ("批次大小（batch）", "一次最多交给引擎的提示词词元数；微批次不会更大。"),
        default=USUAL_BATCH,
        unit="tokens",
        low=1,
        high=1 << 20,
    )
    ram_gib: float | None = _key(
        "number",
        ("RAM installed", "Memory of the machine; otherwise what is usual beside such a processor, with a notice."),
        ("已装内存", "机器装了多少内存；不填按这类处理器常见的容量，并附说明。"),
        default=None,
        unit="GiB",
        low=2**-10,
        high=MAX_MEMORY_GIB,
        expected=f"a size in GiB above 0 and up to {MAX_MEMORY_GIB}",
    )
    memory_gib: float | None = _key(
        "number",
        ("Memory", "Which of the sizes sold, for unified memory; the largest if left out."),
        ("内存容量", "统一内存按哪一种出售的容量计算；不填取最大的。"),
        default=None,
        unit="GiB",
        low=2**-10,
        high=MAX_MEMORY_GIB,
        expected=f"a size in GiB above 0 and up to {MAX_MEMORY_GIB}",
    )
    cpu: str | None = _key("id", ("CPU", "The processor."), ("处理器", "处理器。"), default=None, records="cpus", expected="a processor")
    memory: str | None = _key(
        "id", ("Memory kind", "The kind of RAM."), ("内存类型", "内存的类型。"), default=None, records="memory", expected="a kind of memory"
    )
    memory_channels: int | None = _key(
        "whole",
        ("Channels", "Channels of RAM in use, of both sockets together; all that the processors have if left out."),
        ("通道数", "使用的内存通道数，双路时两颗合计；不填取处理器的全部通道。"),
        default=None,
        low=1,
        high=64,
    )
    sockets: int | None = _key(
        "whole",
        ("Sockets", "Processors on the board, each with its own memory; one if left out, or two if more channels are in use than one has."),
        ("处理器颗数", "主板上有几颗处理器，各有自己的内存；不填为一颗，使用的通道数超过一颗所有时为两颗。"),
        default=None,
        low=1,
        high=2,
    )
    drive: str | None = _key(
        "id",
        ("Drive", "The drive that the model is loaded from."),
        ("硬盘", "从哪种硬盘加载模型。"),
        default=None,
        records="drives",
        expected="a drive",
    )
    pcie_gen: int | None = _key(
        "whole",
        ("PCIe generation", "Generation of the slots that the cards sit in; the cards' own if left out."),
        ("PCIe 代", "显卡所在插槽的代数；不填取显卡自己的。"),
        default=None,
        low=1,
        high=7,
    )
    pcie_lanes: int | None = _key(
        "whole",
        ("PCIe lanes", "Lanes of the slots that the cards sit in; the cards' own if left out."),
        ("PCIe 通道数", "显卡所在插槽的通道数；不填取显卡自己的。"),
        default=None,
        low=1,
        high=16,
    )
    power_limit_w: float | None = _key(
        "number",
        ("Power limit", "Power that each card may draw; its own limit if left out."),
        ("功率上限", "每张显卡允许的功率；不填取它自己的上限。"),
        default=None,
        unit="W",
        low=10,
        high=20000,
        expected="a power in W from 10 to 20000",
    )
    prompt_tokens: int = _key(
        "whole",
        ("Prompt length", "Tokens of the prompt whose reading is timed."),
        ("提示词长度", "按多长的提示词计算预填充速度。"),
        default=512,
        unit="tokens",
        low=1,
        high=MAX_CONTEXT,
    )
    depth: int = _key(
        "whole",
        ("Tokens already in the cache", "Tokens that are in the cache before the first one that is timed."),
        ("缓存里已有的词元", "计时之前缓存里已有的词元数。"),
        default=0,
        unit="tokens",
        low=0,
        high=MAX_CONTEXT,
    )
    users: int = _key(
        "whole",
        ("Users at once", "Conversations that are answered at the same time."),
        ("同时使用的人数", "同时进行的对话数。"),
        default=1,
        low=1,
        high=4096,
    )
    fit: bool = _key(
        "flag",
        ("What the engine does by itself", "Whether the answer also tells where the engine puts things if nothing is said of that."),
        ("引擎自己的放法", "是否同时给出什么都不指定时引擎自己的放法。"),
        default=False,
    )
    margin_mib: float | None = _key(
        "number",
        ("Kept free", "Memory that stays free on each device; otherwise what the engine keeps."),
        ("保留的显存", "每个设备上留出的显存；不填按引擎的默认值。"),
        default=None,
        unit="MiB",
        low=0,
        high=1 << 30,
        expected="MiB to leave free on each device",
    )
    memory_utilization: float | None = _key(
        "number",
        ("Share of the memory", "Share of a card's memory that the engine claims; otherwise its own default."),
        ("占用显存的比例", "引擎占用显存的比例；不填按引擎的默认值。"),
        default=None,
        low=0.01,
        high=1,
        expected="a share above 0 and up to 1",
    )
    max_batched_tokens: int | None = _key(
        "whole",
        ("Tokens of a pass", "Tokens that the engine computes at once; otherwise its default for the card."),
        ("每次计算的词元数", "引擎每次最多计算的词元数；不填按显卡取默认值。"),
        default=None,
        unit="tokens",
        low=1,
        high=1 << 20,
    )
    max_sequences: int | None = _key(
        "whole",
        ("Conversations of a pass", "Conversations that the engine computes at once; otherwise its default for the card."),
        ("每次计算的对话数", "引擎每次最多同时计算的对话数；不填按显卡取默认值。"),
        default=None,
        low=1,
        high=1 << 16,
    )
    tensor_parallel: int | None = _key(
        "whole",
        ("Tensor parallel", "Cards that each hold a slice of every layer; all of them if their number divides the heads."),
        ("张量并行", "各持有每一层的一部分的显卡数；张数能整除注意力头数时为全部显卡。"),
        default=None,
        low=1,
        high=64,
    )
    pipeline_parallel: int | None = _key(
        "whole",
        ("Pipeline parallel", "Stages of whole layers, one after the other; otherwise what tensor parallelism leaves."),
        ("流水线并行", "按整层依次分段的段数；不填由张量并行剩下的张数决定。"),
        default=None,
        low=1,
        high=64,
    )
    prefix_caching: bool = _key(
        "flag",
        ("Prefix caching", "Whether common beginnings of conversations are kept; hybrids then keep more than one state."),
        ("前缀缓存", "是否保留各对话共同的开头；混合模型因此要多存状态。"),
        default=True,
    )
    backend: str | None = _key(
        "any",
        ("Back end", "Back end of the engine, such as cuda, rocm or vulkan; otherwise the usual one of the device."),
        ("后端", "引擎的后端，例如 cuda、rocm、vulkan；不填按设备通常使用的后端。"),
        default=None,
    )
    cache_ram_mib: int = _key(
        "whole",
        ("Prompt cache in RAM", "Most RAM that llama-server fills with prompts that it may need again."),
        ("内存中的提示词缓存", "llama-server 最多用多少内存保留以后可能再用的提示词。"),
        default=8192,
        unit="MiB",
        low=0,
        high=1 << 30,
    )
    checkpoints: int = _key(
        "whole",
        ("Checkpoints", "Copies of windowed caches and states that llama-server keeps in RAM for each slot."),
        ("检查点", "llama-server 为每个槽位在内存里保留多少份滑动窗口缓存和循环状态。"),
        default=32,
        low=0,
        high=4096,
    )
    mmproj: bool = _key(
        "flag",
        ("With projector", "Whether the projector for pictures is loaded beside the model, on the first card."),
        ("加载视觉投影器", "是否在第一张卡上同时加载图像投影器。"),
        default=False,
    )
    draft: str | None = _key(
        "any",
        ("Draft model", "The id of a small model that guesses ahead, in the same format, on the first card."),
        ("草稿模型", "用来预先猜测的小模型的 id，格式相同，放在第一张卡上。"),
        default=None,
    )
    mtp: bool = _key(
        "flag",
        ("Load prediction layers", "Whether layers that predict further tokens are loaded, with a cache and a buffer of their own."),
        ("加载预测层", "是否加载多词元预测层，以及它自己的缓存和缓冲区。"),
        default=False,
    )
    draft_tokens: int | None = _key(
        "whole",
        ("Tokens drafted", "Tokens that are guessed before each checking pass; three, as programs do, if left out."),
        ("每次猜测的词元数", "每次核对之前猜测的词元数；不填按各程序的默认值 3。"),
        default=None,
        unit="tokens",
        low=1,
        high=64,
    )
    draft_kv_type: str = _key(
        "choice",
        ("Cache type of the drafts", "Type of the cache of the draft model or the prediction layers, whatever the model’s own is."),
        ("草稿的缓存类型", "草稿模型或预测层缓存的类型，与模型自己的缓存无关。"),
        default="f16",
        choices=GGUF_CACHE_TYPES,
    )
    acceptance: float | None = _key(
        "number",
        ("Acceptance", "Share of the guesses that are accepted, as the program prints it; otherwise what was measured."),
        ("接受率", "猜测被接受的比例，即程序打印的值；不填按测量值。"),
        default=None,
        low=0,
        high=1,
        expected="a share from 0 to 1",
    )
    lora: int = _key(
        "whole",
        ("LoRA rank", "Rank of an adapter, in 32 bits, as llama.cpp’s converter writes it; 0: none."),
        ("LoRA 秩", "适配器的秩，按 llama.cpp 转换脚本默认写出的 32 位计；0 表示没有。"),
        default=0,
        low=0,
        high=4096,
    )
    lora_targets: str = _key(
        "choice",
        ("LoRA targets", "Which matrices the adapter is for: `all` of the layers, those of `attention`, or `query-value` alone."),
        ("LoRA 作用的矩阵", "适配器作用于哪些矩阵：各层的全部（`all`）、注意力的（`attention`），或只有查询和值（`query-value`）。"),
        default="all",
        choices=("all", "attention", "query-value"),
    )
    lora_bytes: int = _key(
        "whole",
        ("Size of the LoRA file", "Bytes of an adapter, spread over the layers; instead of a rank. 0: none."),
        ("LoRA 文件大小", "适配器的字节数，平均分到各层；代替秩。0 表示没有。"),
        default=0,
        unit="bytes",
        low=0,
        high=1 << 40,
    )
    moe_cache_mib: int = _key(
        "whole",
        ("Cache of experts on the card", "Memory of the card for experts that lie in RAM and were used lately; 0: none."),
        ("显卡上的专家缓存", "在显卡上为最近用过、平时放在内存里的专家留多少显存；0 表示没有。"),
        default=0,
        unit="MiB",
        low=0,
        high=1 << 20,
    )
    system: str | None = _key(
        "choice",
        ("System", "The operating system, which decides what happens when a card is full."),
        ("操作系统", "操作系统：显存放满时的表现由它决定。"),
        default=None,
        choices=("linux", "windows", "macos"),
    )
    build: str | None = _key(
        "any",
        (
            "Build of the engine",
            "A build whose buffers are known; otherwise the newest, or the newest by the day in `built`.",
        ),
        ("引擎的构建版本", "本站已知其缓冲区的构建版本；不填取最新的，或按 `built` 的日期取。"),
        default=None,
    )
    built: str | None = _key(
        "day",
        ("Engine built on", "Day of the engine's build; a recent one if left out."),
        ("引擎构建日期", "引擎的构建日期；不填按近期的版本。"),
        default=None,
        expected=f"a day like 2024-05-31, when the engine was built: {FIRST_BUILT} or later",
    )


@dataclass(frozen=True, kw_only=True)
class Question(Options):
    """All keys of a question."""

    model: str | None = _key(
        "any",
        ("Model", "The id of a model; instead of it, `config`."),
        ("模型", "模型的 id；也可以改用 `config`。"),
        default=None,
    )
    config: Mapping[str, Any] | None = _key(
        "any",
        ("config.json", "A Hugging Face config.json, for a model that is not listed."),
        ("config.json", "未收录的模型：Hugging Face 的 config.json。"),
        default=None,
    )
    gguf: str | None = _key(
        "any",
        ("GGUF file", "A GGUF file, of which the header is read: the answer is for exactly its tensors; instead of `model` and `quant`."),
        ("GGUF 文件", "一个 GGUF 文件：只读取文件头，按其中的张量逐个计算；用来代替 `model` 和 `quant`。"),
        default=None,
    )
    safetensors: str | None = _key(
        "any",
        (
            "Safetensors files",
            "A .safetensors file, any of several parts, or model.safetensors.index.json, of which the headers are read: the bytes are "
            "those of its tensors; the shapes come from `config`, or from the config.json beside it.",
        ),
        (
            "safetensors 文件",
            "一个 .safetensors 文件（分片时任意一片），或 model.safetensors.index.json：只读取文件头，字节数以其中的张量为准；"
            "形状来自 `config`，或同一文件夹里的 config.json。",
        ),
        default=None,
    )
    quant: str | None = _key(
        "id",
        ("Quantization", "The format of the weights."),
        ("量化", "权重的格式。"),
        default=None,
        records="quantizations",
        expected="a quantization, such as q4_k_m",
    )
    engine: str | None = _key(
        "id",
        ("Engine", "The program that runs the model; otherwise the usual one for the format."),
        ("推理引擎", "运行模型的程序；不填按格式决定。"),
        default=None,
        records="engines",
        expected="an engine",
    )
    kv_type: str = _key(
        "choice",
        ("KV cache type", "Type of keys and values in the cache."),
        ("KV 缓存类型", "缓存中键和值的类型。"),
        default="f16",
        choices=CACHE_TYPES,
    )
    kv_type_k: str | None = _key(
        "choice",
        ("Cache type of K", "Type of the keys; otherwise `kv_type`."),
        ("K 的缓存类型", "键的类型；不填同 `kv_type`。"),
        default=None,
        choices=CACHE_TYPES,
    )
    kv_type_v: str | None = _key(
        "choice",
        ("Cache type of V", "Type of the values; otherwise `kv_type`."),
        ("V 的缓存类型", "值的类型；不填同 `kv_type`。"),
        default=None,
        choices=CACHE_TYPES,
    )
    slots: int | None = _key(
        "whole",
        ("Slots", "Conversations that share the cache; otherwise the profile decides."),
        ("槽位", "共用缓存的对话数；不填由程序决定。"),
        default=None,
        low=1,
        high=4096,
    )
    gpus: tuple[Any, ...] = _key(
        "any",
        ("GPUs", "Ids of GPUs, one for each card, or objects in the form of a record for a card that is not listed."),
        ("显卡", "显卡的 id，几张卡就写几个；未收录的显卡写成记录那样的对象。"),
        default=(),
    )
    gpu_layers: int | str = _key(
        "layers",
        ("Layers on the cards", 'Layers on GPUs as llama.cpp counts them, the output being one more; "auto": as many as fit.'),
        ("放到显卡上的层数", "按 llama.cpp 的数法放到显卡上的层数，输出层另算一层；“auto”为尽量多放。"),
        default="auto",
        low=0,
        high=MAX_LAYERS,
    )


KEYS: dict[str, Key] = {one.name: one.metadata["key"] for one in fields(Question)}
"""Key -> what may stand under it."""
OPTIONS: tuple[str, ...] = tuple(one.name for one in fields(Options))
"""Keys that a checked setting has under the same name."""
WORDS: dict[str, dict[str, Words]] = {one.name: one.metadata["words"] for one in fields(Question)}
"""Key -> its label and its sentence in each language."""
UNITS: dict[str, str] = {one.name: one.metadata["unit"] for one in fields(Question)}
"""Key -> unit of its value, where it has one."""


def read_question(given: Mapping[str, Any], records: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The values of all keys, those left out at their default.

    Args:
        given: keys and values as a reader writes them
        records: all records by kind, for keys that name one

    Returns:
        Key -> value, for every key of a question.

    Raises:
        Refused: for an unknown key, with the nearest one, and for a value outside its kind or range.
    """
    if not isinstance(given, Mapping):
        raise Refused("question", "an object of keys and values", given)
    for name in given:
        if name not in KEYS:
            raise Refused(str(name), "a key of a question", name, nearest(str(name), list(KEYS)))
    found: dict[str, Any] = {}
    for name, key in KEYS.items():
        value = given.get(name, key.default)
        if value is None and not key.required and key.default is None:
            found[name] = None
        else:
            found[name] = check_value(name, value, records)
    return found


def check_value(name: str, value: Any, records: Mapping[str, Mapping[str, Any]]) -> Any:
    """The value of one key, of its kind and within its range.

    Args:
        name: the key
        value: what a reader wrote
        records: all records by kind, for keys that name one

    Returns:
        The value.

    Raises:
        Refused: for a value outside its kind or range.
    """
    key = KEYS[name]
    if key.kind == "any":
        return value
    if key.kind == "flag":
        if not isinstance(value, bool):
            raise Refused(name, "true or false", value)
        return value
    if key.kind == "choice":
        if not isinstance(value, str) or value not in key.choices:
            raise Refused(name, f"one of {', '.join(key.choices)}", value, nearest(str(value), list(key.choices)))
        return value
    if key.kind == "id":
        if not isinstance(value, str) or value not in records[key.records]:
            raise Refused(name, f"the id of {key.expected}", value, nearest_called(str(value), records[key.records]))
        return value
    if key.kind == "day":
        return _day(name, key, value)
    if key.kind == "layers" and value == "auto":
        return value
    if key.kind == "shares" or key.kind == "patterns":
        return _list(name, key, value)
    return _number(name, key, value)


def _number(name: str, key: Key, value: Any) -> Any:
    assert key.low is not None
    assert key.high is not None
    if key.kind == "number":
        if isinstance(value, bool) or not isinstance(value, int | float) or not key.low <= value <= key.high:
            raise Refused(name, key.expected, value)
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int) or not key.low <= value <= key.high:
        whole = f"a whole number from {key.low} to {key.high}"
        raise Refused(
            name, f'"auto" or {whole}' if key.kind == "layers" else whole, value, "leave it out for its default" if value is None else ""
        )
    return value


def _list(name: str, key: Key, value: Any) -> tuple[Any, ...]:
    if isinstance(value, str) or not isinstance(value, Sequence) or len(value) > MAX_PATTERNS:
        raise Refused(name, key.expected, value)
    for one in value:
        if key.kind == "patterns":
            if not isinstance(one, str) or "=" not in one:
                raise Refused(name, key.expected, one)
        elif isinstance(one, bool) or not isinstance(one, int | float) or not 0 <= one < MAX_MEMORY_GIB:
            raise Refused(name, key.expected, one)
    return tuple(value)


def _day(name: str, key: Key, value: Any) -> str:
    parts = value.split("-") if isinstance(value, str) else []
    if [len(part) for part in parts] != [4, 2, 2] or not all(digit in "0123456789" for part in parts for digit in part):
        raise Refused(name, key.expected, value)
    year, month, day = int(parts[0]), int(parts[1]), int(parts[2])
    last = (29 if year % 4 == 0 else 28) if month == 2 else 30 if month in (4, 6, 9, 11) else 31
    if not (1 <= month <= 12 and 1 <= day <= last) or str(value) < FIRST_BUILT:
        raise Refused(name, key.expected, value)
    return str(value)


def schema() -> dict[str, Any]:
    """The JSON Schema of a question, for editors and other people's programs."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Question",
        "description": "One question to `estimate`.",
        "type": "object",
        "properties": {name: _property(name, key) for name, key in KEYS.items()},
        "required": [name for name, key in KEYS.items() if key.required],
        "oneOf": [{"required": ["model"]}, {"required": ["config"]}],
        "additionalProperties": False,
    }


JSON_TYPES = {"whole": "integer", "number": "number", "flag": "boolean", "choice": "string", "id": "string", "day": "string"}


def _property(name: str, key: Key) -> dict[str, Any]:
    found: dict[str, Any] = {"description": WORDS[name]["says"]["en"]}
    bounds = {"minimum": key.low, "maximum": key.high}
    if key.kind == "layers":
        found["anyOf"] = [{"const": "auto"}, {"type": "integer", **bounds}]
    elif key.kind in JSON_TYPES:
        kind = JSON_TYPES[key.kind]
        found["type"] = [kind, "null"] if key.default is None and not key.required else kind
        found |= {bound: value for bound, value in bounds.items() if value is not None}
    if key.choices:
        found["enum"] = [*key.choices, *([None] if key.default is None else [])]
    if key.default is not None:
        found["default"] = key.default
    return found
