"""llama.cpp: whole layers on devices, the rest on the host; its buffers to the byte."""

from __future__ import annotations

from macros.estimate.engines.llama_cpp.advice import place
from macros.estimate.engines.llama_cpp.command import also, command
from macros.estimate.engines.llama_cpp.fit import fitted
from macros.estimate.engines.runner import Runner

RUNNER = Runner("llama.cpp", place, command, also, fitted)
