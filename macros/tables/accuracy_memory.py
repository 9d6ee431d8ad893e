"""How right the memory formulas are: predicted beside what the engine itself plans, and errors by architecture class."""

from __future__ import annotations

from typing import Any

import pandas as pd

from macros.estimate import check_setting, place
from macros.formulas.units import MIB
from macros.formulas.weights.file import weight_bytes
from macros.specs import Catalogue
from macros.specs.architectures import Architecture
from macros.specs.models import architecture_of
from macros.specs.plans import EnginePlans
from macros.tables import Column, table

ROOMY = {"memory_gib": 9999.0, "bandwidth_gb_per_s": 1000.0, "family": "rdna3"}
"""A device on which everything fits: the plans say where layers go. They were made without what CUDA keeps for mixtures besides."""
PARTS = {
    "weights": {"zh": "权重", "en": "weights"},
    "kv_cache": {"zh": "KV 缓存", "en": "KV cache"},
    "device_compute": {"zh": "设备计算缓冲区", "en": "compute buffer, device"},
    "host_compute": {"zh": "主机计算缓冲区", "en": "compute buffer, host"},
    "total": {"zh": "合计", "en": "total"},
}
"""What is compared."""
PLACEMENTS = {
    "host": {"zh": "只用处理器", "en": "CPU only"},
    "device": {"zh": "全部在一块 GPU 上", "en": "all on one GPU"},
    "partial": {"zh": "部分卸载", "en": "partial offload"},
    "several": {"zh": "两块 GPU", "en": "two GPUs"},
}
"""Where the layers are."""
SMALL = 64 * MIB
"""Buffers below this size are compared in bytes, not in parts of themselves."""
SMALL_STEP = 4 * MIB


def architecture_class(a: Architecture) -> str:
    """The class of a model by what decides its memory.

    Args:
        a: the shapes of the model

    Returns:
        The name of the class.
    """
    t = a.attention
    if t.indexer is not None:
        return "sparse"
    if t.latent is not None:
        return "latent"
    if a.recurrent is not None:
        return "hybrid"
    if a.per_layer_embeddings is not None:
        return "per-layer"
    if t.window is not None:
        return "windowed-experts" if a.experts is not None else "windowed"
    return "experts" if a.experts is not None else "dense"


CLASSES = {
    "dense": {"zh": "稠密", "en": "dense"},
    "experts": {"zh": "混合专家", "en": "MoE"},
    "windowed": {"zh": "滑动窗口", "en": "sliding window"},
    "windowed-experts": {"zh": "滑动窗口与混合专家", "en": "sliding window and experts"},
    "latent": {"zh": "多头潜在注意力", "en": "latent attention"},
    "sparse": {"zh": "稀疏注意力", "en": "sparse attention"},
    "hybrid": {"zh": "混合循环层", "en": "hybrid recurrent"},
    "per-layer": {"zh": "逐层嵌入", "en": "per-layer embeddings"},
}
"""Architecture classes."""


def relative_error(predicted: float, planned: float) -> float:
    """Error as a part of what was planned; of a small buffer, so that 4 MiB count as 5 %.

    Args:
        predicted: by the formulas [bytes]
        planned: by the engine [bytes]

    Returns:
        Signed error [1].

    >>> relative_error(101.0 * 2**20, 100.0 * 2**20)
    0.01
    """
    difference = predicted - planned
    if planned < SMALL:
        return 0.05 * difference / SMALL_STEP
    return difference / planned


def plan_errors(catalogue: Catalogue) -> pd.DataFrame:
    """Every plan of the engine beside what the formulas say, part by part.

    Args:
        catalogue: the records

    Returns:
        One row a plan and part: class, model, quant, placement, the setting, predicted and planned [bytes], error [1].
    """
    rows: list[dict[str, Any]] = []
    for record in catalogue.engine_plans.values():
        shapes = architecture_of(catalogue.models[record.model], catalogue.models)
        group = architecture_class(shapes)
        for plan in record.plans():
            placement = place(check_setting(question_of(record, plan), catalogue), catalogue)
            where = "host"
            if plan["devices"]:
                where = "several" if plan["devices"] > 1 else "device" if plan["gpu_layers"] is None else "partial"
            devices, host = placement.devices, placement.host
            predicted = {
                "weights": sum(share.weights_bytes for share in devices) + host.weights_bytes,
                "kv_cache": sum(share.kv_cache_bytes for share in devices) + host.kv_cache_bytes,
                "device_compute": sum(share.compute_buffer_bytes for share in devices),
                "host_compute": host.compute_buffer_bytes,
            }
            planned = {
                "weights": plan["device_weights"] + plan["host_weights"],
                "kv_cache": plan["device_kv_cache"] + plan["host_kv_cache"],
                "device_compute": plan["device_compute"],
                "host_compute": plan["host_compute"],
            }
            predicted["total"], planned["total"] = sum(predicted.values()), sum(planned.values())
            setting = {key: plan[key] for key in SETTING_KEYS}
            rows += [
                {
                    "class": group,
                    "model": record.model,
                    "placement": where,
                    **setting,
                    "part": part,
                    "predicted": predicted[part],
                    "planned": planned[part],
                    "error": relative_error(predicted[part], planned[part]),
                }
                for part in PARTS
                if planned[part] > 0
            ]
    return pd.DataFrame(rows)


