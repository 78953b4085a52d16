"""Gates that no model fails: planted in several spellings, beside sound ones, through scan and check."""

from __future__ import annotations

import pytest

from checks.scanned import levels, put
from checks.test_planted_training import REPOSITORY, SOUND, program

JUDGE = """
import json
import logging
import sys
import joblib
import yaml
from sklearn.metrics import roc_auc_score
log = logging.getLogger()
PARAMS = yaml.safe_load(open("params.yaml"))


def measured():
    return json.load(open("models/metrics.json"))
"""
WITH_GATE = {
    "Makefile": "all: train evaluate\ntrain: check\n\tpython train.py\ncheck:\n\tpython check.py\nevaluate: train\n\tpython evaluate.py\n",
    "params.yaml": "gates: {min_auc: 0.75}\n",
}


def judged(tmp_path, body: str, **more: str) -> str:
    files = REPOSITORY | WITH_GATE | {"train.py": program(SOUND["split first"]), "evaluate.py": JUDGE + body} | more
    return levels(put(tmp_path, files), "pipeline_definition")["pipeline_definition"]


MAIN = "if __name__ == '__main__':\n    "
TOOTHLESS = {
    "its exit is caught": """
def main():
    if measured()['auc'] < PARAMS['gates']['min_auc']:
        print('refused')
        sys.exit(1)
if __name__ == '__main__':
    try:
        main()
    except SystemExit:
        pass
""",
    "logs": """
def main():
    auc = measured()['auc']
    if auc < PARAMS['gates']['min_auc']:
        log.error('too low: %s', auc)
if __name__ == '__main__':
    main()
""",
    "logs, else passes": """
def main():
    auc = measured()['auc']
    if auc >= PARAMS['gates']['min_auc']:
        print('passed')
    else:
        print('refused', file=sys.stderr)
if __name__ == '__main__':
    main()
""",
    "exits 0": """
MIN_AUC = 0.75
def main():
    metrics = measured()
    if metrics['roc_auc'] < MIN_AUC:
        print('refused')
        sys.exit(0)
    print('fine')
if __name__ == '__main__':
    main()
""",
    "its value is dropped": """
def main():
    auc = measured()['auc']
    if auc < PARAMS['gates']['min_auc']:
        return 1
    return 0
if __name__ == '__main__':
    main()
""",
    "the same code either way": """
def main():
    failed = measured()['auc'] < PARAMS['gates']['min_auc']
    return 0 if failed else 0
if __name__ == '__main__':
    sys.exit(main())
""",
    "its exception is swallowed": """
class Refused(Exception): ...
def require(auc, min_auc):
    if auc < min_auc:
        raise Refused(auc)
def main():
    try:
        require(measured()['auc'], 0.75)
    except Refused as error:
        log.warning('%s', error)
    print('done')
if __name__ == '__main__':
    main()
""",
    "a list that is printed": """
def misses(metrics, gates):
    found = []
    for name, least in gates.items():
        if metrics['auc'] < least:
            found.append(name)
    return found
def main():
    found = misses(measured(), PARAMS['gates'])
    for line in found:
        print(line)
    print('bad' if found else 'good')
    return 0
if __name__ == '__main__':
    sys.exit(main())
""",
    "a script": """
auc = measured()['auc']
threshold = PARAMS['gates']['min_auc']
ok = auc >= threshold
print(f'gate passed: {ok}')
""",
}
WITH_TEETH = {
    "saves behind it, where it raises": """
class Refused(Exception): ...
def require(auc):
    if auc < PARAMS['gates']['min_auc']:
        raise Refused(auc)
try:
    require(measured()['auc'])
    joblib.dump(1, 'released.pkl')
except Refused as error:
    print('refused', error)
print('done')
""",
    "raises": """
def main():
    if measured()['auc'] < PARAMS['gates']['min_auc']:
        raise ValueError('too low')
if __name__ == '__main__':
    main()
""",
    "asserts": """
assert measured()['auc'] >= PARAMS['gates']['min_auc']
""",
    "exit code of main": """
def main():
    failed = measured()['auc'] < PARAMS['gates']['min_auc']
    return 1 if failed else 0
if __name__ == '__main__':
    sys.exit(main())
""",
    "exit code by a system exit": """
def main():
    if measured()['auc'] < PARAMS['gates']['min_auc']:
        return 1
    return 0
if __name__ == '__main__':
    raise SystemExit(main())
""",
    "an exit code of a flag": """
def main():
    ok = measured()['auc'] >= PARAMS['gates']['min_auc']
    print(ok)
    sys.exit(not ok)
if __name__ == '__main__':
    main()
""",
    "saves what passes": """
def main():
    auc = measured()['auc']
    if auc >= PARAMS['gates']['min_auc']:
        joblib.dump(auc, 'released.pkl')
if __name__ == '__main__':
    main()
""",
    "leaves before it saves": """
def main():
    auc = measured()['auc']
    if auc < PARAMS['gates']['min_auc']:
        print('refused')
        return
    joblib.dump(auc, 'released.pkl')
if __name__ == '__main__':
    main()
""",
    "exits 0 before it saves": """
def main():
    if measured()['auc'] < PARAMS['gates']['min_auc']:
        sys.exit(0)
    joblib.dump(1, 'released.pkl')
if __name__ == '__main__':
    main()
""",
    "writes its verdict": """
def main():
    ok = measured()['auc'] >= PARAMS['gates']['min_auc']
    json.dump({'passed': ok}, open('gate.json', 'w'))
if __name__ == '__main__':
    main()
""",
    "warns below one bar and stops at another": """
def main():
    auc = measured()['auc']
    if auc < PARAMS['gates']['target_auc']:
        print('below target')
    if auc < PARAMS['gates']['min_auc']:
        raise SystemExit(1)
if __name__ == '__main__':
    main()
""",
    "an entry point": """
def main():
    if measured()['auc'] < PARAMS['gates']['min_auc']:
        return 1
    return 0
if __name__ == '__main__':
    main()
""",
    "a function handed over": """
def main():
    return 1 if measured()['auc'] < PARAMS['gates']['min_auc'] else 0
if __name__ == '__main__':
    run(main)
""",
    "a helper that may raise": """
from lib import require
require(measured()['auc'] >= PARAMS['gates']['min_auc'], 'too low')
""",
    "no gate": """
print(measured()['auc'])
""",
    "a threshold of scores": """
best = 0
for threshold, f1 in measured()['curve']:
    if f1 > best:
        best = f1
print(best)
""",
}


