"""Build step of the `base` stage: the service's account, and bytecode of the standard library.

Images delete or invalidate the library's bytecode, and in a pod's read-only file system it cannot
be written again: every start would compile it anew. `unchecked-hash` bytecode survives any change
of time stamps.
"""

import compileall
import re
import sys
import sysconfig
from pathlib import Path
from py_compile import PycInvalidationMode

TESTS = re.compile(r"/tests?/")
LINES = {
    "/etc/passwd": "bentoml:x:{user}:{user}:service:/tmp:/usr/sbin/nologin\n",
    "/etc/group": "bentoml:x:{user}:\n",
}


def main(user: str) -> None:
    for file, line in LINES.items():
        with Path(file).open("a") as account:
            account.write(line.format(user=user))
    compileall.compile_dir(
        sysconfig.get_path("stdlib"),
        quiet=2,
        rx=TESTS,
        workers=0,
        invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
    )


if __name__ == "__main__":
    main(sys.argv[1])
