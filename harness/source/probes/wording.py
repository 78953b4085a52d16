"""Which files a word is looked for in, where it may stand anywhere."""

from __future__ import annotations

import re

from harness.source.view import View

_DATA = re.compile(r"\.(?:[ct]sv|jsonl|ndjson|geojson|ipynb|svg|css|lock|pdf|png|jpe?g|gif|gz|zip|parquet|pkl|joblib|np[yz]|onnx|bin|h5|pt)$", re.I)


def worded(view: View) -> list[str]:
    """Paths without tables of data, pictures and locks: who looks for a word in every file need not spend the budget for texts on those."""
    if "worded" not in view.memo:
        view.memo["worded"] = [path for path in view.paths if not _DATA.search(path)]
    found = view.memo["worded"]
    assert isinstance(found, list)
    return found
