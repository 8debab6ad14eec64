"""`python -m tests.kill`: the sweep over the sound sender and every mutant. Exit code 1: do not believe the ledger."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.kill.harness import Report, Trial
from tests.kill.mutants import MUTANTS

#: a mutant that survives more kills than this shows that the harness is broken
MUTANT_KILLS = 50


def main() -> int:
    """Run it and say what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--deliveries", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--mutant", choices=MUTANTS, help="only this one")
    wanted = parser.parse_args()
    if not wanted.mutant:
        sound = _trial("", kills=wanted.kills, deliveries=wanted.deliveries, seed=wanted.seed)
        print(f"sound: {sound}", flush=True)
        if sound.wrong:
            return 1
    survived = False
    for mutant in [wanted.mutant] if wanted.mutant else MUTANTS:
        caught = _trial(mutant, kills=MUTANT_KILLS, deliveries=1000, seed=wanted.seed)
        print(f"{mutant}: {'CAUGHT' if caught.wrong else 'SURVIVED'}: {caught}", flush=True)
        survived = survived or not caught.wrong
    return int(survived)


def _trial(mutant: str, *, kills: int, deliveries: int, seed: int) -> Report:
    with tempfile.TemporaryDirectory() as directory:
        return Trial(Path(directory), kills=kills, deliveries=deliveries, seed=seed, mutant=mutant).run()


if __name__ == "__main__":
    sys.exit(main())
