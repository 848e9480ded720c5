#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_signals - whatever moment a signal comes, nothing stays behind but the
work of an agent whose session was killed.

Variables: BBOX_E2E_SIGNALS is how often each signal is sent at a random
moment (default 3), BBOX_E2E_SEED repeats a run.
"""

import functools
import json
import os
import random
import signal
import subprocess
import sys
import time

import support
from support import Place, check, decode

ROUNDS = int(os.environ.get("BBOX_E2E_SIGNALS", "3"))
SEED = int(os.environ.get("BBOX_E2E_SEED", str(time.time_ns() % 100000)))
RANDOM = random.Random(SEED)
# What a session may take to go away after it was told to.
END_S = 45

SCRIPT = (
    "n=0; while :; do n=$((n + 1)); echo $n >file-$((n % 50)); "
    "mkdir -p deep/$n; done"
)


def start(place):
    return place.start("run-image", "base", "--", "sh", "-c", SCRIPT)


def finish(process, what):
    """Wait for the end; stdout and stderr."""
    try:
        out, errors = process.communicate(timeout=END_S)
    except subprocess.TimeoutExpired:
        support.end(process)
        raise support.Failure(f"{what}: alive after {END_S} s") from None
    return decode(out), decode(errors)


@functools.cache
def boot_time():
    """How long one session takes here: signals come within twice that."""
    with Place() as place:
        begin = time.monotonic()
        place.bbox("run-image", "base", "--", "true").expect(0)
        return time.monotonic() - begin


def one_round(number, delay, twice=False):
    what = f"{number.name} after {delay:.2f} s (seed {SEED})"
    with Place() as place:
        place.env["TMPDIR"] = place.tmp
        place.write("mine.txt", "mine\n")
        process = start(place)
        time.sleep(delay)
        process.send_signal(number)
        if twice:
            time.sleep(0.2)
            process.send_signal(number)
        _, errors = finish(process, what)
        try:
            support.check_nothing_runs(30)
        except support.Failure as problem:
            raise support.Failure(f"{what}: {problem}") from None
        check(place.read("mine.txt") == "mine\n", f"{what}: mine.txt changed")
        if number == signal.SIGKILL:
            # Nobody was left to clean up: the next start does it.
            next_start = place.bbox("run-image", "base", "--", "true").expect(0)
            check_kept(place, next_start, what)
        else:
            check(
                process.returncode == 1,
                f"{what}: exit code {process.returncode}\n{errors}",
            )
            lines = [
                x for x in errors.splitlines() if x.startswith("Error: ")
            ]
            check(len(lines) == 1, f"{what}: not one error line\n{errors}")
        left = place.leftovers() + os.listdir(place.tmp)
        check(not left, f"{what}: left {left}")


def check_kept(place, next_start, what):
    """The next start keeps what the guest had changed, and nothing else.

    It is the agent's work: 'bbox recover' brings it back, and only the user
    may discard it.
    """
    kept = [
        session
        for session in json.loads(
            place.bbox("recover", "--json").expect(0).out
        )
        if session.get("workspace") == os.path.realpath(place.workspace)
    ]
    told = "run 'bbox recover'" in next_start.errors
    check(told == bool(kept), f"{what}: kept {kept}\n{next_start}")
    for session in kept:
        check(session["changes"] > 0, f"{what}: kept {session}")
        place.bbox("recover", session["id"], "--discard", "--yes").expect(0)


def rounds(number, **options):
    longest = 2 * boot_time()
    for _ in range(ROUNDS):
        one_round(number, RANDOM.uniform(0, longest), **options)


def test_interrupt_at_random_moments():
    rounds(signal.SIGINT)


def test_terminate_at_random_moments():
    rounds(signal.SIGTERM)


def test_kill_at_random_moments():
    rounds(signal.SIGKILL)


def test_interrupt_twice():
    rounds(signal.SIGINT, twice=True)


def test_terminate_at_once():
    one_round(signal.SIGTERM, 0.02)


def kill_helper(program):
    """Kill one of a session's helpers while the guest is busy."""
    seconds = boot_time()
    with Place() as place:
        process = start(place)
        time.sleep(seconds)
        victims = find(program)
        check(victims, f"no '{program}' any more")
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        _, errors = finish(process, f"{program} was killed")
        check(process.returncode == 1, f"exit code\n{errors}")
        check("Error: " in errors, f"no error\n{errors}")
        support.check_nothing_runs(30)


def find(program):
    return [
        pid
        for pid, line in support.session_processes()
        if os.path.basename(line.split()[0]).startswith(program)
    ]


def test_killed_vmm_is_reported():
    kill_helper("qemu-system")


def test_killed_file_server_is_reported():
    kill_helper("bbox-fs")


def test_closed_terminal_ends_the_session():
    with Place() as place:
        terminal = support.Terminal(
            place, "run-image", "base", "--", "sh", "-c", "echo session-runs; sleep 600"
        )
        with terminal:
            terminal.expect("session-runs")
            terminal.process.send_signal(signal.SIGHUP)
            terminal.wait(END_S)
        support.check_nothing_runs(30)
        place.bbox("run-image", "base", "--", "true").expect(0)
        check(not place.leftovers(), f"left {place.leftovers()}")


if __name__ == "__main__":
    sys.exit(support.run(globals()))
