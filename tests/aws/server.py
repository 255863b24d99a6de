"""Starts the fake AWS: `python -m tests.aws.server --port 5000 --eks-endpoint URL --eks-ca-file F`.

It prints its URL once it listens. Port 0 lets the system choose.
"""

import argparse
import base64
import logging
from pathlib import Path

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, make_server

from tests.aws.front import Front
from tests.aws.place import Settings

NOWHERE = "https://127.0.0.1:1"


def settings(endpoint: str, ca_file: Path | None, polls: int = 0) -> Settings:
    ca = ca_file.read_bytes() if ca_file else b""
    return Settings(endpoint, base64.b64encode(ca).decode(), polls)


class Quiet(MotoRequestHandler):
    """Says nothing of each request: the log of calls does."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None: ...


def listening(front: Front, port: int = 0, host: str = "127.0.0.1") -> BaseWSGIServer:
    """A server that accepts connections already; `serve_forever` answers them."""
    return make_server(host, port, front, threaded=True, request_handler=Quiet)


def main() -> None:
    parser = argparse.ArgumentParser(description="The fake AWS of Ekiben's tests")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--eks-endpoint", default=NOWHERE, help="the API server of all clusters")
    parser.add_argument("--eks-ca-file", type=Path, help="its authority's certificate, PEM")
    parser.add_argument("--polls", type=int, default=0, help="looks that a change of EKS takes")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    front = Front(settings(given.eks_endpoint, given.eks_ca_file, given.polls))
    server = listening(front, given.port)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
