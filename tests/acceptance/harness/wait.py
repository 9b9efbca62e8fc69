"""Waiting for conditions. Nothing in a scenario sleeps to prove something."""
import time


class Timeout(AssertionError):
    pass


def until(condition, what, seconds=60, every=0.1):
    """The first true value of `condition`; an exception counts as not yet. Fails with the last one seen."""
    end = time.monotonic() + seconds
    last = None
    while True:
        try:
            value = condition()
            if value:
                return value
            last = value
        except Exception as error:  # a member that is not up yet refuses, times out, answers half
            last = error
        if time.monotonic() > end:
            raise Timeout(f"{what}: not within {seconds} s (last: {last!r})")
        time.sleep(every)


def holds(condition, what, seconds):
    """`condition` stays true for the whole time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not condition():
            raise AssertionError(f"{what}: did not hold for {seconds} s")
        time.sleep(0.1)
