"""From a verified bundle to a result: run the checks, add up, and say it in words. Pure: no sockets, files or clock."""

from grader.judge.verdict import judge

__all__ = ["judge"]
