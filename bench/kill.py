"""Whether `up` converges by itself after it was killed, at any instant.

`python -m bench.kill` kills `ekiben up` and `make up`, each 30 times at random instants, in half
of the cases with its whole process group and in the other half the main process alone, while it
updates a model's code, deploys a new model beside it, or makes everything from nothing. After each
kill the same command runs again and has to end with 0; then every model answers with its current
code, and cluster and state hold the same objects. It exits with 1 where a round failed; a round is
repeated by its seed: `--seed N --rounds 1`.
"""

import argparse
import json
import os
import random
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from local.cluster.layout import Layout

from . import placed, results, tiny
from .process import Measured, measure
from .project import CLUSTER, STACK, Project, copied, end_cluster

_FRESH_EVERY = 10
"""How many rounds pass until everything is made from nothing again."""

_LEFT_OVER_SECONDS = 5.0

_PLUGINS_SECONDS = 330.0
"""The engine's plugins look every 5 minutes whether their engine is still there."""


@dataclass(frozen=True)
class Round:
    """What one seed decides. `instant` is a part of the time that such a run takes unharmed."""

    seed: int
    command: str
    change: str
    group: bool
    instant: float

    @classmethod
    def of(cls, seed: int) -> "Round":
        choice = random.Random(seed)
        everything = seed % _FRESH_EVERY == 0
        return cls(
            seed=seed,
            command=("ekiben up", "make up")[seed % 2 if not everything else seed // 10 % 2],
            change="everything" if everything else choice.choice(["code", "new model"]),
            group=(seed // 20 if everything else seed // 2) % 2 == 0,
            instant=choice.random(),
        )


class Loop:
    """Rounds on one project; what a run takes unharmed is learned from those that went through."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.edition = 0
        self.models = ["first"]
        self.seconds = {"code": 40.0, "new model": 50.0, "everything": 90.0}

    def prepare(self) -> None:
        """Two runs that nobody kills, to know how long they take and to stand on firm ground."""
        self.models = ["first"]
        for what in ("everything", "code"):
            self.change(what)
            done = self.run("ekiben up")
            if done.status:
                raise SystemExit(f"a run that nobody killed failed:\n{done.output[-6000:]}")
            self.seconds[what] = done.seconds
        self.seconds["new model"] = self.seconds["code"]

    def change(self, what: str) -> None:
        self.edition += 1
        if what == "everything":
            end_cluster()
        if what == "new model":
            # The one of the last time goes meanwhile, so that objects are deleted as well.
            self.models = ["first", f"model-{self.edition}"]
        for name in self.models:
            tiny.write(self.project.root / "models", name, self.edition)
        self.project.write_stack(dict.fromkeys(self.models, tiny.SETTINGS))

    def command(self, name: str) -> list[str]:
        return self.project.up if name == "ekiben up" else self.project.make_up

    def run(self, name: str) -> Measured:
        return measure(self.command(name), self.project.root, dict(os.environ))

    def kill(self, round_: Round) -> float:
        """Starts the command and kills it; gives the seconds that it lived."""
        with subprocess.Popen(
            self.command(round_.command),
            cwd=self.project.root,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            started = time.monotonic()
            try:
                process.wait(round_.instant * self.seconds[round_.change])
            except subprocess.TimeoutExpired:
                if round_.group:
                    os.killpg(process.pid, signal.SIGKILL)
                else:
                    process.kill()
        return time.monotonic() - started

    def play(self, round_: Round) -> dict[str, Any]:
        self.change(round_.change)
        lived = self.kill(round_)
        done = self.run(round_.command)
        broken = [f"the next run failed:\n{done.output[-6000:]}"] if done.status else []
        broken += [] if done.status else self.wrong()
        figures = {"lived_seconds": round(lived, 1), "next_seconds": round(done.seconds, 1)}
        return {**asdict(round_), **figures, "broken": broken}

    def wrong(self) -> Iterator[str]:
        """What is not as a run that nobody killed leaves it."""
        cluster, state = placed.in_cluster(self.project), placed.in_state(self.project)
        if cluster - state:
            yield f"in the cluster and not in the state: {sorted(cluster - state)}"
        if state - cluster:
            yield f"in the state and not in the cluster: {sorted(state - cluster)}"
        if pending := placed.pending(self.project):
            yield f"pending in the state: {pending}"
        layout = Layout.of_user(CLUSTER)
        url = json.loads(layout.result.read_text())["gateway"]["url"]
        for name in self.models:
            answer = httpx.post(f"{url}/{STACK}/{name}/edition", json={}, trust_env=False)
            if answer.text != str(self.edition):
                yield f"{name} answers {answer.status_code} {answer.text}, not {self.edition}"
        if left := self.left_over(_LEFT_OVER_SECONDS, plugins=False):
            yield f"still running: {left}"

    def left_over(self, seconds: float, *, plugins: bool) -> list[str]:
        """Processes of an earlier run in the project's folder, after a while to end in."""
        deadline = time.monotonic() + seconds
        while True:
            found = [one for one in self.processes() if plugins or not _is_plugin(one)]
            if not found or time.monotonic() > deadline:
                return found
            time.sleep(0.5)

    def processes(self) -> list[str]:
        found = []
        for process in psutil.process_iter():
            try:
                if process.cwd() == str(self.project.root):
                    found.append(shlex.join(process.cmdline())[:200])
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return found


def _is_plugin(command: str) -> bool:
    return Path(command.partition(" ")[0]).name.startswith("pulumi-")


def report(first: int, rounds: int) -> dict[str, Any]:
    with copied() as project:
        loop = Loop(project)
        results.say("two runs that nobody kills")
        loop.prepare()
        results.say(f"they took {loop.seconds['everything']:.0f} s, {loop.seconds['code']:.0f} s")
        played = []
        for seed in range(first, first + rounds):
            played.append(loop.play(Round.of(seed)))
            results.say(_line(len(played), rounds, played[-1]))
            if played[-1]["broken"]:
                loop.prepare()
        left = loop.left_over(_PLUGINS_SECONDS, plugins=True)
    return {
        "rounds": rounds,
        "unharmed_seconds": {name: round(value, 1) for name, value in loop.seconds.items()},
        "processes_left_at_the_end": left,
        "failed": [one for one in played if one["broken"]],
        "played": [{key: one[key] for key in one if key != "broken"} for one in played],
    }


def _line(number: int, rounds: int, one: dict[str, Any]) -> str:
    target = "group" if one["group"] else "main process"
    killed = f"{one['command']}, {one['change']}, {target} killed after {one['lived_seconds']} s"
    verdict = "; ".join(one["broken"]) or f"converged in {one['next_seconds']} s"
    return f"{number} of {rounds}, seed {one['seed']}: {killed}: {verdict}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1, help="of the first round; then one more")
    parser.add_argument("--rounds", type=int, default=60)
    given = parser.parse_args()
    end_cluster()
    try:
        result = report(given.seed, given.rounds)
    finally:
        end_cluster()
    results.write("kill", result)
    sys.exit(1 if result["failed"] or result["processes_left_at_the_end"] else 0)


if __name__ == "__main__":
    main()
