"""Run tests on a machine that stalls: `python -m tests.stalls [--seed N] PYTEST_ARGUMENT ...`.

The process of pytest is stopped again and again, for 0.3 to 2 seconds, as if the machine had other things to do. No
test may fail for that.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import time

SECONDS = (0.3, 2.0)
"""How long it stands still."""
APART = (0.2, 1.5)
"""How long it runs between two stalls."""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.stalls")
    parser.add_argument("--seed", type=int, default=1)
    given, of_pytest = parser.parse_known_args(arguments)
    chance = random.Random(given.seed)
    process = subprocess.Popen([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *of_pytest])
    stalls, lost = 0, 0.0
    while not _ends_within(process, chance.uniform(*APART)):
        seconds = chance.uniform(*SECONDS)
        process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        process.send_signal(signal.SIGCONT)
        stalls, lost = stalls + 1, lost + seconds
    print(f"stalled {stalls} times, {lost:.0f} seconds in all")
    return process.returncode


def _ends_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
