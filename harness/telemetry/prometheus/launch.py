"""Runs as a script of its own, and becomes the program that it is given: niced, on our cores, and ended by the kernel with its parent.

    python launch.py PARENT_PID NICENESS CORES PROGRAM [ARGUMENT...]        CORES: 0,1,2 or `-` for any
"""

import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, niceness, cores, program, *arguments = sys.argv[1:]
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != int(parent):  # it died before the line above
        sys.exit(1)
    if cores != "-":
        os.sched_setaffinity(0, {int(core) for core in cores.split(",")})
    os.nice(int(niceness))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.execv(program, [program, *arguments])


if __name__ == "__main__":
    main()
