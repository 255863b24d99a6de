"""Opens the model's own BentoML service and guards it: what a Bento's `service:` points to."""

import os
from importlib import import_module
from pathlib import Path
from typing import Any

from .pickles import RefusePickles
from .soak import Soak

RECORD = Path("/etc/ekiben/versions")
"""Where the model's record of proven versions is mounted; absent outside a cluster."""


def open_service(target: str) -> Any:
    """The service that `target` names ("module" or "module:Name"), with the guards added.

    Raises whatever the model's code raises at import, and ValueError where the service is unclear.
    """
    module, _, name = target.partition(":")
    found = vars(import_module(module))
    service = found.get(name) if name else _entry(target, found)
    if not hasattr(service, "add_asgi_middleware"):
        raise ValueError(f"{target} is not a BentoML service: {_names(found)}")
    guard(service, os.environ)
    return service


def guard(service: Any, environ: Any) -> None:
    """Adds the middleware. A pod that names no version or no time (a test, say) never soaks."""
    service.add_asgi_middleware(RefusePickles)
    version, seconds = environ.get("EKIBEN_VERSION"), float(environ.get("EKIBEN_MIN_READY") or 0)
    if version and seconds > 0:
        prefix = (service.path_prefix or "").strip("/")
        path = f"/{prefix}/readyz" if prefix else "/readyz"
        service.add_asgi_middleware(
            Soak, path=path, version=version, seconds=seconds, record=RECORD
        )


def _entry(module: str, found: dict[str, Any]) -> Any:
    """The one service of a module that no other one there depends on."""
    services = _services(found)
    used = {
        id(dependency.on) for one in services.values() for dependency in one.dependencies.values()
    }
    entries = [one for one in services.values() if id(one) not in used]
    if len(entries) != 1:
        raise ValueError(
            f"{module}.py must have one service that no other depends on; {_names(found)}. "
            f'Name the entry in bentofile.yaml: `service: "{module}:Name"`'
        )
    return entries[0]


def _services(found: dict[str, Any]) -> dict[str, Any]:
    """Services by name; one that goes by two names counts once."""
    services: dict[int, tuple[str, Any]] = {}
    for name, value in found.items():
        if hasattr(value, "add_asgi_middleware") and hasattr(value, "dependencies"):
            services.setdefault(id(value), (name, value))
    return dict(services.values())


def _names(found: dict[str, Any]) -> str:
    return f"services there: {', '.join(sorted(_services(found))) or 'none'}"
