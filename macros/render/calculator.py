"""The calculator's form, and every word that its script says, in the language of the page."""

from __future__ import annotations

import json
from html import escape

from macros.estimate.notices import RECORDS
from macros.estimate.notices import WORDS as NOTICES
from macros.estimate.question import KEYS, UNITS, WORDS
from macros.formulas.power import HOURS_A_DAY
from macros.render import scripts
from macros.render.view import View

Words = dict[str, str]

LABELS: dict[str, Words] = {
    "ram_gib": {"zh": "内存容量（GiB）", "en": "RAM (GiB)"},
    "form": {"zh": "设置", "en": "Settings"},
    "model-hint": {
        "zh": "输入名称的一部分，中文或英文，如“通义 8b”。",
        "en": "Type part of a name, such as “qwen 8b”.",
    },
    "config": {"zh": "列表里没有？用它的 GGUF 文件或 config.json", "en": "Not listed? Its GGUF file or config.json"},
    "gguf-file": {
        "zh": "模型文件：GGUF 或 safetensors（也可以拖到页面上）",
        "en": "Model file: GGUF or safetensors (or drop it on the page)",
    },
    "gguf-hint": {
        "zh": "只读取文件头，只在这个页面里读，不会发送到任何地方；按文件里的张量逐个计算，不用再选量化。"
        "分成几份的文件请一起选；safetensors 文件或它的索引请连同 config.json 一起选。",
        "en": "Only its header is read, in this page, and nothing is sent; the answer is for exactly its tensors, so there is no "
        "quantization to choose. Choose all parts of a split file together, and safetensors files or their index with their config.json.",
    },
    "gguf-forget": {"zh": "不用这个文件", "en": "Leave the file"},
    "config-text": {"zh": "Hugging Face 的 config.json", "en": "config.json from Hugging Face"},
    "config-hint": {
        "zh": "只在这个页面里计算，不会发送到任何地方；链接里有一份压缩的，在 # 之后，浏览器不会把它交给服务器。清空后回到上面的模型。",
        "en": "Computed in this page only and sent nowhere. The link carries it, compressed, after its #, which browsers keep to "
        "themselves. Empty it to return to the model above.",
    },
    "own-memory": {"zh": "显存（GiB）", "en": "Memory (GiB)"},
    "own-bandwidth": {"zh": "带宽（GB/s）", "en": "Bandwidth (GB/s)"},
    "own-family": {"zh": "最接近的系列", "en": "Nearest family"},
    "cards": {"zh": "显卡（可以多张、混用）", "en": "Cards (several, mixed)"},
    "card": {"zh": "显卡", "en": "Card"},
    "count": {"zh": "数量", "en": "Count"},
    "remove": {"zh": "移除", "en": "Remove"},
    "add-card": {"zh": "再加一种显卡", "en": "Add another card"},
    "no-card": {"zh": "不填显卡，就全部由处理器计算。", "en": "Without a card, everything runs on the CPU."},
    "computer": {"zh": "处理器与内存", "en": "CPU and RAM"},
    "more": {"zh": "更多设置", "en": "More settings"},
    "money": {"zh": "价格与用电", "en": "Price and electricity"},
    "price": {"zh": "整机或显卡的价格（任意货币）", "en": "Price of the machine or cards (any currency)"},
    "hours": {"zh": "每天用几小时", "en": "Hours of use a day"},
    "tariff": {"zh": "每千瓦时电价（同一货币）", "en": "Price of a kWh (same currency)"},
    "answer": {"zh": "结果", "en": "Answer"},
    "bars": {"zh": "显存与内存里放了什么", "en": "What fills the memory"},
    "figures": {"zh": "能放多少、跑多快", "en": "How much fits, how fast it runs"},
    "command": {"zh": "对应的命令", "en": "The command for this setting"},
    "rest": {"zh": "文件、功耗与其余", "en": "File, power and the rest"},
    "share": {"zh": "复制这个结果的链接", "en": "Copy a link to this answer"},
    "without": {
        "zh": "计算器需要 JavaScript。不开启它，也可以看各章的表格，或在命令行里运行",
        "en": "The calculator needs JavaScript. Without it, the tables of each chapter have the same numbers, or run",
    },
}
"""What stands on the form besides the keys of a question, which bring their own words."""

