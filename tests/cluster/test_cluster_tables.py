"""What a node runs and with which settings, as far as it is decided without running it."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.cluster import dns, settings, units
from local.cluster.supervisor import stop_order
from tests.cluster.clusters import CONFIG, CREDENTIALS, MACHINE, TOOLS

PODS = "ekiben/demo-1/pods"
UNITS = {
    unit.name: unit
    for unit in units.node_units(CONFIG, TOOLS, Path("/run/ekiben/pause.tar"), egress=False)
}
FILES = settings.render(CONFIG, MACHINE, CREDENTIALS, PODS)


def flags(name: str) -> dict[str, str]:
    pairs = [word.partition("=") for word in UNITS[name].argv if word.startswith("--")]
    return {flag: value for flag, _, value in pairs}


def load(name: str) -> Any:
    return yaml.safe_load(FILES[name])


def test_every_unit_comes_after_units_that_exist() -> None:
    for unit in UNITS.values():
        assert set(unit.after) <= set(UNITS)


def test_what_others_stand_on_is_stopped_after_them() -> None:
    order = [unit.name for unit in stop_order(UNITS.values())]
    assert order.index("kubelet") < order.index("apiserver") < order.index("etcd")
    assert order.index("kubelet") < order.index("containerd")


def test_units_that_wait_for_each_other_are_refused() -> None:
    one = replace(UNITS["etcd"], after=("apiserver",))
    with pytest.raises(ValueError, match="apiserver, etcd"):
        stop_order([one, UNITS["apiserver"]])


def test_only_the_forwarder_lives_in_the_hosts_network() -> None:
    assert [unit.name for unit in UNITS.values() if unit.on_host] == ["gateway"]


@pytest.mark.parametrize(
    ("unit", "flag", "value"),
    [
        ("apiserver", "--bind-address", "10.77.0.2"),
        ("apiserver", "--authorization-mode", "Node,RBAC"),
        ("apiserver", "--enable-admission-plugins", "NodeRestriction"),
        ("controller-manager", "--bind-address", "127.0.0.1"),
        ("scheduler", "--bind-address", "127.0.0.1"),
        ("etcd", "--listen-client-urls", "https://127.0.0.1:2379"),
        ("etcd", "--client-cert-auth", "true"),
    ],
)
def test_servers_listen_where_only_the_node_or_its_host_can_call(
    unit: str, flag: str, value: str
) -> None:
    assert flags(unit)[flag] == value


def test_nothing_listens_on_every_address() -> None:
    argvs = [word for unit in UNITS.values() for word in unit.argv]
    served = [text for name, text in FILES.items() if not name.startswith("cni/")]
    assert "0.0.0.0" not in " ".join([*argvs, *served])


def test_no_path_of_the_host_but_those_of_tools_is_an_argument() -> None:
    for unit in UNITS.values():
        for word in unit.argv:
            path = word.rpartition("=")[2]
            if path.startswith("/"):
                assert path.startswith(("/run/", "/tools/", "/var/lib/kubelet"))


def test_the_forwarder_binds_one_loopback_port_alone() -> None:
    (listener,) = json.loads(FILES["gateway.json"])["static_resources"]["listeners"]
    address = {"address": "127.0.0.1", "port_value": 8003}
    assert listener["address"] == {"socket_address": address}
    assert listener["enable_reuse_port"] is False


def test_the_forwarder_goes_to_the_reserved_cluster_ip() -> None:
    assert str(CONFIG.ranges.gateway) == "10.77.16.80"
    assert '"10.77.16.80"' in FILES["gateway.json"]


def test_anonymous_callers_see_health_only() -> None:
    anonymous = load("authentication.yaml")["anonymous"]
    assert {condition["path"] for condition in anonymous["conditions"]} == {
        "/livez",
        "/readyz",
        "/healthz",
    }
    assert load("kubelet.yaml")["authentication"]["anonymous"] == {"enabled": False}


def test_secrets_are_encrypted_first_and_plain_ones_only_read() -> None:
    (rule,) = load("encryption.yaml")["resources"]
    assert rule["resources"] == ["secrets"]
    assert [next(iter(provider)) for provider in rule["providers"]] == ["secretbox", "identity"]


def test_the_audit_log_keeps_no_bodies() -> None:
    rules = load("audit-policy.yaml")["rules"]
    assert {rule["level"] for rule in rules} == {"None", "Metadata"}
    assert rules[-1] == {"level": "Metadata"}


def test_pods_live_under_the_clusters_own_cgroup() -> None:
    kubelet = load("kubelet.yaml")
    assert (kubelet["cgroupRoot"], kubelet["cgroupDriver"]) == (f"/{PODS}", "cgroupfs")
    assert kubelet["failCgroupV1"] is False


def test_kube_proxy_leaves_the_machines_connection_table_alone() -> None:
    proxy = load("kube-proxy.yaml")
    assert proxy["mode"] == "nftables"
    assert {proxy["conntrack"][name] for name in ("maxPerCore", "min")} == {0}


@pytest.mark.parametrize("may", [True, False])
def test_containerd_knows_whether_it_may_raise_priority(may: bool) -> None:
    machine = replace(MACHINE, may_raise_priority=may, snapshotter="native")
    written = tomllib.loads(settings.containerd(CONFIG, machine, "pass"))
    cri = written["plugins"]["io.containerd.grpc.v1.cri"]
    assert cri["restrict_oom_score_adj"] is not may
    assert cri["containerd"]["snapshotter"] == "native"
    assert cri["sandbox_image"] == "10.77.0.2:5000/ekiben/pause:1"
    assert written["state"].startswith("/run/containerd")


def test_containerd_gives_the_credentials_to_this_registry_alone() -> None:
    written = tomllib.loads(FILES["containerd.toml"])
    registry = written["plugins"]["io.containerd.grpc.v1.cri"]["registry"]
    auth = {"username": "ekiben", "password": "pass-word"}
    assert registry["configs"] == {"10.77.0.2:5000": {"auth": auth}}
    assert f"certs.d/{CONFIG.registry}/hosts.toml" in FILES


def test_the_registry_wants_tls_and_a_password() -> None:
    registry = load("registry.yaml")
    assert registry["http"]["addr"] == "10.77.0.2:5000"
    assert set(registry["http"]["tls"]) == {"certificate", "key"}
    assert list(registry["auth"]) == ["htpasswd"]
    assert FILES["registry.htpasswd"] == "ekiben:$2b$04$hash\n"


def test_pods_get_their_addresses_from_the_pods_range() -> None:
    (plugin,) = json.loads(FILES["cni/10-ekiben.conflist"])["plugins"]
    assert plugin["ipam"]["ranges"] == [[{"subnet": "10.77.128.0/20"}]]
    assert plugin["ipMasq"] is False


def test_dns_asks_the_hosts_resolvers_only_with_a_way_out() -> None:
    assert "forward . 10.1.1.1" in dns.corefile(["10.1.1.1"])
    assert "forward" not in dns.corefile([])


def test_another_dns_configuration_makes_new_pods() -> None:
    def template(nameservers: list[str]) -> Any:
        objects = dns.objects(CONFIG, "image", nameservers)
        return next(o for o in objects if o["kind"] == "Deployment")["spec"]["template"]

    assert template([]) == template([])
    assert template([]) != template(["10.1.1.1"])
