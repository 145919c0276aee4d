"""Chooses a way to make a file by itself: the fastest one that reaches the user's PSNR."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from facetoon.convert.build import check_request, judge_and_deliver, set_aside_on_refusal, spec_of, ways_of
from facetoon.convert.debug.finer_steps import finer_way, rank
from facetoon.convert.destination import check_destination
from facetoon.convert.formats.quantization import ONNX, RECIPES, Quantization, Thresholds, find_recipe
from facetoon.convert.judge.conversion_report import Report
from facetoon.convert.material import Material, Request, load_steps
from facetoon.convert.trials import Trial, Way, as_tried, best, timed, try_out
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.spec import ModelSpec

INT8 = "static_wi8_ai8"
COUNTS = (1, 2, 4, 8, 16)  # of worst operators in finer numbers, until the target holds


def build_to_target(request: Request, tell: Callable[[str], None]) -> Report:
    """Build the fastest file whose mean PSNR is at least `request.target_db`; the best one is rejected if none is.

    Every recipe of the format is tried, those with int8 weights with each improvement of the request, but not 16-bit
    activations for all operators, since no delegate takes them. When static int8 misses the target, its worst operators
    become finer, step by step. Raises InputError as build does, and when no way gives a file.
    """
    check_destination(request.out)
    find_recipe(INT8, request.out.suffix)
    steps = load_steps(request)
    check_request(request, _aimed(RECIPES[INT8], request), steps[0])
    spec = spec_of(request, RECIPES[INT8], steps[0])
    with set_aside_on_refusal(request.out):
        search = Search(request, spec, tell)
        search.try_recipes(steps)
        search.try_finer()
        chosen, trials = search.choose()
    spec = spec if chosen.way.recipe.is_static else replace(spec, calibration={})
    rows = [trial.row(trial is chosen) for trial in trials] + search.refused
    return judge_and_deliver(as_tried(chosen), spec, request, rows)


def _aimed(recipe: Quantization, request: Request) -> Quantization:
    return replace(recipe, thresholds=Thresholds.of_target(float(request.target_db or 0)))


class Search:
    """The ways that were tried so far."""

    def __init__(self, request: Request, spec: ModelSpec, tell: Callable[[str], None]) -> None:
        self.refused: list[dict[str, Any]] = []
        """Rows for the report of ways that a library refused."""
        self._request, self._spec, self._tell = request, spec, tell
        self._suffix = request.out.suffix
        self._trials: list[Trial] = []

    def try_recipes(self, steps: Sequence[Material]) -> None:
        """Try the recipes with the materials of load_steps."""
        for recipe in RECIPES.values():
            if self._suffix in recipe.formats and recipe.activation_bits != 16:
                for way in ways_of(_aimed(recipe, self._request), steps, self._suffix):
                    self._try(way)

    def try_finer(self) -> None:
        """Make the worst operators of the best static file finer, unless it reaches the target."""
        static = [trial for trial in self._trials if trial.way.recipe.name == INT8]
        if not static or not best(static).reasons:
            return
        way = best(static).way
        errors, make_finer = rank(way.material, way.recipe, self._suffix)
        worst = [error.tensor for error in errors]
        for finer in ("int16", "float") if self._suffix == ONNX else ("float", "int16"):
            for count in (count for count in COUNTS if count < len(worst)):
                made = finer_way(way.recipe, way.material, self._suffix, worst[:count], finer, make_finer)
                trial = self._try(replace(made, marks=(*way.marks, *made.marks)))
                if trial and not trial.reasons:
                    return

    def _try(self, way: Way) -> Trial | None:
        try:
            trial = try_out(way, self._suffix, self._spec)
        except InputError as error:
            self._tell(f"{way.label}: refused: {error}")
            self.refused.append({"way": way.label, "result": f"refused: {error}"})
            return None
        self._tell(f"{way.label}: {trial.scores.psnr_mean_db:.1f} dB, worst {trial.scores.psnr_min_db:.1f} dB")
        self._trials.append(trial)
        return trial

    def choose(self) -> tuple[Trial, list[Trial]]:
        """Return the fastest trial that reaches the target, or else the best, and all trials with their times."""
        if not self._trials:
            raise InputError(f"No recipe gives a file {self._request.out.name}: {self.refused[0]['result']}")
        trials = timed(self._trials, self._suffix, self._spec)
        reaching = [trial for trial in trials if not trial.reasons]
        return min(reaching, key=lambda trial: trial.latency_ms or 0.0) if reaching else best(trials), trials