SETTING_KEYS = (
    "quant", "gpu_layers", "context", "kv_type_k", "kv_type_v", "flash_attention", "ubatch", "slots", "logits_rows", "swa_full",
)  # fmt: skip


def question_of(record: EnginePlans, plan: dict[str, Any]) -> dict[str, Any]:
    """The question to `estimate` that a plan answers.

    Args:
        record: plans of one model by one build
        plan: one of them

    Returns:
        Keys and values of a question.
    """
    question = {key: value for key, value in plan.items() if key in SETTING_KEYS and value is not None and key != "gpu_layers"}
    question["model"] = record.model
    question["build"] = record.engine.split()[-1]
    if plan["devices"]:
        question["gpus"] = [ROOMY] * plan["devices"]
        question["gpu_layers"] = 9999 if plan["gpu_layers"] is None else plan["gpu_layers"]
    return question


_errors: list[tuple[Catalogue, pd.DataFrame]] = []


def _known_errors(catalogue: Catalogue) -> pd.DataFrame:
    if not _errors or _errors[0][0] is not catalogue:
        _errors[:] = [(catalogue, plan_errors(catalogue))]
    return _errors[0][1]


_SHARE = {"zh": "误差在 1% 以内", "en": "within 1 %"}


@table(
    id="memory-accuracy",
    title={"zh": "内存公式的误差，按架构类别", "en": "Errors of the memory formulas, by architecture class"},
    key=["case"],
    columns=[
        Column("case", title={"zh": "编号", "en": "case"}),
        Column("class", title={"zh": "架构类别", "en": "architecture class"}),
        Column("placement", title={"zh": "放置", "en": "placement"}, under=True),
        Column("part", title={"zh": "部分", "en": "part"}, under=True),
        Column("exact", unit="%", title={"zh": "逐字节相等", "en": "equal to the byte"}, digits=1),
        Column("within_1_percent", unit="%", title=_SHARE, digits=1),
        Column("within_5_percent", unit="%", title={"zh": "误差在 5% 以内", "en": "within 5 %"}, digits=1),
        Column("median", unit="%", title={"zh": "误差中位数", "en": "median error"}, digits=3, only_data=True),
        Column("percentile_90", unit="%", title={"zh": "第 90 百分位误差", "en": "90th percentile error"}, digits=3, only_data=True),
        Column("rows", title={"zh": "条数", "en": "rows"}, digits=0, secondary=True),
        Column("worst", unit="%", title={"zh": "最大误差", "en": "worst error"}, digits=2),
    ],
    formulas=("compute_buffer_bytes", "cache_bytes", "tensor_bytes"),
)
def memory_accuracy(catalogue: Catalogue) -> pd.DataFrame:
    """Errors of the memory formulas against the engine's own plans."""
    errors = _known_errors(catalogue)
    size = errors["error"].abs()
    frame = errors.assign(size=size, exact=errors["predicted"] == errors["planned"], one=size <= 0.01, five=size <= 0.05)
    groups = frame.groupby(["class", "placement", "part"], sort=False)
    result = pd.DataFrame(
        {
            "rows": groups.size(),
            "exact": groups["exact"].mean() * 100,
            "within_1_percent": groups["one"].mean() * 100,
            "within_5_percent": groups["five"].mean() * 100,
            "median": groups["size"].median() * 100,
            "percentile_90": groups["size"].quantile(0.9) * 100,
            "worst": groups["size"].max() * 100,
        }
    ).reset_index()
    order = {name: number for number, name in enumerate([*CLASSES, *PLACEMENTS, *PARTS])}
    keys = result[["class", "placement", "part"]].map(lambda name: order[name])
    result = result.loc[keys.sort_values(["class", "placement", "part"]).index].reset_index(drop=True)
    result.insert(0, "case", result["class"] + "-" + result["placement"] + "-" + result["part"].str.replace("_", "-"))
    result["class"] = result["class"].map(CLASSES)
    result["placement"] = result["placement"].map(PLACEMENTS)
    result["part"] = result["part"].map(PARTS)
    return result


