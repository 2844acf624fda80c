"""Runs scripts of rules in forks of a process that has loaded what they import.

Started with `fails.c` before libc; reads a JSON value a line, answers with one. Nothing
is imported here that would touch the results.
"""

import ast
import contextlib
import ctypes
import importlib
import json
import os
import re
import runpy
import sys
import traceback
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[2] / "workflow" / "scripts"
#: What scripts import where they need it.
LATER = (
    "safetensors.torch",
    "xgboost",
    "sklearn.linear_model",
    "evenfold.models.ensemble",
)


def preload():
    """Import what any script imports, each once."""
    for path in SCRIPTS.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                importlib.import_module(node.module)
    for name in LATER:
        importlib.import_module(name)


def child(job, libc):
    """Run one script, with its fault armed, and end as it does."""
    os.chdir(job["folder"])
    out = os.open(job["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(out, 1)
    os.dup2(out, 2)
    code = 0
    # The script that Snakemake wrote, its pickled `snakemake` included.
    libc.arm(job["folder"].encode(), job["at"], job["how"])
    try:
        runpy.run_path(job["script"], run_name="__main__")
    except SystemExit as end:
        code = end.code or 0
    except BaseException:
        traceback.print_exc()
        code = 99
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 1)


def serve():
    """Answer until the input ends."""
    libc = ctypes.CDLL(None)
    libc.shared_count()
    preload()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        job = json.loads(line)
        process = os.fork()
        if not process:
            child(job, libc)
        _, status = os.waitpid(process, 0)
        print(
            json.dumps({"code": os.waitstatus_to_exitcode(status), "writes": libc.writes()}),
            file=answers, flush=True,
        )  # fmt: skip


def described(path):
    """The `snakemake` of a script that Snakemake wrote and kept."""
    import pickle

    text = Path(path).read_text(encoding="utf-8", errors="replace")
    found = re.search(r"snakemake = pickle\.loads\((b(['\"]).*?(?<!\\)\2)\)", text)
    return pickle.loads(ast.literal_eval(found[1]))


if __name__ == "__main__":
    serve()
