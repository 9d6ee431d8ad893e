"""The tensors of one pass through a model, each by its number: how large they are and what each is computed from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

INPUT = 0
"""Comes from outside with each pass; lies on the host."""
WEIGHT = 1
"""A weight that draws what is computed with it to where it lies."""
SMALL_WEIGHT = 2
"""A weight too small to decide where something is computed: factors of positions, sinks."""
STORED = 3
"""A cache or a state: it has its place, and others are computed into it."""
BLANK = 4
"""Room that nothing is computed for: filled later."""
VIEW = 5
"""Another tensor, or a part of it, looked at in another shape."""
WRITE = 6
"""Computed into another tensor; takes no room of its own."""
FRESH = 7
"""Computed into room of its own."""
OVER = 8
"""Computed value by value: in the place of a source that nobody else needs, else into room of its own."""
COPY = 9
"""A tensor of another place, brought to where it is needed."""
LAST_USE = 10
"""Holds on to a tensor until it has been brought elsewhere."""

NOWHERE = -1
LAST = -2
"""What stands with the output, in the numbering of layers."""
FIRST = -3
"""What stands before the layers: tables that are looked up."""
CACHE = ""
"""In place of the name of a tensor: the cache or the state of a layer."""


@dataclass(frozen=True)
class Graph:
    """All tensors of a pass: parallel lists, one entry a tensor."""

    places: int
    """Devices and the host [places]."""
    kinds: list[int] = field(default_factory=list)
    """What each is."""
    sizes: list[int] = field(default_factory=list)
    """What each takes [bytes]."""
    rows: list[int] = field(default_factory=list)
    """Rows that are computed at a time: few are not worth bringing weights to a device for [rows]."""
    rows_together: dict[int, int] = field(default_factory=dict)
    """The same of what is computed sequence by sequence: the rows of one [rows]."""
    operands: list[Sequence[int]] = field(default_factory=list)
    """What each is computed from."""
    roots: list[int] = field(default_factory=list)
    """Whose room a view looks at; of all others the tensor itself."""
    homes: dict[int, int] = field(default_factory=dict)
    """Where weights and stored tensors lie (once that is known), and what is looked up or written there; all others follow them."""
    owners: dict[int, tuple[int, str]] = field(default_factory=dict)
    """Where weights and stored tensors will lie: with a tensor of a layer of what stands before the layers
    (FIRST) or with the output (LAST), or CACHE."""
    device_sizes: dict[int, int] = field(default_factory=dict)
    """What a tensor takes on a device, where that is not what it takes on the host [bytes]."""
    apart_sizes: dict[int, int] = field(default_factory=dict)
    """The same of flash attention whose values are a part of its keys, where they are brought apart from them [bytes]."""
    met: set[int] = field(default_factory=set)
    """What is in the pass already."""
    leaves: list[int] = field(default_factory=list)
    """Inputs and blanks, in the order in which they are met."""
    order: list[int] = field(default_factory=list)
    """What is computed, in order; with several places views as well: each holds on to what it looks at until it is its turn."""
    holds: dict[int, list[int]] = field(default_factory=dict)
    """Number of a step in `order` -> what a device keeps until then, for operations that it computes as one."""
    outputs: list[int] = field(default_factory=list)
    """What stays to the end of the pass."""

    def tensor(self, kind: int, size: int, rows: int, sources: Sequence[int], root: int = NOWHERE) -> int:
        """A new tensor."""
        number = len(self.kinds)
        self.kinds.append(kind)
        self.sizes.append(size)
        self.rows.append(rows)
        self.operands.append(sources)
        self.roots.append(number if root < 0 else root)
        return number

    def settled(self, tensor: int, home: int) -> int:
        """A tensor that has its place."""
        self.homes[tensor] = home
        return tensor

    def input(self, size: int) -> int:
        """Something from outside."""
        return self.tensor(INPUT, size, 0, ())

    def owned(self, tensor: int, layer: int, name: str) -> int:
        """A tensor that lies where a tensor of a layer lies."""
        self.owners[tensor] = (layer, name)
        return tensor

    def weight(self, size: int, layer: int, name: str) -> int:
        """A weight; 0: a matrix, whose size depends on the format."""
        return self.owned(self.tensor(WEIGHT, size, 0, ()), layer, name)

    def small_weight(self, size: int, layer: int, name: str) -> int:
        """A weight that does not decide where something is computed."""
        return self.owned(self.tensor(SMALL_WEIGHT, size, 0, ()), layer, name)

    def stored(self, size: int, layer: int) -> int:
        """A cache or a state, or the part of it that is read."""
        return self.owned(self.tensor(STORED, size, 0, ()), layer, CACHE)

    def blank(self, size: int) -> int:
        """Room to be filled."""
        return self.tensor(BLANK, size, 0, ())

    def fresh(self, size: int, rows: int, sources: Sequence[int]) -> int:
        """Something computed into room of its own."""
        return self.tensor(FRESH, size, rows, sources)

    def looked_up(self, size: int, rows: int, sources: Sequence[int], name: str, layer: int = FIRST) -> int:
        """Rows of a table, which are looked up where the table lies."""
        return self.owned(self.tensor(FRESH, size, rows, sources), layer, name)

    def over(self, size: int, rows: int, sources: Sequence[int]) -> int:
        """Something computed value by value, in the place of a source if one is as large and needed no more."""
        return self.tensor(OVER, size, rows, sources)

    def view(self, of: int, rows: int = NOWHERE, size: int = NOWHERE) -> int:
        """The whole of a tensor (or the part that spans `size`) in another shape."""
        return self.tensor(VIEW, self.sizes[of] if size < 0 else size, self.rows[of] if rows < 0 else rows, (of,), self.roots[of])

    def write(self, into: int, sources: Sequence[int]) -> int:
        """Something computed into another tensor, where that lies."""
        written = self.tensor(WRITE, self.sizes[into], self.rows[sources[0]], (*sources, into), self.roots[into])
        root = self.roots[into]
        if root in self.owners:
            self.owners[written] = self.owners[root]
        return self.settled(written, self.homes[root]) if root in self.homes else written

    def hold(self, tensors: Sequence[int], ahead: int) -> None:
        """Have tensors kept until the step so far ahead of the last one."""
        step = len(self.order) - 1 + ahead
        self.holds[step] = [*self.holds.get(step, []), *tensors]

    def expand(self, tensor: int) -> None:
        """Put a tensor into the pass, after all that it is computed from."""
        if tensor in self.met:
            return
        self.met.add(tensor)
        for source in self.operands[tensor]:
            if source not in self.met:
                if self.kinds[source] >= VIEW:
                    self.expand(source)
                else:
                    self.met.add(source)
                    if self.kinds[source] in (INPUT, BLANK):
                        self.leaves.append(source)
        kind = self.kinds[tensor]
        if kind >= WRITE or (kind == VIEW and self.places > 1):
            self.order.append(tensor)
        elif kind in (INPUT, BLANK):
            self.leaves.append(tensor)