@table(
    id="memory-plans",
    title={"zh": "预测值与引擎计划值，逐条", "en": "Predicted beside the engine's plan, row by row"},
    key=["row"],
    columns=[
        Column("row", title={"zh": "序号", "en": "row"}, digits=0),
        Column("model", title={"zh": "模型", "en": "model"}, link="models"),
        Column("quant", title={"zh": "量化", "en": "quantization"}, link="quantizations"),
        Column("placement", title={"zh": "放置", "en": "placement"}),
        Column("gpu_layers", title={"zh": "GPU 层数", "en": "GPU layers"}, digits=0),
        Column("context", unit="tokens", title={"zh": "上下文", "en": "context"}, digits=0),
        Column("kv_types", title={"zh": "K 与 V 的类型", "en": "types of K and V"}),
        Column("flash_attention", title={"zh": "Flash Attention", "en": "flash attention"}),
        Column("ubatch", unit="tokens", title={"zh": "微批", "en": "micro-batch"}, digits=0),
        Column("slots", title={"zh": "槽位", "en": "slots"}, digits=0),
        Column("part", title={"zh": "部分", "en": "part"}),
        Column("predicted", unit="B", title={"zh": "预测值", "en": "predicted"}, digits=0),
        Column("planned", unit="B", title={"zh": "引擎计划值", "en": "planned by the engine"}, digits=0),
        Column("error", unit="%", title={"zh": "误差", "en": "error"}, digits=3),
    ],
    formulas=("compute_buffer_bytes", "cache_bytes", "tensor_bytes"),
)
def memory_plans(catalogue: Catalogue) -> pd.DataFrame:
    """Every plan and part beside the prediction."""
    frame = _known_errors(catalogue).reset_index(drop=True)
    return pd.DataFrame(
        {
            "row": frame.index + 1,
            "model": frame["model"],
            "quant": frame["quant"],
            "placement": frame["placement"].map(PLACEMENTS),
            "gpu_layers": frame["gpu_layers"],
            "context": frame["context"],
            "kv_types": frame["kv_type_k"] + " / " + frame["kv_type_v"],
            "flash_attention": frame["flash_attention"].map({True: {"zh": "开", "en": "on"}, False: {"zh": "关", "en": "off"}}),
            "ubatch": frame["ubatch"],
            "slots": frame["slots"],
            "part": frame["part"].map(PARTS),
            "predicted": frame["predicted"],
            "planned": frame["planned"],
            "error": frame["error"] * 100,
        }
    )


@table(
    id="weights-accuracy",
    title={"zh": "张量字节数：计算值与工具给出的值", "en": "Bytes of tensors: computed beside the tool's"},
    key=["model", "engine"],
    columns=[
        Column("model", title={"zh": "模型", "en": "model"}, link="models"),
        Column("engine", title={"zh": "工具", "en": "tool"}, under=True),
        Column("layouts", title={"zh": "布局数", "en": "layouts"}, digits=0),
        Column("exact", title={"zh": "逐字节相等", "en": "equal to the byte"}, digits=0),
        Column("worst", unit="B", title={"zh": "最大差值", "en": "largest difference"}, digits=0),
    ],
    formulas=("tensor_bytes", "weight_bytes"),
)
def weights_accuracy(catalogue: Catalogue) -> pd.DataFrame:
    """Tensor bytes of each model in every preset, computed and as the tool lays them out."""
    rows = []
    for record in catalogue.file_sizes.values():
        differences = [predicted - given for _, _, predicted, given in file_sizes(catalogue, record.id)]
        rows.append(
            {
                "model": record.model,
                "engine": record.engine,
                "layouts": len(differences),
                "exact": sum(1 for difference in differences if difference == 0),
                "worst": max(abs(difference) for difference in differences),
            }
        )
    return pd.DataFrame(rows, columns=["model", "engine", "layouts", "exact", "worst"])


def file_sizes(catalogue: Catalogue, record: str) -> list[tuple[str, bool, int, int]]:
    """(preset, with importance matrix, computed, given) of each layout of a model [bytes].

    Args:
        catalogue: the records
        record: id in data/file-sizes

    Returns:
        One entry a layout.
    """
    sizes = catalogue.file_sizes[record]
    shapes = architecture_of(catalogue.models[sizes.model], catalogue.models)
    given = {(quant, False): size for quant, size in sizes.tensor_bytes.items()}
    # Where an importance matrix changes nothing, both layouts are the same.
    given |= {(quant, True): sizes.tensor_bytes_with_importance_matrix.get(quant, size) for quant, size in sizes.tensor_bytes.items()}
    types = catalogue.tensor_types
    return [
        (quant, matrix, weight_bytes(shapes, catalogue.quantizations[quant], types, importance_matrix=matrix), size)
        for (quant, matrix), size in given.items()
    ]
