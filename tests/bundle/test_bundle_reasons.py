"""What a model's owner gets to see of failed tools' output."""

from ekiben.bundle.reasons import (
    builder_reason,
    last_lines,
    missing_module,
    resolver_reason,
    traceback_of,
    verdict_of,
)

BUILDER_END = [
    "subprocess exited with status 1",
    'Error: building at STEP "RUN --mount=type=bind ...": exit status 1',
]


def lines(text: str) -> list[str]:
    return text.strip("\n").splitlines()


def test_the_resolver_s_reason_is_told_without_its_marks() -> None:
    said = lines("""
Using Python 3.11.2 environment at: /app/.venv
error: No solution found when resolving dependencies
  cause: Because you require a>=2 and a==1, your requirements are unsatisfiable.
""")
    assert resolver_reason([*said, "", *BUILDER_END]) == [
        "No solution found when resolving dependencies",
        "Because you require a>=2 and a==1, your requirements are unsatisfiable.",
    ]


def test_a_drawn_tree_in_colours_reads_the_same() -> None:
    said = lines("""
\x1b[31m  \N{MULTIPLICATION SIGN} No solution found when resolving dependencies:\x1b[0m
  ╰─▶ Because there is no version of numpy==99.0 and you require
      numpy==99.0, your requirements are unsatisfiable.
""")
    assert resolver_reason(said) == [
        "No solution found when resolving dependencies:",
        "Because there is no version of numpy==99.0 and you require",
        "numpy==99.0, your requirements are unsatisfiable.",
    ]


REPORT = """
#0 building with "default" instance using docker driver

#13 [smoke 1/1] RUN --network=none python /run/ekiben/steps/smoke.py ready 3000 180
#13 14.52 error: Failed to fetch: `numpy`
#13 14.52
#13 14.60 RuntimeError: No active process found for watcher.
#13 15.23 {"ekiben": {"ok": false, "cause": "exited"}}
#13 ERROR: process "/bin/sh -c python smoke.py" did not complete successfully: exit code: 1
------
 > [smoke 1/1] RUN --network=none python /run/ekiben/steps/smoke.py ready 3000 180:
14.60 RuntimeError: No active process found for watcher.
15.23 {"ekiben": {"ok": false, "cause": "exited"}}
------
Containerfile:48
--------------------
  47 |     FROM image AS smoke
  48 | >>> RUN --network=none python /run/ekiben/steps/smoke.py ready 3000 180
--------------------
ERROR: failed to build: failed to solve: process "/bin/sh -c python smoke.py" did not complete \
successfully: exit code: 1
""".replace("\\\n", "")


def test_of_buildkit_s_report_only_the_program_s_output_counts() -> None:
    said = lines(REPORT)
    assert last_lines(said) == [
        "error: Failed to fetch: `numpy`",
        "RuntimeError: No active process found for watcher.",
    ]
    assert verdict_of(said) == {"ok": False, "cause": "exited"}
    assert resolver_reason(said[:5]) == ["Failed to fetch: `numpy`"]
    assert builder_reason(said) == ""


def test_where_no_step_failed_buildkit_s_own_reason_is_told() -> None:
    lost = "ERROR: failed to build: failed to receive status: rpc error: code = Unavailable"
    said = [*lines(REPORT)[:5], lost]
    assert builder_reason(said) == "failed to receive status: rpc error: code = Unavailable"
    assert builder_reason(["ERROR: of a program that buildah ran"]) == ""


def test_of_a_failed_package_build_its_own_message_stays_without_its_frames() -> None:
    said = lines("""
error: Failed to build `mysqlclient==1.3.14`
  cause: The build backend returned an error

         [stderr]
         /bin/sh: 1: mysql_config: not found
         Traceback (most recent call last):
           File "<string>", line 14, in <module>
             libs = mysql_config("libs_r")
         OSError: mysql_config not found
""")
    assert resolver_reason(said) == [
        "Failed to build `mysqlclient==1.3.14`",
        "The build backend returned an error",
        "[stderr]",
        "/bin/sh: 1: mysql_config: not found",
        "OSError: mysql_config not found",
    ]


IMPORTING = """
Traceback (most recent call last):
  File "/run/ekiben/steps/bento.py", line 31, in main
    importlib.import_module(ENTRY)
  File "/app/bento/src/ekiben_entry.py", line 5, in <module>
    service = open_service('service')
  File "/opt/ekiben/ekiben_runtime/entry.py", line 22, in open_service
    found = vars(import_module(module))
  File "/app/bento/src/service.py", line 2, in <module>
    from lib.values import value
  File "/app/bento/src/lib/values.py", line 4, in <module>
    value = table["b"]
            ~~~~~^^^^^
KeyError: 'b'
{"ekiben": {"cause": "import"}}
"""


def test_a_traceback_keeps_the_model_s_frames_under_their_names_in_the_project() -> None:
    assert traceback_of([*lines(IMPORTING), *BUILDER_END], "models/iris") == [
        '  File "models/iris/service.py", line 2, in <module>',
        "    from lib.values import value",
        '  File "models/iris/lib/values.py", line 4, in <module>',
        '    value = table["b"]',
        "KeyError: 'b'",
    ]


def test_the_model_s_traceback_is_preferred_to_the_server_s_own_after_it() -> None:
    said = lines("""
2026-11-25T00:38:24+0000 [ERROR] [:1] Traceback (most recent call last):
  File "/app/.venv/lib/python3.11/site-packages/starlette/routing.py", line 1, in lifespan
    await self.start()
  File "/app/bento/src/service.py", line 6, in __init__
    self.model = open("/nowhere/model.bin")
FileNotFoundError: [Errno 2] No such file or directory: '/nowhere/model.bin'
2026-11-25T00:38:24+0000 [ERROR] [:1] Application startup failed. Exiting.
Traceback (most recent call last):
  File "/app/.venv/lib/python3.11/site-packages/circus/arbiter.py", line 557, in start
    raise exc
RuntimeError: No active process found for watcher.
""")
    assert traceback_of(said, "models/late") == [
        '  File "models/late/service.py", line 6, in __init__',
        '    self.model = open("/nowhere/model.bin")',
        "FileNotFoundError: [Errno 2] No such file or directory: '/nowhere/model.bin'",
    ]


def test_chained_exceptions_are_one_traceback() -> None:
    said = lines("""
Traceback (most recent call last):
  File "/app/bento/src/service.py", line 4, in load
    raise KeyError("a")
KeyError: 'a'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/app/bento/src/service.py", line 6, in <module>
    raise RuntimeError("no weights")
RuntimeError: no weights
""")
    assert traceback_of(said, "models/x") == [
        '  File "models/x/service.py", line 4, in load',
        '    raise KeyError("a")',
        "KeyError: 'a'",
        '  File "models/x/service.py", line 6, in <module>',
        '    raise RuntimeError("no weights")',
        "RuntimeError: no weights",
    ]


def test_output_without_a_traceback_has_none() -> None:
    assert traceback_of(["all is well"], "models/x") == []
    assert resolver_reason(["all is well"]) == []


def test_a_missing_module_is_named_by_its_top_level() -> None:
    assert missing_module(["ModuleNotFoundError: No module named 'torch.nn'"]) == "torch"
    assert missing_module(["KeyError: 'torch'"]) == ""


def test_last_lines_are_the_program_s_own() -> None:
    said = [
        "[6/6] STEP 2/2: RUN python smoke.py",
        *lines(IMPORTING),
        "Exiting.",
        "Exiting.",
        *BUILDER_END,
    ]
    assert last_lines(said) == ["KeyError: 'b'", "Exiting."]
