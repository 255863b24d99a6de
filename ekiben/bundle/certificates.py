"""The certificates and package indexes this machine uses: lent to builds, never put into images."""

import os
from pathlib import Path

BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)
_LIMIT = 500_000
"""Bytes that BuildKit takes as a secret."""


def bundle() -> Path | None:
    """The file with the certificate authorities that this machine trusts, if it has one."""
    named = [os.environ.get(name, "") for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")]
    files = (Path(name) for name in (*named, *BUNDLES) if name)
    return next((p for p in files if p.is_file() and p.stat().st_size < _LIMIT), None)


def index_settings(environ: dict[str, str] | None = None) -> str:
    """uv's settings file for the indexes that uv's or pip's own variables name.

    They may hold a password, so they go into the build as a mounted file.
    """
    found = dict(os.environ) if environ is None else environ
    default = (
        found.get("UV_DEFAULT_INDEX") or found.get("UV_INDEX_URL") or found.get("PIP_INDEX_URL")
    )
    extra = (
        found.get("UV_INDEX") or found.get("UV_EXTRA_INDEX_URL") or found.get("PIP_EXTRA_INDEX_URL")
    )
    tables = [f"[[index]]\nurl = {_quoted(url)}\n" for url in (extra or "").split()]
    tables += [f"[[index]]\nurl = {_quoted(default)}\ndefault = true\n"] if default else []
    return "".join(tables)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
