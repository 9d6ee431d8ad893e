"""The repository that a command names: one that holds the format that was asked, or a placeholder in angle brackets."""

from __future__ import annotations

from dataclasses import dataclass

from macros.estimate.setting import Setting
from macros.estimate.shares import Placement
from macros.specs import Catalogue
from macros.specs.checkpoints import Checkpoint
from macros.specs.models import Model
from macros.specs.quantizations import Quantization

PUBLISHED = ("bf16", "f16", "fp32")
"""Formats that a model's own repository holds."""


@dataclass(frozen=True)
class Repository:
    """Where a model is to be had in one format."""

    name: str
    """`owner/name` on Hugging Face."""
    tag: str
    """What the format is called in the names of its files."""


def held(setting: Setting, catalogue: Catalogue) -> Repository | None:
    """A repository that holds a model in the format that was asked.

    Args:
        setting: a checked question
        catalogue: the records

    Returns:
        The model's own, where it came out in that format or the engine makes it on loading; otherwise that of a published
        checkpoint or of ready-made files; None: not known.
    """
    if setting.model is None:
        return None
    model, quant = catalogue.models[setting.model], setting.quant
    own = quant.id in PUBLISHED or quant.id == model.native_quant or quant.id in setting.engine.makes
    if own and not setting.engine.gguf and model.hugging_face is not None:
        return Repository(model.hugging_face, quant.name)
    return published(model, quant, catalogue, gguf=setting.engine.gguf)


def published(model: Model, quant: Quantization, catalogue: Catalogue, *, gguf: bool) -> Repository | None:
    """A repository beside the model's own that holds it in one format.

    Args:
        model: its record
        quant: the format
        catalogue: the records
        gguf: whether in a GGUF file

    Returns:
        That of a published checkpoint that is what its format says, else of ready-made files; None: not known.
    """
    for one in catalogue.checkpoints.values():
        if one.model == model.id and one.quant == quant.id and not one.mix and (one.file is not None) == gguf:
            return Repository(one.repository, tag_of(quant.name, one))
    files = model.gguf_files
    if gguf and files is not None and files.quant == quant.id:
        return Repository(files.repository, quant.name)
    return None


def tag_of(name: str, checkpoint: Checkpoint) -> str:
    """What a program asks a repository for: the format as the name of its file has it.

    Args:
        name: the format's own name
        checkpoint: the repository; where it holds one file only, the format's own name will do

    Returns:
        A word of the file's name.

    Source: llama.cpp, `-hf`: a tag is looked for in the names of the files.
    """
    if checkpoint.file is None or name.lower() in checkpoint.file.lower():
        return name
    words = checkpoint.file.replace(".", "-").split("-")[:-1]  # without its ending
    if len(words) > 3 and words[len(words) - 2] == "of":
        words = words[:-3]
    return words[len(words) - 1].upper()


def repository_with(setting: Setting, repository: Repository | None) -> str:
    """The repository, or a placeholder that says what to look for.

    Args:
        setting: a checked question
        repository: one that holds the model in that format; None: not known

    Returns:
        A word of a shell.
    """
    return placeholder(setting) if repository is None else repository.name


def placeholder(setting: Setting) -> str:
    """What to look for, in angle brackets and quotes, which a shell leaves alone."""
    return f'"<{named(setting)} in {setting.quant.name}>"'


def named(setting: Setting) -> str:
    """What the model is called, where it has a name."""
    return setting.model or "model"


def gguf_of(setting: Setting, repository: Repository | None) -> str:
    """A repository and the format in it, as llama.cpp and Ollama ask for it.

    Args:
        setting: a checked question
        repository: one that holds the model in that format; None: not known

    Returns:
        `owner/name:format`, with a placeholder for what is not known.
    """
    if repository is None:
        return f"<GGUF repository of {named(setting)}>:{setting.quant.name}"
    return f"{repository.name}:{repository.tag}"


def lm_studio(placement: Placement) -> list[str]:
    """LM Studio's command for a setting: it runs GGUF files and, on Apple devices, MLX.

    Args:
        placement: where everything goes

    Returns:
        Words of a shell command, an option each.

    Source: LM Studio, lms load.
    """
    s = placement.setting
    return [f"lms load {placeholder(s)}", f"--context-length {s.context}", f"--gpu {'max' if s.gpus else 'off'}"]
