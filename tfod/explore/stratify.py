"""Parts of a data set that are alike: each with its share of every class, of every size, and of the pictures.

First iterative stratification (K. Sechidis, G. Tsoumakas, I. Vlahavas, "On the Stratification of Multi-Label Data",
2011): the label with the fewest objects left is dealt out first, each time to the part that lacks most of it, since a
rare label leaves no choice later. What is dealt out are groups of pictures that must stay together, with the number of
objects of each label. Because a crowded picture brings many labels at once, a second step improves the result: groups
are moved, and exchanged in pairs, as long as that brings the parts nearer to their shares.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["deal_out", "distance"]

Array = NDArray[np.float64]

_MOST_ROUNDS, _MOST_TRIES = 20, 400_000  # of groups; large sets are near their shares without many rounds
_PARTNERS = 200  # groups that one is tried to be exchanged with, drawn anew each time


def deal_out(counts: Array, shares: Sequence[float], seed: int) -> NDArray[np.int64]:
    """The part of each group.

    Args:
      counts: `[G, L]`, at least 0: how many objects of each label a group has. Every column counts as much as any
        other, whatever its sum.
      shares: what each part is to have, adding up to 1.
      seed: the same one gives the same parts.

    Returns:
      int `[G]`, the number of a part for each group.

    >>> deal_out(np.array([[1.0], [1], [1], [1]]), (0.5, 0.5), seed=0).tolist().count(1)
    2
    """
    rng = np.random.default_rng(seed)
    totals = counts.sum(axis=0)
    fractions = counts[:, totals > 0] / totals[totals > 0]
    parts = _deal(counts[:, totals > 0], np.asarray(shares), rng)
    _improve(fractions, np.asarray(shares), parts, rng)
    return parts


def distance(fractions: Array, shares: Array, parts: NDArray[np.int64]) -> float:
    """How far the parts are from their shares: the sum of squared differences over labels and parts.

    `fractions` `[G, L]` is what part of all objects of a label a group has.
    """
    return float(((_reached(fractions, len(shares), parts) - shares[:, None]) ** 2).sum())


def _reached(fractions: Array, count: int, parts: NDArray[np.int64]) -> Array:
    """What part of each label each part has, `[P, L]`."""
    return np.stack([fractions[parts == part].sum(axis=0) for part in range(count)])


def _deal(counts: Array, shares: Array, rng: np.random.Generator) -> NDArray[np.int64]:
    parts = np.full(len(counts), -1)
    wanted = shares[:, None] * counts.sum(axis=0)  # [P, L], what each part still lacks
    left = counts.sum(axis=0)
    order = rng.permutation(len(counts))  # among equals, chance decides
    while (left > 0).any():
        label = int(np.where(left > 0, left, np.inf).argmin())
        with_label = order[(parts[order] < 0) & (counts[order, label] > 0)]
        for group in with_label[np.argsort(-counts[with_label, label], kind="stable")]:
            lacking = wanted[:, label]
            best = np.flatnonzero(lacking == lacking.max())
            overall = wanted[best].sum(axis=1)
            part = int(rng.choice(best[overall == overall.max()]))
            parts[group] = part
            wanted[part] -= counts[group]
            left -= counts[group]
        left[label] = 0  # rounding must not bring it back
    parts[parts < 0] = rng.choice(len(shares), size=int((parts < 0).sum()), p=shares)
    return parts


def _improve(fractions: Array, shares: Array, parts: NDArray[np.int64], rng: np.random.Generator) -> None:
    """Moves and exchanges groups in place while that helps."""
    excess = _reached(fractions, len(shares), parts) - shares[:, None]
    sizes = np.bincount(parts, minlength=len(shares))
    for _ in range(max(1, min(_MOST_ROUNDS, _MOST_TRIES // len(parts)))):
        before = distance(fractions, shares, parts)
        for group in rng.permutation(len(parts)):
            _move(int(group), fractions, excess, parts, sizes)
            _exchange(int(group), fractions, excess, parts, rng)
        if distance(fractions, shares, parts) > 0.999 * before:
            break


def _move(group: int, fractions: Array, excess: Array, parts: NDArray[np.int64], sizes: NDArray[np.int64]) -> None:
    """Moves a group to where it helps most, if it helps and does not leave its part empty."""
    here, content = int(parts[group]), fractions[group]
    if sizes[here] < 2:
        return
    leaving = ((excess[here] - content) ** 2 - excess[here] ** 2).sum()
    change = leaving + ((excess + content) ** 2 - excess**2).sum(axis=1)
    change[here] = 0.0
    there = int(change.argmin())
    if change[there] < 0:
        parts[group] = there
        sizes[here] -= 1
        sizes[there] += 1
        excess[here] -= content
        excess[there] += content


def _exchange(group: int, fractions: Array, excess: Array, parts: NDArray[np.int64], rng: np.random.Generator) -> None:
    """Exchanges a group with the one of some others that helps most, if it helps."""
    here = int(parts[group])
    others = rng.integers(len(parts), size=_PARTNERS)
    others = others[parts[others] != here]
    if not len(others):
        return
    theirs = parts[others]
    gain = fractions[others] - fractions[group]  # what `here` gains and the other part loses
    change = ((excess[here] + gain) ** 2 - excess[here] ** 2).sum(axis=1)
    change += ((excess[theirs] - gain) ** 2 - excess[theirs] ** 2).sum(axis=1)
    best = int(change.argmin())
    if change[best] < 0:
        parts[others[best]], parts[group] = here, theirs[best]
        excess[here] += gain[best]
        excess[theirs[best]] -= gain[best]
