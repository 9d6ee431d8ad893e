"""vLLM: everything on the devices, a slice of every layer each (tensor parallel), or stages of layers (pipeline parallel)."""

from macros.estimate.engines.runner import Runner
from macros.estimate.engines.vllm.command import also, command
from macros.estimate.engines.vllm.placing import place

RUNNER = Runner("vllm", place, command, also)
