"""Undo Debian's changes of Python's layout. Runs inside the new image with the standard library's folder and the wheels as arguments.

Each change must find what it changes: should a later package look different, the build of the image fails here and says where,
not later in a candidate's build.
"""

import pathlib
import re
import shutil
import sys

EDITS = (
    # pip, venv and sysconfig: <prefix>/lib/python3.11/site-packages, not <prefix>/local/lib/python3.11/dist-packages
    ("sysconfig.py", r"prefix_scheme = 'posix_local'", "prefix_scheme = 'posix_prefix'"),
    # `python -m ensurepip` works as it does upstream
    ("ensurepip/__init__.py", r"(def _ensurepip_is_disabled_in_debian_for_system\(\):\n)", r"\1    return\n"),
)
DEBIAN_ONLY = ("EXTERNALLY-MANAGED", "_distutils_system_mod.py", "sitecustomize.py")


def edit(path: pathlib.Path, pattern: str, new: str) -> None:
    text, count = re.subn(pattern, new, path.read_text(encoding="utf-8"))
    if count == 0:
        sys.exit(f"{path}: nothing matches {pattern!r}; this Debian package is not the one that the recipe knows")
    path.write_text(text, encoding="utf-8")


def main(stdlib: pathlib.Path, wheels: pathlib.Path) -> None:
    for name, pattern, new in EDITS:
        edit(stdlib / name, pattern, new)
    for name in DEBIAN_ONLY:
        (stdlib / name).unlink(missing_ok=True)
    # The site module is frozen into the interpreter, so an edit of site.py would do nothing: it looks into dist-packages.
    (stdlib / "site-packages").mkdir()
    (stdlib / "dist-packages").symlink_to("site-packages")
    bundled = stdlib / "ensurepip" / "_bundled"
    bundled.mkdir()
    for wheel in wheels.glob("*.whl"):
        shutil.copy(wheel, bundled)
    for data in stdlib.glob("_sysconfigdata_*.py"):
        if not data.is_symlink():
            edit(data, r"/usr/share/python-wheels/?", str(bundled))
            edit(data, r"/usr/(lib|include)/python3\.11", r"/usr/local/\1/python3.11")
            edit(data, r"'(prefix|exec_prefix)': '/usr'", r"'\1': '/usr/local'")
            edit(data, r"'(BINDIR|INCLUDEDIR|SCRIPTDIR|CONFINCLUDEDIR)': '/usr/", r"'\1': '/usr/local/")
    for archive in [*stdlib.glob("config-*/*.a"), *stdlib.glob("config-*/*.o")]:
        archive.unlink()


main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
