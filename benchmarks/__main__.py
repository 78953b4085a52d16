"""`python -m benchmarks`: every foreseen trouble ends in one line and the house's exit code."""

from __future__ import annotations

import sys
import traceback

from benchmarks import aim, run
from grader.run.exits import Exit
from grader.run.signals import orderly_end
from grader.schema.causes import Trouble, UsageError


def main(arguments: list[str]) -> int:
    """0 every bar held; 1 a bar missed; 2 usage; 3 a bar undecided, or our own or the host's trouble."""
    try:
        with orderly_end():
            return aim.main(arguments[1:]) if arguments[:1] == ["aim"] else run.main(arguments)
    except UsageError as error:
        return _fail(str(error), Exit.USAGE)
    except Trouble as error:
        return _fail(str(error), Exit.TROUBLE)
    except BrokenPipeError:  # whoever read our output has gone
        sys.stderr.close()
        return Exit.TROUBLE
    except Exception as error:  # noqa: BLE001 - never code 1, which says that a bar was missed
        traceback.print_exc()
        return _fail(str(Trouble("internal_error", f"{type(error).__name__}: {error}")), Exit.TROUBLE)


def _fail(message: str, code: Exit) -> int:
    print(f"benchmarks: {' '.join(message.split())}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
