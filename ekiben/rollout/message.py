"""The text of a roll-out's failure: what happened, why, what still serves, what to do."""

import re
from collections.abc import Sequence

from ekiben.rollout.cause import Cause, Kind, span
from ekiben.rollout.snapshot import View
from ekiben.rollout.target import Target
from ekiben.rollout.verdict import Failed

INDENT = "    "
_LONGEST_LINE = 400
# Colours, cursor movements and other control characters: they would garble the display.
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[@-_]|[\x00-\x08\x0b-\x1f\x7f]")

ADVICE = {
    Kind.REFUSED: (
        "change the model's resources or the namespace's quota or policy as the message says, "
        "then run `pulumi up` again."
    ),
    Kind.IMAGE: (
        "check that the registry is up, still holds this image and lets the nodes pull it; "
        "`pulumi up --refresh` builds and pushes what the registry has lost."
    ),
    Kind.MEMORY: "raise `compute.memory` in model.yaml, or make the model need less.",
    Kind.STARTUP: (
        "make the model start faster, or raise `update.deadline` in model.yaml if it takes so long."
    ),
    Kind.LIVENESS: "find out why the model stops answering its liveness probe.",
    Kind.CRASH: "correct the model's code or requirements; the log lines say where it ended.",
    Kind.CONFIGURATION: "create what is missing, or correct its name in model.yaml.",
    Kind.NODE: "look at the node: the message is the kubelet's.",
    Kind.NO_NODE: (
        "ask for less in `compute`, run fewer models or replicas, or let the cluster have more "
        "nodes."
    ),
    Kind.EVICTED: "give the model the memory and disk it uses in `compute`, or the node more.",
    Kind.READINESS: (
        "find out why the model does not report ready, or raise `update.deadline` in model.yaml if "
        "it needs the time."
    ),
    Kind.SLOW: "raise `update.deadline` in model.yaml if the model needs the time to start.",
}


def failure(target: Target, view: View, failed: Failed, logs: Sequence[str]) -> str:
    """The whole text of a failed update."""
    cause = failed.cause
    lines = [
        f"model {target.model}: version {target.version} did not become ready "
        f"in namespace {target.namespace}",
        f"what happened: {failed.happened}",
        f"cause: {cause.kind}: {plain(cause.text)}",
        *_log_section(cause, logs),
        standing(target, view),
        f"what to do: {ADVICE[cause.kind]}",
    ]
    return "\n".join(lines)


def standing(target: Target, view: View) -> str:
    """What serves now, counted from the pods."""
    sentences = [
        f"The old version {version} keeps serving {count} of {view.wanted} replicas."
        for version, count in sorted(view.old_ready.items())
    ]
    if view.ready:
        sentences.append(f"The new version serves {view.ready} of {view.wanted} replicas.")
    return " ".join(sentences) or f"No version of {target.model} is serving."


def missing(target: Target, seconds: float) -> str:
    """The Deployment did not appear."""
    return (
        f"model {target.model}: there is no Deployment {target.deployment} in namespace "
        f"{target.namespace}\n"
        f"what happened: looked for it for {span(seconds)}\n"
        "what to do: run `pulumi up --refresh`, which places it again."
    )


def superseded(target: Target, carries: str) -> str:
    """Another version was placed over this one while it was followed."""
    found = f"version {carries}" if carries else "no version of Ekiben's"
    return (
        f"model {target.model}: Deployment {target.deployment} in namespace {target.namespace} "
        f"carries {found}, not {target.version}\n"
        "what happened: somebody else changed the Deployment while this update ran\n"
        "what to do: run `pulumi up --refresh`, which shows the difference and repairs it."
    )


def unreachable(target: Target, reason: str, seconds: float) -> str:
    """The API server did not answer until the deadline."""
    return (
        f"model {target.model}: lost sight of version {target.version} in namespace "
        f"{target.namespace}\n"
        f"what happened: the Kubernetes API server has not answered for {span(seconds)}\n"
        f"cause: {plain(reason)}\n"
        "The update goes on in the cluster without being watched.\n"
        "what to do: see that the cluster is up and reachable, then run `pulumi up` again."
    )


def denied(target: Target, reason: str, what_to_do: str) -> str:
    """The API server does not accept who we are or what we ask."""
    return (
        f"model {target.model}: cannot follow version {target.version} in namespace "
        f"{target.namespace}\n"
        f"cause: {plain(reason)}\n"
        f"what to do: {what_to_do}"
    )


def cancelled(target: Target) -> str:
    """The user pressed Ctrl-C."""
    return (
        f"model {target.model}: stopped waiting for version {target.version} in namespace "
        f"{target.namespace}; the update goes on in the cluster. Run `pulumi up` again to follow "
        "it to its end."
    )


def plain(text: str) -> str:
    """Foreign text without control characters, on one line, and not endless."""
    flat = " ".join(_CONTROL.sub("", text).split())
    return flat if len(flat) <= 4 * _LONGEST_LINE else f"{flat[: 4 * _LONGEST_LINE]} ..."


def _log_section(cause: Cause, logs: Sequence[str]) -> list[str]:
    if not cause.container:
        return []
    run = " before its restart" if cause.previous else ""
    where = f"container {cause.container} of pod {cause.pod}{run}"
    if not logs:
        return [] if cause.kind is Kind.IMAGE else [f"{where} has logged nothing"]
    shown = [_CONTROL.sub("", entry.rstrip())[:_LONGEST_LINE] for entry in logs]
    return [f"last log lines of {where}:", *(f"{INDENT}{entry}" for entry in shown)]