MESSAGES: dict[str, Words] = {
    "unknown-model": {"zh": "没有名为“{value}”的模型。", "en": "There is no model called “{value}”."},
    "unknown-card": {"zh": "没有名为“{value}”的显卡。", "en": "There is no card called “{value}”."},
    "unknown-cpu": {"zh": "没有名为“{value}”的处理器。", "en": "There is no CPU called “{value}”."},
    "unknown-choice": {"zh": "“{value}”不在可选项里。", "en": "“{value}” is not one of the choices."},
    "nearest": {"zh": "是不是指{near}？", "en": "Did you mean {near}?"},
    "ambiguous": {"zh": "“{value}”可以指好几个，请选一个。", "en": "“{value}” fits several; choose one."},
    "used-instead": {"zh": "现在按 {used} 计算。", "en": "Computed with {used} for now."},
    "left-out": {"zh": "现在不计入。", "en": "Left out for now."},
    "not-number": {"zh": "“{value}”不是数字。", "en": "“{value}” is not a number."},
    "not-whole": {"zh": "应为整数，而不是 {value}。", "en": "Expected a whole number, not {value}."},
    "too-small": {"zh": "至少为 {limit}。", "en": "At least {limit}."},
    "too-large": {"zh": "至多为 {limit}。", "en": "At most {limit}."},
    "missing": {"zh": "请填写。", "en": "Please fill this in."},
    "too-many-cards": {"zh": "最多 {limit} 张显卡。", "en": "At most {limit} cards."},
    "config-not-json": {
        "zh": "这不是完整的 JSON：请从 config.json 的第一个花括号复制到最后一个。",
        "en": "This is not complete JSON: copy config.json from its first brace to its last.",
    },
    "config-not-object": {"zh": "应为一个 JSON 对象（以花括号开头）。", "en": "Expected a JSON object (it starts with a brace)."},
    "config-too-long": {
        "zh": "太长：最多读 800 万个字符，config.json 一般只有几千个。",
        "en": "Too long: at most eight million characters are read; a config.json mostly has a few thousand.",
    },
    "config-not-link": {
        "zh": "链接里的配置已经损坏，请向发来链接的人要 config.json。",
        "en": "The configuration in this link is damaged; ask its sender for the config.json.",
    },
    "config-too-large-for-link": {
        "zh": "这份配置太大，链接里放不下：打开链接的人要自己粘贴它。",
        "en": "This configuration is too large for a link: whoever opens it has to paste it again.",
    },
    "file-read": {
        "zh": "{name}：{architecture}，{tensors} 个张量，{size}（{types}）",
        "en": "{name}: {architecture}, {tensors} tensors, {size} ({types})",
    },
    "file-reading": {"zh": "正在读取……", "en": "Reading …"},
    "file-unknown": {
        "zh": "请选 .gguf 或 .safetensors 文件，或 config.json。",
        "en": "Choose a .gguf or .safetensors file, or a config.json.",
    },
    "file-without-config": {
        "zh": "safetensors 文件里没有模型的形状，请把 config.json 一起选上。",
        "en": "Safetensors files do not tell the shapes of the model; choose the config.json with them.",
    },
    "refused-gguf": {"zh": "这个文件不能计算：{detail}", "en": "This file cannot be computed: {detail}"},
    "other-card": {"zh": "其他显卡（自己填）", "en": "Another card (fill it in)"},
    "config-name": {"zh": "粘贴的模型", "en": "the pasted model"},
    "refused": {"zh": "这组设置无法计算（{key}）：{detail}", "en": "This setting cannot be computed ({key}): {detail}"},
    "refused-device": {
        "zh": "{engine} 不能在这个设备上运行；可以用 {others}。",
        "en": "{engine} does not run on this device; {others} does.",
    },
    "refused-quant": {"zh": "所选的推理引擎读不了 {quant}。", "en": "The engine chosen cannot read {quant}."},
    "refused-engine": {"zh": "这个引擎读不了 {quant}。", "en": "This engine cannot read {quant}."},
    "refused-kv_type": {
        "zh": "{kv} 的块不能整除这个模型的注意力头，请选 f16。",
        "en": "Blocks of {kv} do not divide the heads of this model; choose f16.",
    },
    "refused-kv_type_v": {
        "zh": "{kv} 的块不能整除这个模型的注意力头，请选 f16。",
        "en": "Blocks of {kv} do not divide the heads of this model; choose f16.",
    },
    "refused-flash_attention": {"zh": "量化的 V 缓存需要开启 Flash Attention。", "en": "A quantized V cache needs Flash Attention."},
    "refused-gpu_layers": {"zh": "这个引擎要求所有层都在显卡上，请留空。", "en": "This engine needs all layers on cards; leave it empty."},
    "refused-config": {
        "zh": "这份配置里的 {key} 还算不了：可能是新的架构。请在列表里选一个相近的模型，或到源码仓库报告。",
        "en": "The guide cannot compute {key} of this configuration yet: it may be a new architecture. Choose a model like it from "
        "the list, or report it in the repository.",
    },
    "by-default": {"zh": "默认", "en": "default"},
    "format-changed": {
        "zh": "{engine} 读不了 {before}，已换成 {now}。",
        "en": "{engine} cannot read {before}; changed to {now}.",
    },
    "group-recommended": {"zh": "推荐", "en": "Recommended"},
    "group-gguf": {"zh": "其他 GGUF 格式", "en": "Other GGUF formats"},
    "group-mlx": {"zh": "MLX 格式", "en": "MLX formats"},
    "group-other": {"zh": "显卡与训练用的格式", "en": "Formats for GPU servers and training"},
    "deeper-than-context": {
        "zh": "不能多于上下文长度 {limit}。",
        "en": "At most the context length, {limit}.",
    },
    "fits": {"zh": "放得下，还剩 {free}。", "en": "Fits, with {free} to spare."},
    "fits-split": {
        "zh": "部分放得下：{layers} 层在显卡上，其余在内存里，占用 {host} 内存。",
        "en": "Fits only in part: {layers} layers on the cards, the rest in RAM, which takes {host}.",
    },
    "fits-experts": {
        "zh": "能运行：专家在内存里，占用 {host} 内存；其余在显卡上。",
        "en": "Runs with the experts in RAM, which takes {host}; everything else is on the cards.",
    },
    "fits-apart": {
        "zh": "部分放得下：前 {layers} 层的专家在内存里，占用 {host} 内存；其余在显卡上。",
        "en": "Fits only in part: the experts of {layers} layers are in RAM, which takes {host}; everything else is on the cards.",
    },
    "try-experts": {
        "zh": "把专家放进内存：{speed}，占用 {host} 内存",
        "en": "Put the experts in RAM: {speed}, {host} of RAM",
    },
    "fits-cpu": {"zh": "放得下：全部在内存里，需要 {host}。", "en": "Fits: all of it in RAM, which takes {host}."},
    "short": {"zh": "放不下，还差 {short}。", "en": "Does not fit: {short} short."},
    "short-users": {
        "zh": "放不下 {users} 个这么长的对话，同时只放得下 {fit} 个。",
        "en": "{users} conversations of that length do not fit at once: {fit} do.",
    },
    "weights": {"zh": "权重", "en": "Weights"},
    "kv_cache": {"zh": "KV 缓存", "en": "KV cache"},
    "compute_buffer": {"zh": "计算缓冲区", "en": "Compute buffer"},
    "runtime": {"zh": "运行时", "en": "Runtime"},
    "companions": {"zh": "另外加载", "en": "Loaded beside"},
    "margin": {"zh": "留给桌面", "en": "Kept for the desktop"},
    "free": {"zh": "空闲", "en": "Free"},
    "over": {"zh": "超出", "en": "Too much"},
    "host": {"zh": "内存", "en": "RAM"},
    "of": {"zh": "{used}，可用 {total}", "en": "{used} of {total} usable"},
    "layers-here": {"zh": "{layers} 层", "en": "{layers} layers"},
    "figure-parameters": {"zh": "参数", "en": "Parameters"},
    "figure-file": {"zh": "权重大小", "en": "Size of the weights"},
    "figure-layers": {"zh": "显卡上的层", "en": "Layers on the cards"},
    "figure-context": {"zh": "最长上下文", "en": "Longest context"},
    "figure-fit": {"zh": "什么都不指定时 llama.cpp 自己的放法", "en": "What llama.cpp does if you say nothing"},
    "fit-experts": {
        "zh": "{layers}，第 {from}–{to} 层的专家在内存里：{speed}",
        "en": "{layers}, experts of layers {from} to {to} in RAM: {speed}",
    },
    "fit-layers": {"zh": "{layers}：{speed}", "en": "{layers}: {speed}"},
    "fit-no": {"zh": "放不下", "en": "It does not fit"},
    "figure-quant": {"zh": "放得下的最好的量化", "en": "Best quantization that fits"},
    "figure-decode": {"zh": "解码速度", "en": "Decode"},
    "figure-guesses": {"zh": "投机解码（接受率 {from} % 起划算）", "en": "With guesses (pays from {from} % accepted)"},
    "figure-each": {"zh": "每人的速度", "en": "Each user"},
    "each-first": {"zh": "首词 {first}；所有人同时提问时 {last}", "en": "first token {first}; {last} where all ask at once"},
    "figure-users": {"zh": "写满时放得下的对话数", "en": "Conversations that fit when full"},
    "users-filled": {"zh": "写到 {fill} % 时 {users} 个", "en": "{users} at {fill} % of it"},
    "figure-prefill": {"zh": "预填充速度", "en": "Prefill"},
    "figure-first": {"zh": "首词元时间（提示词 {tokens}）", "en": "Time to first token (prompt of {tokens})"},
    "figure-load": {"zh": "加载时间", "en": "Load time"},
    "load-cached": {"zh": "再次加载 {value}", "en": "again, from the page cache: {value}"},
    "figure-watts": {"zh": "整机功率上限", "en": "Power of the machine, at most"},
    "figure-value": {"zh": "每 1,000 货币单位", "en": "Per 1,000 units of money"},
    "figure-joule": {"zh": "每瓦速度（整机）", "en": "Speed for each watt (machine)"},
    "figure-year": {"zh": "每年用电", "en": "Electricity a year"},
    "figure-year-cost": {"zh": "每年电费", "en": "Electricity cost a year"},
    "figure-energy": {"zh": "每百万词元的用电", "en": "Electricity per million tokens"},
    "figure-energy-cost": {"zh": "每百万词元的电费", "en": "Electricity cost per million tokens"},
    "tokens-per-second": {"zh": "{value} 词元/秒", "en": "{value} tokens/s"},
    "range": {"zh": "{low} 至 {high}", "en": "{low} to {high}"},
    "tokens": {"zh": "{value} 词元", "en": "{value} tokens"},
    "layers-of": {"zh": "{value} / {total}", "en": "{value} of {total}"},
    "none": {"zh": "全部放在设备上时放不下", "en": "none with everything on the device"},
    "unknown": {"zh": "未知", "en": "unknown"},
    "copied": {"zh": "已复制", "en": "Copied"},
    "status-spilled": {
        "zh": "{verdict}Windows 会让显卡借用内存，解码只有 {speed}。",
        "en": "{verdict} Windows lets the card spill into RAM: decode drops to {speed}.",
    },
    "status": {"zh": "{verdict}解码速度 {speed}。", "en": "{verdict} Decode {speed}."},
    "status-errors": {"zh": "有 {count} 处需要修改。", "en": "Fields to correct: {count}."},
    "options": {"zh": "{count} 个结果", "en": "{count} results"},
}
"""What the script says; {names} are filled in as text."""

