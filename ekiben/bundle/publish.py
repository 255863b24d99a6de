"""From a model folder to an image in a registry: adopt, build, try, push."""

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from . import containerfile, diagnosis
from .builder import Builder, choose
from .cache import Cache, among_builders, default_cache, held, slot
from .certificates import index_settings
from .context import Context, lay_out
from .ecr import signed_in
from .errors import BundleError, Cancelled, Failure, Stage
from .process import Runner, Stopped
from .recipe import ARCHITECTURES, Recipe, recipe
from .registry import digest_of, patiently
from .source import ImageSource, Registry
from .uv import environment, fetch

WAITING_LINE = 10.0
"""Seconds between two lines that say what a build waits for."""


def publish(
    source: ImageSource,
    repository: str,
    registry: Registry,
    *,
    progress: Callable[[str], None],
    cancelled: threading.Event,
) -> str:
    """The digest ("sha256:...") of the source's image in the registry, built only if need be.

    The image's tag is its image id, so a tag that exists is the image. A new one is built, tried
    and pushed; its tag appears in the registry last, and all at once. Raises BundleError, whose
    text is complete, and Cancelled (a BundleError) soon after `cancelled` is set.
    """
    cache = default_cache()
    log = cache.log(source.model, source.image_id)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as file:
        runner = Runner(
            log=file,
            progress=progress,
            cancelled=cancelled,
            environ=environment(),
            model=source.model,
        )
        work = _Work(source, repository, registry, cache, runner, recipe())
        try:
            with signed_in(registry) as work.registry:
                return work.published()
        except Stopped:
            raise Cancelled(source.model, work.stage, log) from None
        except Failure as failure:
            raise BundleError(
                model=source.model,
                stage=failure.stage,
                cause=failure.cause,
                lines=failure.lines,
                advice=failure.advice,
                log=log,
            ) from None


@dataclass
class _Work:
    """One call of `publish`; `stage` is where it is, for the message when it is cancelled."""

    source: ImageSource
    repository: str
    registry: Registry
    cache: Cache
    runner: Runner
    recipe: Recipe
    stage: Stage = "base"

    def published(self) -> str:
        """Adopts the tag, or builds with the locks that keep builds from each other's way."""
        digest = self._adopted()
        if digest:
            return digest
        with ExitStack() as locks:
            cancelled = self.runner.cancelled
            identity = self.cache.locks / f"image-{self.source.image_id}"
            ours = held(identity, waiting=self._say("the same image"), cancelled=cancelled)
            count = max(1, (os.cpu_count() or 1) // 2)
            place = slot(
                self.cache.locks, count, waiting=self._say("other builds"), cancelled=cancelled
            )
            if not locks.enter_context(ours) or not locks.enter_context(place):
                raise Stopped
            return self._adopted() or self._built(locks)

    def _adopted(self) -> str | None:
        def waiting(trouble: str, delay: float) -> None:
            self.runner.progress(f"waiting for the registry: {trouble}, again in {delay:.0f} s")

        self.stage = "push"
        found = patiently(
            lambda: digest_of(self.repository, self.source.image_id, self.registry),
            waiting=waiting,
            cancelled=self.runner.cancelled,
        )
        if found:
            self.runner.progress(f"image {self.source.image_id} is there already")
        return found

    def _built(self, locks: ExitStack) -> str:
        self.stage = "base"
        builder = choose(self.cache, self.runner, self.source.platform)
        builder.prepare()
        locks.enter_context(among_builders(self.cache.locks / "builders", builder.clean))
        base = builder.base(self.recipe)
        uv = fetch(self.recipe.uv, ARCHITECTURES[self.source.platform], self.cache, self.runner)
        self.cache.contexts.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f"{self.source.image_id}-", dir=self.cache.contexts))
        try:
            context = self._laid_out(builder, base, uv, folder)
            self._try(builder, context)
            return self._pushed(builder, context)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _laid_out(self, builder: Builder, base: str, uv: Path, folder: Path) -> Context:
        context = lay_out(self.source, self.recipe, uv, folder)
        plan = containerfile.Plan(
            builder=builder.name,
            base=base,
            keys={**context.keys, "install": f"{context.keys['install']}-{self.recipe.uv.version}"},
            bentoml=self.recipe.bentoml,
            has_large=context.has_large,
            model=self.source.model,
            image_id=self.source.image_id,
            sources=context.sources,
            user=self.recipe.user,
            port=self.recipe.port,
            smoke=self.source.smoke,
            smoke_deadline=self.recipe.smoke_deadline,
        )
        (folder / "Containerfile").write_text(containerfile.render(plan))
        (folder / "meta" / "uv.toml").write_text(index_settings())
        (folder / "meta" / "none.pem").touch()
        return context

    def _try(self, builder: Builder, context: Context) -> None:
        """Builds stage by stage, so that what is said and what is blamed is the right one."""
        self._stage(builder, context, "requirements", "requirements", "installing requirements")
        self._stage(builder, context, "bento", "image", "building the Bento")
        if self.source.smoke != "none":
            doing = {"ready": "smoke test: starting the service", "import": "smoke test: importing"}
            self._stage(builder, context, "smoke", "smoke", doing[self.source.smoke])

    def _stage(
        self, builder: Builder, context: Context, stage: Stage, target: str, what: str
    ) -> None:
        self.stage = stage
        offline = target != "requirements"
        done = builder.build(what, target, context.folder, offline=offline)
        if done.code:
            raise diagnosis.of_build(stage, done, self.source, self.recipe.smoke_deadline)

    def _pushed(self, builder: Builder, context: Context) -> str:
        """Pushes; a registry that is away for a moment is waited for."""
        self.stage = "push"

        def push() -> str:
            digest, done = builder.push(
                self.repository, self.source.image_id, self.registry, context.folder
            )
            if not digest:
                raise diagnosis.of_push(done, self.registry)
            return digest

        def waiting(trouble: str, delay: float) -> None:
            self.runner.progress(f"push: {trouble}; again in {delay:.0f} s")

        digest = patiently(push, waiting=waiting, cancelled=self.runner.cancelled)
        assert digest is not None
        return digest

    def _say(self, what: str) -> Callable[[], None]:
        """Says once in a while that the build waits."""
        said = [float("-inf")]

        def waiting() -> None:
            if time.monotonic() - said[0] >= WAITING_LINE:
                said[0] = time.monotonic()
                self.runner.progress(f"waiting for {what}")

        return waiting
