"""Build step of the `smoke` stage: tries the image as it will run, on a network of its own.

The last line printed is the verdict, a JSON object under the key "ekiben": {"ok": true,
"seconds": 3.1} or {"ok": false, "cause": "exited" | "not-ready" | "sample" | "import",
"detail": "..."}.
"""

import json
import os
import subprocess
import sys
import time
import traceback
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

APP = Path("/app/bento")
PYTHON = "/app/.venv/bin/python"
SAMPLE = APP / "src" / "sample.json"


def main(kind: str, port: str, deadline: str) -> int:
    os.dup2(sys.stdout.fileno(), sys.stderr.fileno())  # one pipe, so that the order stays
    verdict = _imported() if kind == "import" else _served(int(port), float(deadline))
    print(json.dumps({"ekiben": verdict}), flush=True)
    return 0 if verdict["ok"] else 1


def _imported() -> dict[str, Any]:
    began = time.monotonic()
    code = f"from bentoml import load; load({str(APP)!r})"
    done = subprocess.run([PYTHON, "-c", code])
    if done.returncode:
        return {"ok": False, "cause": "import", "detail": f"exit status {done.returncode}"}
    return {"ok": True, "seconds": round(time.monotonic() - began, 1)}


def _served(port: int, deadline: float) -> dict[str, Any]:
    command = [PYTHON, "-m", "bentoml", "serve", str(APP), "--host", "127.0.0.1"]
    began = time.monotonic()
    server = subprocess.Popen([*command, "--port", str(port)], cwd=APP)
    try:
        trouble = _until_ready(server, port, began + deadline)
        seconds = round(time.monotonic() - began, 1)
        trouble = trouble or (_sample(port, deadline) if SAMPLE.exists() else None)
    finally:
        _stop(server)
    return trouble or {"ok": True, "seconds": seconds}


def _until_ready(
    server: "subprocess.Popen[bytes]", port: int, until: float
) -> dict[str, Any] | None:
    detail = "nothing answered"
    while time.monotonic() < until:
        if server.poll() is not None:
            return {"ok": False, "cause": "exited", "detail": f"exit status {server.returncode}"}
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
                return None
        except urllib.error.HTTPError as error:
            detail = f"/readyz answered {error.code}"
        except OSError:
            pass
        time.sleep(0.1)
    return {"ok": False, "cause": "not-ready", "detail": detail}


def _sample(port: int, deadline: float) -> dict[str, Any] | None:
    """Sends the model's own sample request; expects 200."""
    try:
        sample = json.loads(SAMPLE.read_text())
        path, body = sample["path"], json.dumps(sample["body"]).encode()
    except (ValueError, KeyError, TypeError) as error:
        detail = f'sample.json must be {{"path": "/predict", "body": {{...}}}}: {error!r}'
        return {"ok": False, "cause": "sample", "detail": detail}
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", body, {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=deadline):
            return None
    except urllib.error.HTTPError as error:
        answer = error.read(2000).decode(errors="replace")
        return {"ok": False, "cause": "sample", "detail": f"{path} answered {error.code}: {answer}"}
    except OSError:
        return {"ok": False, "cause": "sample", "detail": f"{path}: {traceback.format_exc(0)}"}


def _stop(server: "subprocess.Popen[bytes]") -> None:
    server.terminate()
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
