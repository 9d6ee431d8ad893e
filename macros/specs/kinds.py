"""The kinds of records: a folder of data/ and the form of each file in it."""

from __future__ import annotations

from macros.specs.article import Chapter
from macros.specs.builds import Build
from macros.specs.calculators import Calculator
from macros.specs.calibration import Calibration
from macros.specs.checkpoints import Checkpoint
from macros.specs.classes import ArchitectureClass, Composite, Unlisted, UnreadClass
from macros.specs.devices import Cpu, DeviceFamily, Drive, Gpu, MemoryKind, SharedMemory
from macros.specs.engines import Engine, OtherEngine, Program
from macros.specs.form import BaseModel
from macros.specs.glossary import Term
from macros.specs.library_classes import LibraryClasses
from macros.specs.measurements import MeasurementFile
from macros.specs.models import Family, Model
from macros.specs.plans import CachePlans, EnginePlans, FileSizes
from macros.specs.quality import Quality
from macros.specs.quantizations import OtherFormat, Quantization, TensorType
from macros.specs.record import Record
from macros.specs.settings import EngineSetting
from macros.specs.sources import Source

KINDS: dict[str, type[Record]] = {
    "architectures": ArchitectureClass,
    "article": Chapter,
    "calibration": Calibration,
    "builds": Build,
    "cache-plans": CachePlans,
    "calculators": Calculator,
    "checkpoints": Checkpoint,
    "cpus": Cpu,
    "device-families": DeviceFamily,
    "drives": Drive,
    "engine-settings": EngineSetting,
    "engine-plans": EnginePlans,
    "engines": Engine,
    "families": Family,
    "file-sizes": FileSizes,
    "glossary": Term,
    "gpus": Gpu,
    "library-classes": LibraryClasses,
    "measurements": MeasurementFile,
    "memory": MemoryKind,
    "models": Model,
    "quality": Quality,
    "quantizations": Quantization,
    "shared-memory": SharedMemory,
    "tensor-types": TensorType,
}
"""Folder -> record; one file a record."""

SINGLE_FILES: dict[str, type[BaseModel]] = {
    "composites": Composite,
    "other-engines": OtherEngine,
    "other-formats": OtherFormat,
    "programs": Program,
    "sources": Source,
    "unlisted": Unlisted,
    "unread-classes": UnreadClass,
}
"""File of many small records -> record."""
