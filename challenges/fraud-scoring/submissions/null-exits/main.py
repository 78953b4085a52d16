"""A service that is over before it begins."""

import sys

print("no module named fraud_model", file=sys.stderr)
sys.exit(1)