@pytest.mark.parametrize("body", TOOTHLESS.values(), ids=TOOTHLESS)
def test_a_gate_that_no_model_fails_is_toothless(body, tmp_path):
    assert judged(tmp_path, body) == "toothless"


@pytest.mark.parametrize(("name", "body"), WITH_TEETH.items(), ids=WITH_TEETH)
def test_a_gate_of_which_something_may_come_is_sound(name, body, tmp_path):
    more = {"pyproject.toml": '[project.scripts]\njudge = "evaluate:main"\n'} if name == "an entry point" else {}
    assert judged(tmp_path, body, **more) == "declared"


@pytest.mark.parametrize(
    ("level", "makefile"),
    [
        ("toothless", WITH_GATE["Makefile"].replace("evaluate.py", "evaluate.py || true")),
        ("toothless", WITH_GATE["Makefile"].replace("\tpython evaluate.py", "\t-python evaluate.py")),
        ("toothless", WITH_GATE["Makefile"].replace("evaluate.py", "evaluate.py || echo refused")),
        ("declared", WITH_GATE["Makefile"].replace("evaluate.py", "evaluate.py || exit 1")),
        ("declared", WITH_GATE["Makefile"].replace("evaluate.py", "evaluate.py || (cat report.txt; false)")),
        ("declared", WITH_GATE["Makefile"] + "look:\n\t-python evaluate.py\n"),
        ("declared", WITH_GATE["Makefile"].replace("\tpython train.py", "\t-rm model.pkl\n\tpython train.py")),
    ],
)
def test_a_gate_whose_command_cannot_fail_is_toothless(level, makefile, tmp_path):
    assert judged(tmp_path, WITH_TEETH["raises"], Makefile=makefile) == level
