"""What others measured and published: speeds, times and sizes, one file a source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Annotated, Any, ClassVar, Literal

from macros.specs.form import Field, model_validator
from macros.specs.quantities import Bytes, Count, GigabytesPerSecond, Watts, Whole
from macros.specs.record import Id, Plain, Strict, Text, Transcript

Speed = Annotated[float, Field(gt=0, le=10_000_000)]
Seconds = Annotated[float, Field(gt=0, le=1_000_000)]
Mib = Annotated[float, Field(gt=0, le=100_000_000)]


class Quality(Strict):
    """Why a value is shown but no constant is fitted to it."""

    flag: Literal["noisy", "anomalous", "incomplete", "not-measured"]
    """noisy: scattered; anomalous: far from like results; incomplete: settings unknown; not-measured: a maker's statement."""
    reason: Text
    """What speaks against it."""


class Row(Strict):
    """One measured value. Keys that a question to `estimate` has too mean the same here."""

    kind: str
    """What was measured."""
    model: Id | None = None
    """Id in data/models."""
    quant: Id | None = None
    """Id in data/quantizations."""
    dense_quant: Id | None = None
    """Format of everything but routed experts, where a mix made by hand stores that otherwise; `quant` is then the experts'."""
    gpus: list[Id] = Field(default_factory=list)
    """Ids in data/gpus, repeated for several of a kind."""
    cpu: Id | None = None
    """Id in data/cpus; the host, where there are gpus as well."""
    host: Plain | None = None
    """The host in the source's words, where no id says it."""
    memory: Id | None = None
    """Id in data/memory."""
    memory_channels: Count | None = None
    """Channels of memory in use."""
    host_bandwidth_gb_per_s: GigabytesPerSecond | None = None
    """Memory bandwidth of the host as the source states or measured it [GB/s]."""
    published_as: Plain | None = None
    """Model, format or device in the source's words, where no id says it."""
    engine: Plain = "llama.cpp"
    """Program that ran it."""
    backend: Literal["cuda", "rocm", "vulkan", "sycl", "metal", "cpu", "other"] | None = None
    """Back end of the program."""
    build: Plain | None = None
    """Version of the program: build number or commit."""
    built: date | None = None
    """When that version was made, to the month; where the source does not say, when it was published."""
    file_bytes: Bytes | None = None
    """Size of the model's file, where published [bytes]."""
    source: Id | None = None
    """Source of this row, where it is not the file's."""
    where: Plain | None = None
    """Where in the source it stands: a file of a repository, a table, a column."""
    quality: Quality | None = None
    """Absent: sound as far as known."""
    note: Text | None = None
    """What a reader should know of it."""

    @model_validator(mode="after")
    def _named(self) -> Row:
        if not self.gpus and self.cpu is None and self.published_as is None:
            raise ValueError("expected gpus, cpu or published_as, got none. Fix: say on what it was measured")
        if (self.model is None or self.quant is None) and self.published_as is None:
            raise ValueError("expected model and quant, got none. Fix: add them, or published_as where the guide has no such record")
        return self


Rate = Literal["total", "per-stream", "per-device", "prompt-total", "input-and-output"]


class Generation(Row):
    """Speed of the model."""

    tokens_per_second: Speed
    """Tokens a second; of what, says `rate` [1/s]."""
    rate: Rate | None = None
    """What was added up: all sequences, one of them, one of several devices, all prompts, or prompts and answers; needed from two on."""
    standard_deviation: Annotated[float, Field(ge=0)] | None = None
    """Scatter over the runs, where published [1/s]."""
    depth: Whole | None = None
    """Tokens in the cache before the first one was generated or read; left out only where `quality` rules out a fit."""
    kv_type: Plain | None = None
    """Type of the KV cache; absent: 16 bits, or the engine's default."""
    ubatch: Count | None = None
    """Tokens that go through the model together; absent: the engine's default, where it does not decide."""
    batch: Count | None = None
    """Tokens handed over at a time (llama.cpp's `-b`)."""
    flash_attention: bool | None = None
    """Whether flash attention was on; absent: unknown."""
    context: Count | None = None
    """Cells of the KV cache."""
    threads: Count | None = None
    """Threads of the processor."""
    gpu_layers: Whole | None = None
    """Layers on the GPU as llama.cpp counts; absent: all."""
    n_cpu_moe: Whole | None = None
    """Layers whose experts stay in system memory; absent: none, unless `offload` says something else."""
    offload: Plain | None = None
    """What stays in system memory, in the source's words."""
    split: Literal["layer", "row", "tensor", "expert"] | None = None
    """How several GPUs share the model."""
    power_limit_w: Watts | None = None
    """Power that the device was limited to [W]; absent: as sold."""
    wall_watts: Watts | None = None
    """Power of the whole machine while it ran [W]."""
    idle_watts: Watts | None = None
    """Power of the whole machine while it waits, where published [W]."""