UNITS_SHOWN = ("GiB", "MiB", "W")
"""Units that a label names; lengths in tokens say so themselves."""
ELSEWHERE = (
    "model", "config", "gguf", "safetensors", "quant", "kv_type", "kv_type_k", "context", "users", "gpus", "memory_gib",
    "cpu", "memory", "memory_channels", "sockets", "ram_gib", "drive", "fit",
)  # fmt: skip
"""Keys that have a place of their own on the form, or none; all others stand under the other settings, in the order of the question."""


def form(view: View) -> str:
    """The whole calculator; its script fills the lists and the answer."""
    computer = (
        _combobox(view, "cpu", "")
        + '<div class="fields">'
        + _key(view, "memory")
        + _key(view, "memory_channels")
        + _key(view, "sockets")
        + _field(view, "ram_gib", "text", "64", mode="decimal")
        + "</div>"
        + _key(view, "drive")
    )
    others = [name for name in KEYS if name not in ELSEWHERE]
    boxed = "".join(_key(view, name) for name in others if KEYS[name].kind != "flag")
    more = f'<div class="fields">{boxed}</div>' + "".join(_key(view, name) for name in others if KEYS[name].kind == "flag")
    boxes = (("price", ""), ("tariff", ""), ("hours", str(HOURS_A_DAY)))
    money = "".join(_field(view, name, "text", value, mode="decimal") for name, value in boxes)
    money = f'<div class="fields">{money}</div>'
    config = (
        '<div class="field" data-field="gguf">'
        f'<label for="calculator-gguf">{_label(view, "gguf-file")}</label>'
        '<input id="calculator-gguf" type="file" accept=".gguf,.safetensors,.json" multiple '
        'aria-describedby="calculator-gguf-hint calculator-gguf-error">'
        f'<p class="field-hint" id="calculator-gguf-hint">{_label(view, "gguf-hint")}</p>{_error("gguf")}'
        '<p class="field-hint" data-file role="status"></p>'
        f'<button type="button" class="calculator-button" data-forget hidden>{_label(view, "gguf-forget")}</button></div>'
        '<div class="field" data-field="config">'
        f'<label for="calculator-config">{_label(view, "config-text")}</label>'
        '<textarea id="calculator-config" rows="6" spellcheck="false" autocomplete="off" '
        'aria-describedby="calculator-config-hint calculator-config-error"></textarea>'
        f'<p class="field-hint" id="calculator-config-hint">{_label(view, "config-hint")}</p>{_error("config")}'
        '<p class="field-hint" data-config-link></p></div>'
    )
    question = (
        _combobox(view, "model", "", hint="model-hint")
        + _details(view, "config", config)
        + f'<div class="fields">{_key(view, "quant")}{_key(view, "kv_type")}</div>'
        + f'<div class="fields">{_field(view, "context", "text", "8192", mode="numeric", hint="context")}{_key(view, "users")}</div>'
        + _cards(view)
        + _details(view, "computer", computer)
        + _details(view, "more", more)
        + _details(view, "money", money)
    )
    answer = (
        '<p class="calculator-verdict" data-verdict></p><p class="visually-hidden" role="status" data-status></p>'
        '<p data-try hidden><button type="button" class="calculator-button"></button></p>'
        '<ul class="calculator-warnings" data-warnings></ul>'
        f'<h3 id="bars">{_label(view, "bars")}</h3><div data-bars></div>'
        f'<h3 id="figures">{_label(view, "figures")}</h3><dl class="calculator-figures calculator-first" data-figures></dl>'
        f'<details class="calculator-more" data-rest><summary>{_label(view, "rest")}</summary>'
        '<dl class="calculator-figures" data-more-figures></dl></details>'
        f'<h3 id="command">{_label(view, "command")}</h3><pre tabindex="0"><code data-command></code></pre>'
        f'<p><button type="button" class="calculator-button" data-share>{_label(view, "share")}</button></p>'
    )
    notices = {f"notice-{code}": words for code, words in NOTICES.items()}
    messages = {name: view.words(words) for name, words in (MESSAGES | notices).items()}
    return (
        f'<link rel="stylesheet" href="{escape(view.page("css/calculator.css"))}">'
        f"<noscript><p>{_label(view, 'without')} <code>python -m macros estimate --help</code></p></noscript>"
        '<div class="calculator" data-calculator data-configs="'
        f'{escape(view.api("calculator/formulas-and-configs.js"))}" data-formulas="{escape(_json(scripts.formulas(view)))}">'
        f'<form class="calculator-form" novalidate aria-label="{_label(view, "form")}">{question}</form>'
        f'<section class="calculator-answer" aria-labelledby="answer"><h2 id="answer">{_label(view, "answer")}</h2>{answer}</section>'
        '<p class="calculator-strip" data-strip aria-hidden="true" hidden></p>'
        f'<script type="application/json" data-words data-records="{escape(_json(RECORDS))}" '
        f'data-keys="{escape(_json(_keys()))}">{_json(messages)}</script></div>'
        + "".join(f'<script defer src="{escape(address)}"></script>' for address in scripts.of_calculator(view))
    )


