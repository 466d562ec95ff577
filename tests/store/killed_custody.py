"""Does one deed of custody and is killed in the middle: run by the tests of erasing.

The moment is the n-th call from Python into anything that is not (``calls``), so that each
step can be hit exactly; or an amount of CPU time (``cpu``), which hits the engine at work.
If it is not killed it tells how many calls there were, and how much CPU time they took.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from datetime import timedelta
from pathlib import Path

from planted import GONE, open_store


def kill_at(moment: int, calls: list[int]) -> None:
    """Count the *calls* from here on; be killed at number *moment*, if it is above 0."""

    def note(frame: object, event: str, arg: object) -> None:
        if event == "c_call":
            calls[0] += 1
            if calls[0] == moment:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(note)


if __name__ == "__main__":
    calls = [0]
    folder, key, deed, how, moment = sys.argv[1:]
    store, custody = open_store(Path(folder), key=key or None)
    store.hub.execute("SELECT $one", {"one": 1}).pl()  # what the engine loads on first use
    before = time.process_time()
    if how == "cpu":
        signal.setitimer(signal.ITIMER_PROF, float(moment))
    else:
        kill_at(int(moment), calls)
    if deed == "erase":
        custody.erase(GONE, by="ana")
    elif deed == "expire":
        custody.expire(older_than=timedelta(days=14), signatures=True, by="ana")
    else:
        custody.rotate_key(deed, files=True, by="ana")
    sys.setprofile(None)
    sys.stdout.write(f"{calls[0]} {time.process_time() - before}\n")
    store.close()
