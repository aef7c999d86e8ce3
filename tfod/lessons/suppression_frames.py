"""Suppression as an animation: boxes on the image, and beside it all candidates with what is left of their scores."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tfod.lessons.candidates import Candidates
from tfod.lessons.canvas import BAD, FAINT, FIRST, GOOD, GREY, INK, PAPER, SECOND, WIDTH, Canvas
from tfod.lessons.suppression import Step

__all__ = ["SuppressionFrames"]

Image = NDArray[np.uint8]

_MARGIN = 24
_LEFT = 510  # width of the image
_TOP = 92
_LEAST_CHANGE = 0.005  # of a score that is worth a word


class _State(NamedTuple):
    """What a frame shows: steps that are over, and the one that is being looked at."""

    done: int
    looking: Step | None


class SuppressionFrames:
    """Draws the frames: all candidates; for each step the box that is kept with those it hits, then what is left.

    Args:
      image: uint8 `[H, W, 3]`.
      candidates: What was suppressed.
      steps: How, see `suppression_steps`.
      title: What is written above.
    """

    def __init__(self, image: Image, candidates: Candidates, steps: Sequence[Step], title: str) -> None:
        self._candidates = candidates
        self._steps = steps
        self._states = [_State(0, None)]
        for number, step in enumerate(steps):
            self._states += [_State(number, step), _State(number + 1, None)]
        scale = min(_LEFT / image.shape[1], 520 / image.shape[0])
        least = 22 * min(len(candidates.scores), 24)
        self._canvas = Canvas(_TOP + max(round(image.shape[0] * scale), least) + _MARGIN)
        self._canvas.text(_MARGIN, 18, title, 24)
        bottom = self._canvas.pixels.shape[0] - _MARGIN
        self._view = self._canvas.photo(image, (_MARGIN, _TOP, _MARGIN + _LEFT, bottom))
        self._row = min(22.0, (bottom - _TOP) / max(1, len(candidates.scores)))

    def __len__(self) -> int:
        return len(self._states)

    def __call__(self, number: int) -> Image:
        """Frame `number`, uint8 `[H, 800, 3]`."""
        state = self._states[number]
        canvas = self._canvas.copy()
        kept = [step.kept for step in self._steps[: state.done]]
        gone = {row for step in self._steps[: state.done] for row in step.fallen}
        scores = self._steps[state.done - 1].scores if state.done else self._candidates.scores
        hit = self._hit(state.looking, scores)
        waiting = [row for row in range(len(scores)) if row not in kept and row not in gone]
        self._draw_boxes(canvas, state, kept, waiting, hit)
        self._draw_rows(canvas, state, kept, gone, scores, hit)
        canvas.text(_MARGIN, 54, self._words(state, len(kept), len(waiting)), 18, GREY)
        return canvas.pixels

    def _hit(self, step: Step | None, before: NDArray[np.float64]) -> list[int]:
        """The rows whose scores the step lowers."""
        return [] if step is None else np.flatnonzero(before - step.scores > _LEAST_CHANGE).tolist()

    def _words(self, state: _State, kept: int, waiting: int) -> str:
        if state.looking is None:
            return (
                f"{kept} kept, {waiting} wait"
                if waiting
                else f"done: {kept} of {len(self._candidates.scores)} are kept"
            )
        step = state.looking
        name, fall = self._candidates.classes[step.kept], len(step.fallen)
        return f"step {state.done + 1}: the best that is left, {name} {step.score:.2f}, is kept; {fall or 'none'} fall"

    def _draw_boxes(
        self, canvas: Canvas, state: _State, kept: Sequence[int], waiting: Sequence[int], hit: Sequence[int]
    ) -> None:
        boxes, step = self._candidates.boxes, state.looking
        for row in reversed(waiting):
            if row not in hit:
                canvas.box(self._view.area(boxes[row]), FIRST, 2, rim=False)
        for row in reversed(hit):
            falls = step is not None and row in step.fallen
            canvas.box(self._view.area(boxes[row]), BAD if falls else SECOND, 2)
        for row in [*kept, *([step.kept] if step else [])]:
            canvas.box(self._view.area(boxes[row]), GOOD, 4)
        for row in [*kept, *([step.kept] if step else [])]:
            left, top, *_ = self._view.area(boxes[row])
            canvas.tag(left, top, self._candidates.classes[row], GOOD)

    def _draw_rows(
        self,
        canvas: Canvas,
        state: _State,
        kept: Sequence[int],
        gone: set[int],
        scores: NDArray[np.float64],
        hit: Sequence[int],
    ) -> None:
        """One line a candidate: a bar as long as its score, and by how much it overlaps what is kept."""
        left, right = _MARGIN + _LEFT + 20, WIDTH - _MARGIN
        size, bar = (15 if self._row >= 17 else 12), right - left - 80
        for row, before in enumerate(self._candidates.scores):
            top = _TOP + row * self._row
            step = state.looking
            if row in kept or (step and row == step.kept):
                colour = GOOD
            elif row in gone:
                colour = FAINT
            elif row in hit:
                colour = BAD if step and row in step.fallen else SECOND
            else:
                colour = FIRST
            now = float(step.scores[row]) if step and row in hit and row not in step.fallen else float(scores[row])
            canvas.fill((left, top + 2, left + before * bar, top + self._row - 3), FAINT)
            if row not in gone:
                canvas.fill((left, top + 2, left + now * bar, top + self._row - 3), colour)
            if self._row >= 14:
                canvas.text(left + 5, top + 1, self._candidates.classes[row][:16], 11, GREY if row in gone else PAPER)
            ink = GREY if row in gone else INK
            said = f"IoU {step.overlaps[row]:.2f}" if step and row in hit else f"{now:.2f}" if row not in gone else "–"
            canvas.text(right, top - 1, said, size, colour if row in hit else ink, "right")