def _json(value: object) -> str:
    """JSON that can stand inside a script element."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def _keys() -> dict[str, dict[str, object]]:
    """What the script needs of each key that the form asks for."""
    return {
        name: {"kind": key.kind, "low": key.low, "high": key.high, "default": key.default, "records": key.records}
        for name, key in KEYS.items()
    }


def _label(view: View, name: str) -> str:
    if name in LABELS:
        return view.html(LABELS[name])
    unit = f" ({UNITS[name]})" if UNITS[name] in UNITS_SHOWN else ""
    return view.html({language: text + unit for language, text in WORDS[name]["label"].items()})


def _says(view: View, name: str) -> str:
    """The sentence of a key, or a hint of the form's own."""
    return _label(view, name) if name in LABELS else view.html(WORDS[name]["says"])


def _key(view: View, name: str) -> str:
    """The control for a key of the question."""
    key = KEYS[name]
    if key.kind == "flag":
        return _check(view, name, on=bool(key.default))
    if key.kind == "id":
        return _select(view, name)
    if key.kind == "choice":
        return _select(view, name, key.choices if key.default is not None else ("", *key.choices))
    given = str(key.default) if isinstance(key.default, int | float) else ""
    mode = {"number": "decimal", "whole": "numeric", "layers": "numeric"}.get(key.kind, "text")
    return _field(view, name, "text", given, mode=mode, hint=name if key.kind == "layers" else None)