class Single(Generation):
    """Speed with nothing else in between: what `python -m macros fit` needs of it is stated, or the row says that it is not."""

    users: Count = 1
    """Sequences at a time."""

    @model_validator(mode="after")
    def _decided(self) -> Single:
        if self.quality is None and self.depth is None:
            raise ValueError(
                "expected depth, the tokens in the cache before the measured ones (0 for an empty cache), got none. "
                "Fix: read it in the source, or mark the row with quality: {flag: incomplete, …}"
            )
        if self.quality is None and self.users > 1 and self.rate is None:
            raise ValueError(
                f"expected rate (total or per-stream) for {self.users} sequences at a time, got none. "
                "Fix: read in the source what was added up, or mark the row with quality: {flag: incomplete, …}"
            )
        return self


class Decode(Single):
    """Tokens generated a second."""

    kind: Literal["decode"]
    generated_tokens: Count | None = None
    """Tokens generated, or read one by one."""
    without_output: bool = False
    """Whether the output matrix was not needed: a prompt that is read token by token (micro-batches of one) asks for the last word only."""


class Prefill(Single):
    """Tokens of the prompt read a second."""

    kind: Literal["prefill"]
    prompt_tokens: Count | None = None
    """Length of the prompt."""
    matrix_units: bool | None = None
    """Whether the device's matrix units were used; absent: as the program does by itself."""


class Serving(Generation):
    """Tokens a second of a server while several requests come and go: their prompts are read in between."""

    kind: Literal["serving"]
    users: Count | None = None
    """Sequences at a time."""
    prompt_tokens: Count | None = None
    """Length of the prompt."""
    generated_tokens: Count | None = None
    """Tokens generated."""
    per_stream_tokens_per_second: Speed | None = None
    """Tokens a second of one sequence while it generates, where the source states it beside [1/s]."""
    workload: Plain | None = None
    """What was asked, where it is no fixed length: a data set, all requests queued, requests a second."""

    @model_validator(mode="after")
    def _decided(self) -> Serving:
        if self.quality is None and self.rate is None:
            raise ValueError(
                "expected rate (total, per-stream, per-device, prompt-total or input-and-output), got none. "
                "Fix: read in the source what was added up, or mark the row with quality: {flag: incomplete, …}"
            )
        if self.quality is None and self.users is None and self.workload is None:
            raise ValueError(
                "expected users, or workload where they are not counted, got neither. "
                "Fix: read it in the source, or mark the row with quality: {flag: incomplete, …}"
            )
        return self


class Speculation(Generation):
    """Tokens a second of one conversation with guesses that are checked, beside the same without."""

    kind: Literal["speculation"]
    guesses_by: Literal["mtp", "draft"]
    """What guesses: prediction layers of the model, or a small model."""
    draft: Id | None = None
    """The small model, in data/models."""
    drafted: Count
    """Most tokens guessed before each pass."""
    acceptance: Annotated[float, Field(gt=0, le=1)] | None = None
    """Accepted over drafted, over all that was generated; absent: not stated, or for single prompts only [1]."""
    without_tokens_per_second: Speed
    """The same without guesses [1/s]."""
    more_mib: Mib | None = None
    """Memory that it took besides, where published [MiB]."""


def against_one(rows: Iterable[Decode | Prefill]) -> Iterator[tuple[Decode | Prefill, float]]:
    """Rows of several equal GPUs, each with the speed of the same setting on one of them.

    Args:
        rows: rows of one kind

    Yields:
        The row, and tokens a second on one GPU [1/s].
    """

    def setting(row: Decode | Prefill) -> tuple[object, ...]:
        tokens = row.generated_tokens if isinstance(row, Decode) else row.prompt_tokens
        return row.kind, row.model, row.quant, row.gpus[0], row.engine, row.build, tokens

    sound = [
        row for row in rows if row.gpus and row.model and row.quant and row.quality is None and row.gpu_layers is None and not row.offload
    ]
    alone = {setting(row): row.tokens_per_second for row in sound if len(row.gpus) == 1}
    for row in sound:
        if len(row.gpus) > 1 and setting(row) in alone:
            yield row, alone[setting(row)]


class Load(Row):
    """Time to load a model."""

    kind: Literal["load"]
    seconds: Seconds
    """From start to ready [s]."""
    cached: bool | None = None
    """Whether the file was in the page cache; absent: unknown."""
    drive: Plain | None = None
    """The drive, in the source's words."""


