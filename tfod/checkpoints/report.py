"""What became of a model's variables when a checkpoint filled them."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

__all__ = ["RestoreReport"]

Shapes = tuple[tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True)
class RestoreReport:
    """What a checkpoint filled and what it did not; names as checkpoints have them.

    Attributes:
      reshaped: Of what it did not fill, what it has in another shape: its own, and the model's.
    """

    prefix: str
    checkpoint_type: str
    restored: tuple[str, ...]
    fresh: tuple[str, ...]
    reshaped: Mapping[str, Shapes] = field(default_factory=dict)

    def summary(self) -> str:
        """A few lines for people."""
        total = len(self.restored) + len(self.fresh)
        lines = [f"restored {len(self.restored)} of {total} variables ({self.checkpoint_type}) from {self.prefix}"]
        if self.fresh:
            lines.append(f"start fresh: {_groups(self.fresh)}")
        if self.reshaped:
            name, (theirs, ours) = next(iter(self.reshaped.items()))
            lines.append(
                f"of these the checkpoint has in another shape: {_groups(self.reshaped)}; "
                f"{name} is {theirs} there and {ours} here"
            )
        return "\n".join(lines)


def _groups(names: Iterable[str]) -> str:
    """Names by their two outermost scopes; what is numbered, as the heads of feature maps, counts together."""
    counts = Counter("/".join(name.removeprefix("model/").split("/")[:2]) for name in names)
    groups: Counter[str] = Counter()
    for group, count in counts.items():
        groups[re.sub(r"Predictor_\d+", "Predictor_*", group)] += count
    return ", ".join(f"{group} ({count})" for group, count in groups.items())
