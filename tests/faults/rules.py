"""Takes each rule of the journal's protocol out and runs the test that must then fail: `python -m tests.faults.rules`.

Not among the tests, since each rule costs the start of a broker. The relay's own rules are also dropped in the model of
`tests/chassis/relay_model.py`, which is.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

_RELAY, _OUTBOX = "tests/chassis/test_relay.py", "tests/chassis/test_outbox_any_order.py"
_BAD, _CONSUMER = "tests/chassis/test_bad_records.py", "tests/chassis/test_consumer_faults.py"
# By rule, what is run; each passes with the rule in place.
TESTS: Mapping[str, Sequence[str]] = {
    "a-frozen-holder-loses-its-lock": ("tests/faults/test_frozen.py", "-k", "repeats_nothing and claimed"),
    "the-counter-is-raised-to-kafkas": (_RELAY, "-k", "restored_database"),
    "what-went-out-is-deleted": ("tests/faults/test_crash_points.py", "-k", "relay.committed"),
    "a-resting-topic-holds-the-later-rows": (_OUTBOX,),
    "a-refused-row-holds-the-later-rows": (_OUTBOX,),
    "a-receipts-id-is-derived": (_RELAY, "-k", "receipt_says_where"),
    "records-are-decoded-one-by-one": (_BAD, "-k", "bad_records_cost"),
    "positions-move-by-compare-and-set": ("tests/chassis/test_positions.py",),
    "a-position-is-of-one-cluster": (_CONSUMER, "-k", "another and cluster"),
    "waves-keep-the-order": ("tests/chassis/test_waves.py",),
    "the-one-fact-at-fault-is-found": (_BAD, "-k", "holds_its_own_procedure"),
    "later-facts-are-parked": (_BAD, "-k", "holds_its_own_procedure"),
    "a-number-is-its-procedures-for-ever": ("tests/services/numbering/test_handlers.py", "-k", "replayed_batch"),
    "a-place-that-is-gone-stops-reading": ("tests/chassis/test_misplaced.py", "-k", "under_its_reader"),
    "what-the-world-did-is-waited-for": (_CONSUMER, "-k", "nobody_s_fault"),
    "what-the-data-did-is-not-waited-for": (_BAD, "-k", "holds_its_own_procedure"),
    "a-mail-in-hand-has-a-lease": ("tests/services/notify/test_postman.py", "-k", "its_lease_is_over"),
    "what-waits-is-not-said-again": ("tests/chassis/test_reconciliation.py", "-k", "only_slow"),
    "a-restored-database-reads-back-first": ("tests/faults/test_restore.py",),
}
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)


def main(words: Sequence[str]) -> int:
    """Of the rules named, else of all; 1 where a test passes without its rule."""
    survived = [rule for rule in words or TESTS if not _dies_without(rule)]
    if survived:
        print(f"passed without its rule: {', '.join(survived)}")
    return 1 if survived else 0


def _dies_without(rule: str) -> bool:
    began = time.monotonic()
    # Services are started in other folders than this.
    without = str(Path("tests/faults/without").absolute())
    path = os.pathsep.join(filter(None, [without, os.environ.get("PYTHONPATH")]))
    environment = os.environ | {"INFOPARQUET_WITHOUT": rule, "PYTHONPATH": path}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *TESTS[rule]]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    failed = _FAILED.findall(run.stdout)
    found = failed[0] if failed else run.stdout.strip().splitlines()[-1]
    print(f"{rule}: {found} after {time.monotonic() - began:.0f} s", flush=True)
    # 1: tests failed. Anything else is no finding.
    return run.returncode == 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
