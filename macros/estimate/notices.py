"""What a reader should know beside an answer: a code with its values, and the words for each code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from macros.specs import Catalogue

WORDS: dict[str, dict[str, str]] = {
    "beyond-context": {
        "zh": "上下文 {context} 超过了模型训练时的 {limit} 个词元，效果没有保证。",
        "en": "A context of {context} is beyond the {limit} tokens that the model was trained for; quality is not warranted.",
    },
    "format-assumed": {
        "zh": "没有指定量化格式：按 {quant} 计算。",
        "en": "No format named: {quant} is taken.",
    },
    "needs-imatrix": {
        "zh": "{quant} 的文件通常用重要性矩阵制作；这里给出的是没有它时的布局。",
        "en": "{quant} files are made with an importance matrix; the layout without one is shown.",
    },
    "no-engine": {
        "zh": "{device}：收录的引擎都没有它的后端，这里只是按规格推算。",
        "en": "{device}: no engine of this guide has a back end for it; this is arithmetic from its specifications.",
    },
    "context-unknown": {
        "zh": "{device}：{backend} 后端自身占用多少显存没有公布，没有计入。",
        "en": "{device}: what the back end {backend} takes for itself is not published, and not counted.",
    },
    "host-shares-memory": {
        "zh": "没有指定处理器：处理器核心与 GPU 共用同一内存，但只能用到其中一部分带宽，按 M2 Max 测得的比例计算。",
        "en": "No processor named: its cores share the memory with the GPU but reach a part of its bandwidth, taken as on an M2 Max.",
    },
    "host-assumed": {
        "zh": "没有指定处理器：由主机计算的部分按 {channels} 通道 {memory} 估计。",
        "en": "No processor named: {channels} channels of {memory} are assumed for what the host computes.",
    },
    "two-sockets": {
        "zh": "{channels} 个通道是两颗处理器的内存：访问另一颗的内存约慢一半，llama.cpp 需用 --numa 分配。"
        "中间值对应权重分布在两边；权重全在一边时，速度会降到范围的下端，比只用一颗处理器还慢。",
        "en": "{channels} channels are the memory of two processors: reading from the other one runs at about half the speed, and "
        "llama.cpp needs --numa. The middle value is for weights spread over both. If all weights lie with one, the speed falls to the "
        "low end of the range, below that of one processor alone.",
    },
    "spills-silently": {
        "zh": "Windows：显存放满后，驱动会悄悄改用内存，速度慢许多倍，而不是报错；请多留一些显存。",
        "en": "Windows: a full card spills into RAM without a word and becomes many times slower; leave more of it free.",
    },
    "no-speed-without-room": {
        "zh": "放不下：没有可报的速度。Linux 上引擎会停止加载；Windows 上驱动会改用内存，慢许多倍。",
        "en": "It does not fit, so there is no speed to tell: on Linux the engine stops, on Windows the driver spills into RAM.",
    },
    "only-without-margin": {
        "zh": "只有不留余量才放得下：余量设为 0（margin_mib）就能看到速度。",
        "en": "It has room only without the margin: ask with `margin_mib` 0 for its speed.",
    },
    "users-share-context": {
        "zh": "所有用户共用上下文：每人只有 {each} 个词元，放不下 {prompt} 个词元的提示词。",
        "en": "All users share the context: each has {each} tokens of it, less than a prompt of {prompt}.",
    },
    "micro-batch-cut": {
        "zh": "引擎一次最多计算 {tokens} 个词元，即上下文或批次的大小；微批次按此计算。",
        "en": "The engine computes at most {tokens} tokens at once (its context or batch); the micro-batch is cut to that.",
    },
    "expert-cache-speed": {
        "zh": "显卡上的专家缓存只计入占用的显存；它能提速多少，还没有公开的测量。",
        "en": "The cache of experts on the card counts as memory only: no public measurement says how much faster it makes the engine.",
    },
    "projector-buffer": {
        "zh": "投影器只计入文件大小：视觉编码器的形状未知，算不出它的计算缓冲区。",
        "en": "Only the file of the projector is counted: the shapes of its encoder are not known, so its compute buffer is not either.",
    },
    "picture-reserved": {
        "zh": "投影器的计算缓冲区按程序启动时预留的图片大小计算；更大的图片会让它变大，音频编码器的缓冲区未计入。",
        "en": "The projector’s buffer is that of the picture for which the program makes room at its start; a larger picture makes it "
        "grow. The buffer of an audio encoder is not counted.",
    },
    "guesses-in-slices": {
        "zh": "预测层按各卡平分计算，没有与引擎的实际切分逐字节核对；一份公开的测量值比这里略高。",
        "en": "The prediction layer is taken as shared equally among the cards. This was not compared with the engine to the byte; one "
        "published measurement is a little higher.",
    },
    "tower-weights": {
        "zh": "视觉和音频编码器只计入权重；引擎启动时用最大的图片试算，试算占用的显存和图片缓存都没有计入。",
        "en": "Image and audio encoders count with their weights only. The engine takes more: for a trial of the largest picture "
        "when it starts, and for pictures that it keeps.",
    },
    "ram-tight": {
        "zh": "内存只剩 {left} GiB：操作系统和浏览器通常要占约 {system_gib} GiB；不够时权重会反复从硬盘读取，慢许多倍。",
        "en": "Only {left} GiB of RAM are left: a system with a browser takes about {system_gib} GiB. Weights that lack room are read from "
        "the drive again and again, many times slower.",
    },
    "ram-assumed": {
        "zh": "没有说明内存容量：按 {ram_gib} GiB 计算。",
        "en": "No RAM named: {ram_gib} GiB are assumed.",
    },
    "extrapolated": {
        "zh": "{device}：没有 {family} 系列的测量；速度由 {vendor} 同类内存的其他系列外推，范围更宽。",
        "en": "{device}: no measurements of {family}; its speed is extrapolated from other {vendor} families with such memory, "
        "with a wider range.",
    },
    "extrapolated-from-all": {
        "zh": "{device}：没有同类设备的测量；速度由全部设备外推，范围更宽。",
        "en": "{device}: nothing like it was measured; its speed is extrapolated from all devices together, with a wider range.",
    },
    "matrix-rate-unknown": {
        "zh": "{device}：矩阵算力没有公布，提示处理速度只能由内存带宽推测。",
        "en": "{device}: its matrix rate is not published; prompt processing is guessed from its memory.",
    },
    "slow-unpacking": {
        "zh": "处理器解开 {quant} 很慢：可能比按字节数算出的慢几倍。",
        "en": "Processors unpack {quant} slowly: up to several times slower than the bytes suggest.",
    },
    "another-engine": {
        "zh": "速度常数是在 llama.cpp 上测得的，{engine} 可能不同。",
        "en": "The constants of speed were measured on llama.cpp; {engine} may differ.",
    },
    "unmeasured-class": {
        "zh": "{device}：没有 {engine} 在这种设备上运行同类模型（稠密、混合专家或混合架构）的测量；速度为外推，范围更宽。",
        "en": "{device}: generation or prompts of such models (dense, mixture or hybrid) were not measured on its kind with {engine}; "
        "the speed is extrapolated from other measurements, with a wider range.",
    },
    "unmeasured-parts": {
        "zh": "这个模型有些组成部分，没有人测量过带有它们的模型的解码或提示处理：相应的速度为外推，范围宽得多，多半偏快。",
        "en": "The model has parts with which nobody measured decode, or prompts: that speed is extrapolated, with a much wider range, and "
        "more likely too high.",
    },
    "power-limit-unused": {
        "zh": "{device}：本来最多只用 {watts} W，{limit} W 的功率上限不起作用。",
        "en": "{device} draws {watts} W at most: a limit of {limit} W changes nothing.",
    },
    "power-limit-unmeasured": {
        "zh": "{device}：功率上限 {limit} W 不到它的 {watts} W 的四分之一，没有测量过这么低的上限，也可能无法设置。",
        "en": "{device}: a limit of {limit} W is below a quarter of its {watts} W; nothing was measured there, and it may not be possible "
        "to set.",
    },
    "power-unknown": {
        "zh": "{device}：功率没有公布，{limit} W 的上限没有计入。",
        "en": "{device}: its power is not published, so the limit of {limit} W is not counted.",
    },
    "several-users": {
        "zh": "多人同时使用：由字节数与运算量算出，没有用测量拟合。",
        "en": "Several users at a time: computed from bytes and arithmetic, not fitted to measurements.",
    },
    "file-not-whole": {
        "zh": "文件还没有下载完：文件头完整，按其中列出的全部张量计算。",
        "en": "The file is not whole yet; its header is, and the answer is for all tensors that it lists.",
    },
    "unknown-types": {
        "zh": "张量类型 {types} 未收录：其字节数由各张量在文件中的位置得出。",
        "en": "Types of tensors that the guide does not know: {types}; their bytes follow from where each tensor stands in the file.",
    },
    "types-of-another-engine": {
        "zh": "张量类型 {types} 只有 {engine} 能读取，llama.cpp 不能。",
        "en": "Only {engine} reads tensors of {types}; llama.cpp does not.",
    },
    "several-devices": {
        "zh": "多台设备：它们之间的交换时间取自少数几台测量过的机器。",
        "en": "Several devices: the time of exchanges between them comes from a few measured machines.",
    },
    "left-out": {
        "zh": "配置没有写明 {keys}：取该类的默认值（transformers 5.24.0）。",
        "en": "The configuration leaves out {keys}: they have the values of its class (transformers 5.24.0).",
    },
    "window-unused": {
        "zh": "配置写有 {size} 个词元的滑动窗口，但 llama.cpp 让这一类模型的每一层都看到全部上下文：缓存按全长计算。",
        "en": "The configuration has a sliding window of {size} tokens, but llama.cpp gives every layer of this class the whole context: "
        "the cache is computed at full length.",
    },
    "tied-differently": {
        "zh": "tie_word_embeddings 在外层为 {outside}，在文本部分为 {inside}：取 {taken}（transformers 5 起以外层为准）。",
        "en": "tie_word_embeddings is {outside} outside and {inside} in the text part: {taken} is taken (since transformers 5 the outer "
        "one decides, before that the inner one).",
    },
    "prediction-layers": {
        "zh": "模型另有 {count} 个预测层（MTP）：参数量不含它们，llama.cpp 默认也不加载。",
        "en": "The model has {count} prediction layers (MTP) besides: `parameters` does not count them, and llama.cpp does not load them "
        "by default.",
    },
    "no-output-matrix": {
        "zh": "{architectures} 没有输出矩阵（例如嵌入模型）：按共用嵌入表计算。",
        "en": "{architectures} has no output matrix (an embedding model, say): it is computed as one that shares the embedding table.",
    },
    "outer-class-not-run": {
        "zh": "{outer} 类的模型，llama.cpp 与 vLLM 都没有专门的支持：只计算其中的文本模型。",
        "en": "Neither llama.cpp nor vLLM has a class of its own for {outer}: only the text model in it is computed.",
    },
    "quant-contradicts": {
        "zh": "配置里的权重是 {published}，这里按所选的 {quant} 计算。",
        "en": "The configuration belongs to weights in {published}; the answer is for {quant}, as asked.",
    },
    "rows-left-out": {
        "zh": "嵌入表有 {rows} 行，llama.cpp 的文件只保留 {kept} 行：参数量按文件计算。",
        "en": "The embedding table has {rows} rows, of which llama.cpp's file keeps {kept}: parameters are those of the file.",
    },
    "class-unknown": {
        "zh": "{engines} 没有这一类模型的专门支持：那里可能无法运行。",
        "en": "{engines} has no class of its own for this model: it may not run there.",
    },
    "towers-apart": {
        "zh": "只计算文本模型：{parts} 描述的图像或声音编码器不计入。",
        "en": "Only the text model is counted, not the image or audio encoders of {parts}.",
    },
    "class-named-otherwise": {
        "zh": "配置的 architectures 是 {named}，与 model_type 不符；按 model_type 计算。",
        "en": "The configuration calls its class {named}, unlike its model_type, which is computed.",
    },
    "mixtures-said-twice": {
        "zh": "配置用两种写法说明哪些层是混合专家层，而两者不一致：按逐层的列表计算，没有采用 {keys}。",
        "en": "The configuration says twice which layers are mixtures of experts, and the two differ: the list counts, not {keys}.",
    },
    "keys-unused": {
        "zh": "配置中有 {keys}，而这一类模型没有这样的部件：没有计入，model_type 可能写错了。",
        "en": "The configuration has {keys}, but its class has no such part: not counted, and its model_type may be wrong.",
    },
    "pass-not-compared": {
        "zh": "这一类的计算图没有与引擎逐项比较过：计算缓冲区按最接近的形式估计。",
        "en": "The pass of this class was not compared with the engine's: its compute buffer is that of the nearest form.",
    },
    "published-quantized": {
        "zh": "配置说明发布的权重是 {method} 格式；这里按所问的格式计算。",
        "en": "The configuration says that its published weights are in {method}; the answer is for the format that was asked for.",
    },
}
"""Code -> words; values stand in braces."""

RECORDS = {
    "device": ("gpus", "cpus"),
    "family": ("device-families",),
    "quant": ("quantizations",),
    "memory": ("memory",),
    "engine": ("engines",),
}
"""Value -> kinds of records that it may be an id of; other values stand for themselves."""
NAMED_TWICE = ("gpus", "cpus", "quantizations")
"""Kinds whose names may hold English words, and then have another for Chinese pages."""


@dataclass(frozen=True)
class Notice:
    """Something to know beside an answer."""

    code: str
    """Key of WORDS."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """What fills the braces: ids of records, numbers, names."""


def told(notices: list[Notice]) -> list[dict[str, Any]]:
    """Notices as an answer holds them, each once."""
    found: list[dict[str, Any]] = []
    for notice in notices:
        one = {"code": notice.code, "values": dict(notice.values)}
        if one not in found:
            found.append(one)
    return found


def sentence(notice: Mapping[str, Any], catalogue: Catalogue, language: str = "en") -> str:
    """A notice in words.

    Args:
        notice: code and values, as an answer holds them
        catalogue: all records, for names
        language: zh or en

    Returns:
        The sentence.
    """
    values = {name: _named(name, value, catalogue, language) for name, value in notice["values"].items()}
    told: str = WORDS[notice["code"]][language].format(**values)
    return told.replace("） ", "）")  # a name may end with a full-width bracket, which stands apart by itself


def _named(name: str, value: Any, catalogue: Catalogue, language: str) -> Any:
    for kind in RECORDS.get(name, ()):
        if value in catalogue.records[kind]:
            record = catalogue.records[kind][value]
            if language == "zh" and kind in NAMED_TWICE and record.name_zh is not None:
                return record.name_zh
            own = record.name
            return own if isinstance(own, str) else getattr(own, language)
    return value