class FineTune(Row):
    """Peak memory of training."""

    kind: Literal["finetune"]
    peak_mib: Mib
    """Most GPU memory in use on one device [MiB]."""
    method: Plain
    """Full, LoRA, QLoRA …, in the source's words."""
    sequence_length: Count | None = None
    """Tokens of a sample."""
    micro_batch: Count | None = None
    """Samples at a time on one device."""


class MemoryUse(Row):
    """Memory that an engine took or planned."""

    kind: Literal["memory"]
    mib: Mib
    """In all [MiB]."""
    parts_mib: dict[str, dict[str, float]] | None = None
    """Device -> part (weights, kv_cache, compute_buffer) -> [MiB]."""
    context: Count | None = None
    """Cells of the KV cache."""
    ubatch: Count | None = None
    """Micro-batch."""
    flash_attention: bool | None = None
    """Whether flash attention was on."""
    kv_type: Id | None = None
    """Type of the cache."""
    profile: Literal["cli", "server"] = "cli"
    """How the engine ran: one sequence with logits for a whole micro-batch, or a server's four slots."""
    slots: Count | None = None
    """Conversations that a server had room for; absent: four."""
    gpu_layers: Whole | None = None
    """Layers on the GPU as llama.cpp counts; absent: all."""
    draft_tokens: Count | None = None
    """Tokens that prediction layers guessed ahead; absent: they were not loaded."""
    split: Literal["layer", "row", "tensor"] = "layer"
    """How several GPUs share the model."""


AnyRow = Annotated[Decode | Prefill | Serving | Speculation | Load | FineTune | MemoryUse, Field(discriminator="kind")]


FIELDS: dict[str, frozenset[str]] = {
    "decode": frozenset(Decode.model_fields),
    "prefill": frozenset(Prefill.model_fields),
    "serving": frozenset(Serving.model_fields),
    "speculation": frozenset(Speculation.model_fields),
    "load": frozenset(Load.model_fields),
    "finetune": frozenset(FineTune.model_fields),
    "memory": frozenset(MemoryUse.model_fields),
}
"""Kind of a row -> the keys that it may have."""


def _of_kind(shared: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    """Of what a file's rows share, what this one may have; a key that no kind has stays, and is refused."""
    known = FIELDS.get(str(row.get("kind", shared.get("kind"))), frozenset())
    every = frozenset().union(*FIELDS.values())
    return {key: value for key, value in shared.items() if key in known or key not in every}


class MeasurementFile(Transcript):
    """Rows of one source, or of one kind of source."""

    UNSOURCED: ClassVar[tuple[str, ...]] = ("defaults", "sealed_rows")

    title: Text
    """What was measured, and by whom."""
    source: Id | None
    """Source of all rows that name none of their own."""
    defaults: dict[str, Any] = Field(default_factory=dict)
    """Keys that all rows share unless they say otherwise."""
    rows: Annotated[list[AnyRow], Field(min_length=1)]
    """The measured values."""
    sealed_rows: Whole | None = None
    """The first so many rows are those of the checksum; rows below them came later."""

    @model_validator(mode="before")
    @classmethod
    def _share(cls, value: Any) -> Any:
        """Give each row the keys that all share."""
        if not isinstance(value, dict) or not isinstance(value.get("rows"), list) or not isinstance(value.get("defaults", {}), dict):
            return value
        shared = {"source": value.get("source"), **value.get("defaults", {})}
        return {**value, "rows": [{**_of_kind(shared, row), **row} if isinstance(row, dict) else row for row in value["rows"]]}

    @model_validator(mode="after")
    def _sourced(self) -> MeasurementFile:
        for index, row in enumerate(self.rows):
            if row.source is None:
                raise ValueError(f"expected a source for rows.{index}, got none. Fix: add source: to the file or to the row")
        return self

    def computed_checksum(self) -> str:
        """That of the rows that were sealed; of all where none are."""
        count = len(self.rows) if self.sealed_rows is None else self.sealed_rows
        sealed = self.model_copy(update={"rows": self.rows[:count], "sealed_rows": count})
        return super(MeasurementFile, sealed).computed_checksum()

    def rows_to_seal(self) -> int:
        """All that stand here."""
        return len(self.rows)

    def sourced_fields(self) -> set[str]:
        """Each row has its source, which `_sourced` holds."""
        return {"rows"}

    def cited(self) -> Iterator[str]:
        """The sources of the rows."""
        yield from dict.fromkeys(row.source for row in self.rows if row.source is not None)