def _error(name: str) -> str:
    return f'<p class="field-error" id="calculator-{name}-error" data-error hidden></p>'


def _described(view: View, name: str, hint: str | None) -> tuple[str, str]:
    """(attribute, elements after the control)."""
    ids = f"calculator-{name}-hint calculator-{name}-error" if hint else f"calculator-{name}-error"
    told = f'<p class="field-hint" id="calculator-{name}-hint">{_says(view, hint)}</p>' if hint else ""
    return f'aria-describedby="{ids}"', told + _error(name)


def _field(view: View, name: str, kind: str, value: str, *, mode: str, hint: str | None = None) -> str:
    described, after = _described(view, name, hint)
    return (
        f'<div class="field" data-field="{name}"><label for="calculator-{name}">{_label(view, name)}</label>'
        f'<input id="calculator-{name}" type="{kind}" inputmode="{mode}" value="{escape(value)}" autocomplete="off" {described}>'
        f"{after}</div>"
    )


def _combobox(view: View, name: str, value: str, *, hint: str | None = None) -> str:
    described, after = _described(view, name, hint)
    return (
        f'<div class="field" data-field="{name}"><label for="calculator-{name}">{_label(view, name)}</label>'
        f'<div class="combobox"><input id="calculator-{name}" type="text" role="combobox" aria-autocomplete="list" aria-expanded="false" '
        f'aria-controls="calculator-{name}-list" autocomplete="off" spellcheck="false" value="{escape(value)}" {described}>'
        f'<ul id="calculator-{name}-list" role="listbox" aria-label="{_label(view, name)}" hidden></ul></div>{after}</div>'
    )


