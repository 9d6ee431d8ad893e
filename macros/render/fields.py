"""The fields of a record in readers' words, with their units; a record's specs as a table with a source for each line."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from pydantic import BaseModel

from macros.render.citations import link
from macros.render.numbers import number, unit_html
from macros.render.view import View

WORDS: dict[str, tuple[str, str]] = {
    "vendor": ("厂商", "Vendor"),
    "publisher": ("发布者", "Publisher"),
    "family": ("系列", "Family"),
    "architecture": ("架构", "Architecture"),
    "released": ("发布日期", "Released"),
    "licence": ("许可", "Licence"),
    "based_on": ("基于", "Based on"),
    "memory_gib": ("显存", "Memory"),
    "memory_sizes_gib": ("内存规格", "Memory sizes sold"),
    "memory_kind": ("显存类型", "Memory kind"),
    "memory_bus_bits": ("显存位宽", "Memory bus"),
    "bandwidth_gb_per_s": ("显存带宽", "Memory bandwidth"),
    "fp32_tflops": ("FP32 算力", "FP32 rate"),
    "fp16_tensor_tflops": ("FP16 矩阵算力（稠密）", "FP16 matrix rate, dense"),
    "int8_tensor_tops": ("INT8 矩阵算力（稠密）", "INT8 matrix rate, dense"),
    "compute_units": ("计算单元", "Compute units"),
    "boost_mhz": ("最高频率", "Boost clock"),
    "base_mhz": ("基础频率", "Base clock"),
    "tdp_w": ("功耗", "Power"),
    "power_range_w": ("功耗范围", "Power range"),
    "l2_mib": ("L2 缓存", "L2 cache"),
    "pcie_generation": ("PCIe 代次", "PCIe generation"),
    "pcie_lanes": ("PCIe 通道", "PCIe lanes"),
    "launch_price_usd": ("首发价", "Launch price"),
    "modified": ("改装卡", "Modified card"),
    "cores": ("核心", "Cores"),
    "threads": ("线程", "Threads"),
    "memory_kinds": ("支持的内存", "Memory kinds"),
    "memory_channels": ("内存通道", "Memory channels"),
    "max_memory_gib": ("最大内存", "Most memory"),
    "reachable_bandwidth_gb_per_s": ("核心可用带宽", "Bandwidth its cores can draw"),
    "published_parameters": ("公布的参数量", "Published parameters"),
    "hugging_face": ("Hugging Face", "Hugging Face"),
    "modelscope": ("ModelScope", "ModelScope"),
    "engine_name": ("llama.cpp 中的架构名", "Architecture name in llama.cpp"),
    "layers": ("层数", "Layers"),
    "hidden_size": ("隐藏维度", "Hidden size"),
    "vocabulary_size": ("词表大小", "Vocabulary size"),
    "context_length": ("上下文长度", "Context length"),
    "tied_embeddings": ("输入输出共用词嵌入", "Tied embeddings"),
    "attention.heads": ("查询头", "Query heads"),
    "attention.kv_heads": ("KV 头", "KV heads"),
    "attention.head_dim": ("每头维度", "Head size"),
    "attention.window.size": ("滑动窗口", "Sliding window"),
    "attention.latent.kv_rank": ("MLA 压缩维度", "MLA rank"),
    "attention.latent.rope_dim": ("MLA 位置维度", "MLA positional part"),
    "feed_forward.size": ("前馈维度", "Feed-forward size"),
    "experts.count": ("每层专家数", "Experts a layer"),
    "experts.used": ("每词元激活专家数", "Experts used a token"),
    "experts.size": ("专家维度", "Expert size"),
    "experts.shared_size": ("共享专家维度", "Shared expert size"),
    "recurrent.kind": ("循环层", "Recurrent layers"),
    "recurrent.state_size": ("循环状态维度", "Recurrent state size"),
}
"""Path of a field below its record -> its name in Chinese and English. What is not listed is not shown: it is in the data files."""

UNITS = {
    "memory_gib": "GiB",
    "memory_sizes_gib": "GiB",
    "max_memory_gib": "GiB",
    "memory_bus_bits": "bit",
    "bandwidth_gb_per_s": "GB/s",
    "reachable_bandwidth_gb_per_s": "GB/s",
    "fp32_tflops": "TFLOP/s",
    "fp16_tensor_tflops": "TFLOP/s",
    "int8_tensor_tops": "TOP/s",
    "boost_mhz": "MHz",
    "base_mhz": "MHz",
    "tdp_w": "W",
    "power_range_w": "W",
    "l2_mib": "MiB",
    "launch_price_usd": "USD",
}

REFERENCES = {"memory_kinds": "memory"}
"""Fields that hold ids of records of another kind."""


def specs(view: View, kind: str, record: Any) -> str:
    """What is written in a record, line by line, each number with its sources."""
    rows = []
    for path, value in _listed(record, ""):
        if path not in WORDS:
            continue
        sources = view.pick("、", ", ").join(link(view, source) for source in _sources(record, path))
        numeric = ' class="n"' if isinstance(value, int | float) and value is not True else ""
        rows.append(
            f'<tr><th scope="row">{view.pick(*WORDS[path])}</th><td{numeric}>{_shown(view, kind, path, value)}</td>'
            f'<td class="source">{sources}</td></tr>'
        )
    heads = "".join(
        f"<th {kind}>{view.pick(*words)}</th>"
        for kind, words in (
            ('scope="col"', ("规格", "Spec")),
            ('scope="col"', ("值", "Value")),
            ('scope="col"', ("出处", "Source")),
        )
    )
    title = view.pick("规格与出处", "Specs and sources")
    return (
        f'<div class="table table-specs"><div class="table-scroll" role="region" tabindex="0" aria-label="{title}"><table>'
        f'<caption class="visually-hidden">{title}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div></div>"
    )


def _listed(value: BaseModel, at: str) -> Iterator[tuple[str, Any]]:
    for name in type(value).model_fields:
        inner = getattr(value, name)
        # A model's architecture is its own level in the file and none for the reader.
        path = at if name == "architecture" and isinstance(inner, BaseModel) else f"{at}.{name}".lstrip(".")
        if isinstance(inner, BaseModel) and name != "notes":
            yield from _listed(inner, path)
        elif inner is not None and inner is not False and inner != 0:
            yield path, inner


def _sources(record: Any, field: str) -> list[str]:
    fields = {field if field in type(record).model_fields else "architecture"}
    found: list[str] = []
    for name, ids in record.sources.items():
        if set(record.SOURCE_GROUPS.get(name, (name,))) & fields:
            found += [source for source in ids if source not in found]
    return found


def _shown(view: View, kind: str, path: str, value: Any) -> str:
    unit = f" {unit_html(UNITS[path], view.language)}" if path in UNITS else ""
    if value is True:
        return view.pick("是", "yes")
    if isinstance(value, int | float):
        return number(value) + unit
    if isinstance(value, list | tuple):
        separator = "–" if path == "power_range_w" else view.pick("、", ", ")
        return separator.join(_shown(view, kind, REFERENCES.get(path, ""), item) for item in value) + unit
    if path == "based_on":
        return f'<a href="{escape(view.page(f"models/{value}/"))}">{view.name("models", value)}</a>'
    if path in REFERENCES.values():
        return view.name(path, value)
    if path == "family":
        return view.name("families" if kind == "models" else "device-families", value)
    if path in ("hugging_face", "modelscope"):
        host = {"hugging_face": "https://huggingface.co/", "modelscope": "https://www.modelscope.cn/models/"}[path]
        return f'<a href="{host}{escape(value)}" rel="noopener">{escape(value)}</a>'
    return view.html(value.isoformat() if hasattr(value, "isoformat") else value)
