"""The *restricted* Pod Security Standard, rule by rule, as the API server enforces it.

https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from collections.abc import Iterator
from typing import Any

_VOLUMES = {
    *("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral"),
    *("persistentVolumeClaim", "projected", "secret"),
}
_SYSCTLS = {
    *("kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies"),
    *("net.ipv4.ping_group_range", "net.ipv4.ip_unprivileged_port_start"),
    *("net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time"),
}
_SECCOMP = {"RuntimeDefault", "Localhost"}


def violations(pod: dict[str, Any]) -> list[str]:
    """What the standard refuses in the spec of a pod."""
    return [*_of_pod(pod), *(said for box in _containers(pod) for said in _of_container(pod, box))]


def _containers(pod: dict[str, Any]) -> list[dict[str, Any]]:
    kinds = ("initContainers", "containers", "ephemeralContainers")
    return [container for kind in kinds for container in pod.get(kind, [])]


def _of_pod(pod: dict[str, Any]) -> Iterator[str]:
    security = pod.get("securityContext", {})
    for share in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(share):
            yield share
    for volume in pod.get("volumes", []):
        if not (volume.keys() - {"name"}) <= _VOLUMES:
            yield f"volume {volume['name']}"
    for sysctl in security.get("sysctls", []):
        if sysctl["name"] not in _SYSCTLS:
            yield f"sysctl {sysctl['name']}"
    if security.get("windowsOptions", {}).get("hostProcess"):
        yield "hostProcess"


def _of_container(pod: dict[str, Any], container: dict[str, Any]) -> Iterator[str]:
    of_pod, own = pod.get("securityContext", {}), container.get("securityContext", {})
    both = {**of_pod, **own}
    capabilities = own.get("capabilities", {})
    rules = {
        "privileged": not own.get("privileged"),
        "allowPrivilegeEscalation": own.get("allowPrivilegeEscalation") is False,
        "runAsNonRoot": both.get("runAsNonRoot") is True,
        "runAsUser": both.get("runAsUser") != 0,
        "seccompProfile": both.get("seccompProfile", {}).get("type") in _SECCOMP,
        "drop": "ALL" in capabilities.get("drop", []),
        "add": set(capabilities.get("add", [])) <= {"NET_BIND_SERVICE"},
        "procMount": own.get("procMount", "Default") == "Default",
        "hostPort": not any(port.get("hostPort") for port in container.get("ports", [])),
        "seLinuxOptions": not {"user", "role"} & both.get("seLinuxOptions", {}).keys(),
        "appArmorProfile": both.get("appArmorProfile", {}).get("type") != "Unconfined",
    }
    yield from (f"{container['name']}: {rule}" for rule, kept in rules.items() if not kept)