def _select(view: View, name: str, options: tuple[str, ...] = ()) -> str:
    described, after = _described(view, name, None)
    listed = "".join(f'<option value="{option}">{option}</option>' for option in options)
    return (
        f'<div class="field" data-field="{name}"><label for="calculator-{name}">{_label(view, name)}</label>'
        f'<select id="calculator-{name}" {described}>{listed}</select>{after}</div>'
    )


def _check(view: View, name: str, *, on: bool = False) -> str:
    checked = " checked" if on else ""
    return (
        f'<div class="field field-check" data-field="{name}"><label><input id="calculator-{name}" type="checkbox"{checked}> '
        f"{_label(view, name)}</label>{_error(name)}</div>"
    )


def _details(view: View, name: str, inside: str) -> str:
    return f'<details class="calculator-more" data-more="{name}"><summary>{_label(view, name)}</summary>{inside}</details>'


def _cards(view: View) -> str:
    """A list of cards: the script makes a row from the template for each kind."""
    row = (
        '<div class="calculator-card" data-card><div class="field" data-field="gpu">'
        f"<label>{_label(view, 'card')}</label>"
        '<div class="combobox"><input type="text" role="combobox" aria-autocomplete="list" aria-expanded="false" autocomplete="off" '
        f'spellcheck="false"><ul role="listbox" aria-label="{_label(view, "card")}" hidden></ul></div>'
        '<p class="field-error" data-error hidden></p></div>'
        f'<div class="field" data-field="count"><label>{_label(view, "count")}</label>'
        '<input type="text" inputmode="numeric" value="1" autocomplete="off"><p class="field-error" data-error hidden></p></div>'
        f'<button type="button" class="calculator-button" data-remove aria-label="{_label(view, "remove")}">×</button>'
        f'<div class="field" data-field="size" hidden><label>{_label(view, "memory_gib")}</label><select></select>'
        '<p class="field-error" data-error hidden></p></div>'
        '<div class="fields calculator-own" data-own hidden>'
        + "".join(
            f'<div class="field" data-field="{name}"><label>{_label(view, name)}</label>'
            f'<input type="text" inputmode="decimal" value="{value}" autocomplete="off"><p class="field-error" data-error hidden></p></div>'
            for name, value in (("own-memory", "24"), ("own-bandwidth", "900"))
        )
        + f'<div class="field" data-field="own-family"><label>{_label(view, "own-family")}</label><select></select>'
        '<p class="field-error" data-error hidden></p></div></div></div>'
    )
    return (
        f'<fieldset class="calculator-cards" data-cards><legend>{_label(view, "cards")}</legend><div data-rows></div>'
        f'<button type="button" class="calculator-button" data-add>{_label(view, "add-card")}</button>'
        f'<p class="field-hint" data-no-card hidden>{_label(view, "no-card")}</p><template>{row}</template></fieldset>'
    )
