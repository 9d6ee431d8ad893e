# ruff: noqa: E402  (the package is imported after what it would import is replaced)
"""A stand-in for CUDA devices, under which the released package builds models without weights and plans their caches.

Compiled operations are named and never run; models are built on PyTorch's `meta` device, which has shapes and no memory.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import os
import sys
import types
from typing import ClassVar
from unittest.mock import MagicMock

os.environ |= {"VLLM_LOGGING_LEVEL": "ERROR", "HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": ""}

import torch
from torch.overrides import TorchFunctionMode

COMPILED = ("_C", "_moe_C", "_C_cache_ops", "_C_custom_ar", "_vllm_fa2_C", "_vllm_fa3_C", "_qutlass_C", "_flashmla_C", "_C_cuda_utils")
"""Namespaces of operations that need a GPU."""
ABSENT = (
    "vllm._C_stable_libtorch", "vllm._moe_C_stable_libtorch", "vllm._qutlass_C", "vllm._deepselect_C", "vllm._flashmla_C",
    "vllm._flashmla_extension_C", "vllm._flashkda_C", "vllm.vllm_flash_attn._vllm_fa2_C", "vllm.vllm_flash_attn._vllm_fa3_C",
    "vllm.third_party", "pynvml",
)  # fmt: skip
"""Modules that hold nothing but such operations, or ask a driver."""
CARD = {"name": "NVIDIA H100 80GB HBM3", "memory": 80 << 30, "capability": (9, 0)}
"""The device that is stood in for; callers change it."""


class Empty(types.ModuleType):
    """A module in which every name is found."""

    __path__: ClassVar[list[str]] = []
    __file__ = "stand_in"

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        found = MagicMock(name=name)
        setattr(self, name, found)
        return found


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the modules that are absent."""

    def find_spec(self, name, path, target=None):
        if any(name == one or name.startswith(one + ".") for one in ABSENT):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        return Empty(spec.name)

    def exec_module(self, module):
        pass


sys.meta_path.insert(0, Finder())

_attribute, _register_fake = torch._ops._OpNamespace.__getattr__, torch.library.register_fake


def _named(self, name):
    try:
        return _attribute(self, name)
    except AttributeError:
        if self.name in COMPILED and not name.startswith("__"):
            return MagicMock(name=name)
        raise


def _registered(operation, function=None, /, **named):
    if isinstance(operation, str) and operation.split("::")[0] in (*COMPILED, "torchvision"):
        return (lambda one: one) if function is None else function
    return _register_fake(operation, function, **named)


torch._ops._OpNamespace.__getattr__ = _named
torch.library.register_fake = _registered


class _Nothing:
    def __init__(self, *arguments, **named):
        pass


class _Properties:
    multi_processor_count, major, minor, total_memory, name = 132, 9, 0, 80 << 30, "stand-in"
    shared_memory_per_block_optin = 232448


torch.cuda.Stream = type("Stream", (_Nothing,), {})
torch.cuda.Event = type("Event", (_Nothing,), {})
torch.cuda.current_device = lambda: 0
torch.cuda.is_available = lambda: False
torch.cuda.get_device_properties = lambda *arguments, **named: _Properties()
torch.cuda.get_device_capability = lambda *arguments, **named: CARD["capability"]

import vllm.platforms
from vllm.model_executor.models import registry
from vllm.platforms.cuda import CudaPlatformBase
from vllm.platforms.interface import DeviceCapability

registry._run_in_subprocess = lambda function: function()


class Platform(CudaPlatformBase):
    """CUDA without a driver."""

    @classmethod
    def get_device_capability(cls, device_id=0):
        return DeviceCapability(*CARD["capability"])

    @classmethod
    def get_device_name(cls, device_id=0):
        return CARD["name"]

    @classmethod
    def get_device_total_memory(cls, device_id=0):
        return CARD["memory"]

    @classmethod
    def is_fully_connected(cls, physical_device_ids):
        return True

    @classmethod
    def log_warnings(cls):
        pass

    @classmethod
    def device_count(cls):
        return 8

    @classmethod
    def get_device_uuid(cls, device_id=0):
        return "stand-in"

    @classmethod
    def num_compute_units(cls, device_id=0):
        return 132

    @classmethod
    def current_device(cls):
        return "meta"


vllm.platforms._current_platform = Platform()


class Meta(TorchFunctionMode):
    """Puts tensors that ask for CUDA on the meta device, and gives values that are read of them as 1."""

    def __torch_function__(self, function, kinds, arguments=(), named=None):
        named = dict(named or {})
        if str(named.get("device", "")).startswith("cuda"):
            named["device"] = "meta"
        if function in (torch.Tensor.item, torch.Tensor.tolist):
            return 1
        return function(*arguments, **named)
