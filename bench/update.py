"""Whether requests are lost while a model is updated, refused, drained and scaled down.

`python -m bench.update` brings a model up on a cluster of its own and sends a steady load through
the gateway, at least 20,000 requests in each scenario: an ordinary change of code, versions that
never become ready, crash at import and crash half a minute after readiness (each healed by going
back), deleted replicas and a scale-down. It also counts what the ordinary change moves at the
registry. It exits with 1 where a request failed, `up` ended otherwise than it should, too late or
without naming the cause, or the old version lost replicas.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lightkube import Client

from local.cache import cache_root
from local.cluster.layout import Layout

from . import capacity, results, traffic
from .load import Load, Outcome
from .process import Measured, measure
from .project import CLUSTER, STACK, Project, copied, end_cluster
from .scenarios import MODEL, UPDATES, Scenario

IMAGE_SHARE = 0.02
_LATE_SECONDS = 10
_SETTLE_SECONDS = 5.0
_DEPLOYMENT = f"{MODEL}-stable"


@dataclass(frozen=True)
class Bench:
    """A project with its cluster, and how heavy the load is."""

    project: Project
    rate: float
    requests: int

    @property
    def layout(self) -> Layout:
        return Layout(cache_root(self.project.environment), CLUSTER)

    @property
    def service(self) -> Path:
        return self.project.root / "models" / MODEL / "service.py"

    @property
    def cluster(self) -> Client:
        return capacity.client(self.layout.kubeconfig)

    @property
    def access(self) -> dict[str, Any]:
        return dict(json.loads(self.layout.result.read_text()))

    def up(self) -> Measured:
        return measure(self.project.up, self.project.root, self.project.environment)

    def up_or_exit(self) -> None:
        done = self.up()
        if done.status:
            raise SystemExit(f"up failed before the load began:\n{done.output}")

    @contextmanager
    def load(self) -> Iterator[Load]:
        """A load that goes on, after the body, until enough requests were sent."""
        sample = json.loads((self.service.parent / "sample.json").read_text())
        url = urlsplit(self.access["gateway"]["url"])
        path = f"/{STACK}/{MODEL}{sample['path']}"
        body = json.dumps(sample["body"]).encode()
        load = Load(url.hostname or "", url.port or 80, path, body, self.rate)
        load.start()
        try:
            time.sleep(_SETTLE_SECONDS)
            yield load
            while load.outcome.sent < self.requests:
                time.sleep(0.2)
        finally:
            load.stop()


def update(bench: Bench, scenario: Scenario) -> dict[str, Any]:
    """Makes the change under load; one that is refused is taken back, under load as well."""
    original = bench.service.read_text()
    changed = scenario.edit(original)
    if changed == original:
        raise SystemExit(f"{scenario.title}: the edit found nothing to change in {bench.service}")
    bench.project.write_stack({MODEL: scenario.settings})
    bench.up_or_exit()
    old = capacity.ready(bench.cluster, STACK, MODEL)
    mark = traffic.mark(*_registry(bench))
    try:
        with bench.load() as load:
            watch = capacity.Watch(bench.cluster, STACK, MODEL)
            bench.service.write_text(changed)
            done = bench.up()
            ended = time.monotonic()
            moved = traffic.moved(mark, *_registry(bench))
            watch.stop()
            since = ended - (watch.placed or ended)
            results.say(
                f"  up ended with {done.status} after {done.seconds:.0f} s,"
                f" {since:.0f} s after the first new replica"
            )
            bench.service.write_text(original)
            healed = None if scenario.succeeds else bench.up()
    finally:
        bench.service.write_text(original)
    found = {
        "title": scenario.title,
        "up": {**_told(scenario, done), "seconds_since_placed": round(since, 1)},
        "load": load.outcome.figures(),
        "old_replicas": {"before": old.total(), "least_meanwhile": sum(watch.least.values())},
        "registry": _moved(bench, moved),
    }
    return {**found, "broken": list(_broken(scenario, done, healed, load.outcome, found))}


def _registry(bench: Bench) -> tuple[Path, Path]:
    return bench.layout.registry_storage, bench.layout.logs / "registry.log"


def _told(scenario: Scenario, done: Measured) -> dict[str, Any]:
    """How `up` ended and, where it failed, the lines of its diagnostics."""
    said = done.output.partition("Diagnostics:")[2].partition("Outputs:")[0]
    lines = [line.strip() for line in said.splitlines() if "pulumi-resource-kubernetes" not in line]
    found = {"status": done.status, "seconds": round(done.seconds, 1), "deadline": scenario.seconds}
    return found if scenario.succeeds else {**found, "said": [line for line in lines if line]}


def _moved(bench: Bench, moved: dict[str, int]) -> dict[str, Any]:
    deployment = bench.project.said(
        "kubectl", "--namespace", STACK, "get", "deployment", _DEPLOYMENT, "--output", "json"
    )
    image = json.loads(deployment)["spec"]["template"]["spec"]["containers"][0]["image"]
    size = traffic.image_bytes(bench.access["registry"], image)
    share = (moved["taken_in"] + moved["given_out"]) / size
    return {**moved, "image_bytes": size, "share": round(share, 4)}


def _broken(
    scenario: Scenario,
    done: Measured,
    healed: Measured | None,
    load: Outcome,
    found: dict[str, Any],
) -> Iterator[str]:
    """What did not come as it has to."""
    if load.failures:
        yield f"{len(load.failures)} of {load.sent} requests failed"
    if (done.status == 0) != scenario.succeeds:
        yield f"up ended with {done.status}:\n{done.output[-3000:]}"
    # The deadline is the roll-out's; the image is built before it.
    if found["up"]["seconds_since_placed"] > scenario.seconds + _LATE_SECONDS:
        yield f"up went on for {found['up']['seconds_since_placed']} s after the first new replica"
    for text in scenario.told:
        if text not in done.output:
            yield f"up does not say {text!r}:\n{done.output[-3000:]}"
    if healed and healed.status:
        yield f"going back failed:\n{healed.output[-3000:]}"
    replicas = found["old_replicas"]
    if not scenario.succeeds and replicas["least_meanwhile"] < replicas["before"]:
        yield f"the old version fell to {replicas['least_meanwhile']} of {replicas['before']}"
    if scenario.succeeds and found["registry"]["share"] > IMAGE_SHARE:
        yield f"{found['registry']['share']:.1%} of the image moved"


def drain(bench: Bench) -> dict[str, Any]:
    """Deletes each of two replicas in turn, then scales down to one."""
    bench.project.write_stack({MODEL: {"scaling": {"min_replicas": 2}}})
    bench.up_or_exit()
    _wait(lambda: capacity.ready(bench.cluster, STACK, MODEL).total() >= 2)
    with bench.load() as load:
        for name in capacity.names(bench.cluster, STACK, MODEL):
            results.say(f"  deleting {name}")
            capacity.delete(bench.cluster, STACK, name)
            time.sleep(_SETTLE_SECONDS)
            _wait(lambda: capacity.ready(bench.cluster, STACK, MODEL).total() >= 2)
            time.sleep(_SETTLE_SECONDS)
        bench.project.write_stack({MODEL: {}})
        done = bench.up()
        results.say("  scaling down to 1")
        bench.project.said(
            *("kubectl", "--namespace", STACK, "scale", "deployment", _DEPLOYMENT, "--replicas=1")
        )
        _wait(lambda: capacity.ready(bench.cluster, STACK, MODEL).total() == 1)
    failed = len(load.outcome.failures)
    broken = [f"{failed} of {load.outcome.sent} requests failed"] if failed else []
    broken += [f"up failed:\n{done.output[-3000:]}"] if done.status else []
    title = "two replicas deleted, then one scaled away"
    return {"title": title, "load": load.outcome.figures(), "broken": broken}


def _wait(met: Callable[[], bool], seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not met():
        if time.monotonic() > deadline:
            raise SystemExit("replicas did not become what they should")
        time.sleep(0.5)


def report(rate: float, requests: int, chosen: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    with copied() as project:
        project.write_stack({MODEL: {}})
        results.say("first run: brings cluster and model up")
        bench = Bench(project, rate, requests)
        bench.up_or_exit()
        for name in chosen:
            results.say(f"{name}:")
            found[name] = drain(bench) if name == "drain" else update(bench, UPDATES[name])
            found[name]["machine"] = results.machine()
            load = found[name]["load"]
            results.say(f"  {load['sent']} sent, {load['failed']} failed {load['reasons']}")
    return {"rate_per_second": rate, "scenarios": found}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    every = [*UPDATES, "drain"]
    parser.add_argument("--rate", type=float, default=100)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--only", nargs="+", choices=every, default=every)
    parser.add_argument("--keep-cluster", action="store_true")
    given = parser.parse_args()
    try:
        result = report(given.rate, given.requests, given.only)
    finally:
        if not given.keep_cluster:
            end_cluster()
    # A run of some scenarios leaves what is known of the others.
    others = results.kept("update").get("scenarios", {})
    results.write("update", {**result, "scenarios": {**others, **result["scenarios"]}})
    sys.exit(1 if any(one["broken"] for one in result["scenarios"].values()) else 0)


if __name__ == "__main__":
    main()
