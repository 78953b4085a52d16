"""The tests of this folder once more, on a real PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest_web import DATABASE
from jobs import postgres
from needs import missing

HERE = Path(__file__).parent
ONCE = ("test_serve.py", "test_service_browser.py", "test_on_postgresql.py")
"""Those bring processes or a browser of their own."""


@pytest.mark.committed
def test_all_of_it_holds_on_postgresql_too() -> None:
    found = postgres.programs()
    if found is None:
        missing("PostgreSQL is not installed: apt-get install postgresql")
    files = [str(path) for path in sorted(HERE.glob("test_*.py")) if path.name not in ONCE]
    with postgres.server(found) as server:
        env = os.environ | {DATABASE: server.fresh("pages"), "PYTHONPATH": os.pathsep.join((str(HERE.parents[1]), str(HERE.parent)))}
        command = ["nice", "-n", "19", sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *files]
        done = subprocess.run(command, env=env, cwd=HERE.parents[1], capture_output=True, text=True, timeout=500)
    assert done.returncode == 0 and " passed" in done.stdout, done.stdout[-3000:]
