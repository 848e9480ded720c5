#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_recover - whatever is killed whenever: nothing of the agent's that it
had synced is lost, nothing of the user's is, and what was written is undone.

Variables: BBOX_E2E_KILLS is how many random moments of a session and of a
flush each are tried (default 3), BBOX_E2E_SEED repeats a run.
"""

import json
import os
import random
import signal
import sys
import threading
import time

import support
from support import Place, check, decode

ROUNDS = int(os.environ.get("BBOX_E2E_KILLS", "3"))
SEED = int(os.environ.get("BBOX_E2E_SEED", str(time.time_ns() % 100000)))
RANDOM = random.Random(SEED)
END_S = 60

# Prints a number once its file is on the disk.
WRITER = (
    "n=0; while :; do n=$((n + 1)); mkdir -p d-$((n % 7)); "
    "echo content-$n >d-$((n % 7))/f-$n; sync d-$((n % 7))/f-$n; "
    "echo $n; done"
)


class Reader(threading.Thread):
    """Takes the numbers that a guest prints."""

    def __init__(self, stream):
        super().__init__(daemon=True)
        self.stream = stream
        self.numbers = []
        self.start()

    def run(self):
        for line in self.stream:
            text = line.strip()
            # The last line may be cut short: only whole ones count.
            if line.endswith(b"\n") and text.isdigit():
                self.numbers.append(int(text))


def sessions(place):
    """The kept sessions of this workspace."""
    out = place.bbox("recover", "--json").expect(0).out
    return [
        session
        for session in json.loads(out)
        if session.get("workspace") == os.path.realpath(place.workspace)
    ]


def victims(process, program):
    if program == "bbox":
        return [process.pid]
    return [
        pid
        for pid, line in support.session_processes()
        if os.path.basename(line.split()[0]).startswith(program)
    ]


def kill_in_session(program):
    with Place() as place:
        place.write("mine.txt", "mine\n")
        errors = open(os.path.join(place.top, "stderr"), "w+b")
        process = place.start(
            "run-image", "base", "--", "sh", "-c", WRITER, stderr=errors
        )
        reader = Reader(process.stdout)
        support.wait_for(lambda: reader.numbers, 120, "first file")
        delay = RANDOM.uniform(0, 1.5)
        what = f"{program} killed after {delay:.2f} s (seed {SEED})"
        time.sleep(delay)
        found = victims(process, program)
        check(found, f"{what}: it does not run")
        for pid in found:
            os.kill(pid, signal.SIGKILL)
        process.wait(END_S)
        reader.join(END_S)
        support.check_nothing_runs(30)
        numbers = reader.numbers
        if program == "bbox":
            kept = sessions(place)
            check(len(kept) == 1, f"{what}: kept {kept}")
            check(kept[0]["changes"] > 0, f"{what}: {kept}")
        if sessions(place):
            place.bbox("recover", "--apply").expect(0)
        check(not sessions(place), f"{what}: still kept")
        for n in numbers:
            path = f"d-{n % 7}/f-{n}"
            check(
                os.path.exists(place.path(path))
                and place.read(path) == f"content-{n}\n",
                f"{what}: '{path}' of {len(numbers)} is lost",
            )
        check(place.read("mine.txt") == "mine\n", f"{what}: mine.txt")
        errors.close()


def test_killed_bbox():
    for _ in range(ROUNDS):
        kill_in_session("bbox")


def test_killed_vmm():
    for _ in range(ROUNDS):
        kill_in_session("qemu-system")


def test_killed_file_server():
    for _ in range(ROUNDS):
        kill_in_session("bbox-fs")


# --- killed while it flushes -------------------------------------------------

FILES = 200
CHANGER = (
    f"for n in $(seq {FILES}); do case $((n % 4)) in "
    "0) rm f-$n;; 1) rm f-$n; mkdir f-$n; echo new-$n >f-$n/below;; "
    "*) echo new-$n >f-$n;; esac; echo new-$n >added-$n; done"
)


def old(place, n):
    path = place.path(f"f-{n}")
    return os.path.isfile(path) and place.read(f"f-{n}") == f"old-{n}\n"


def new(place, n, whole):
    path = place.path(f"f-{n}")
    if n % 4 == 0:
        return not os.path.lexists(path)
    if n % 4 == 1:
        below = f"f-{n}/below"
        if not os.path.isdir(path):
            return False
        if os.path.exists(place.path(below)):
            return place.read(below) == f"new-{n}\n"
        return not whole
    return os.path.isfile(path) and place.read(f"f-{n}") == f"new-{n}\n"


def check_files(place, what, whole):
    for n in range(1, FILES + 1):
        fine = new(place, n, whole) or (not whole and old(place, n))
        check(fine, f"{what}: 'f-{n}' is neither old nor new")
        added = place.path(f"added-{n}")
        if whole or os.path.exists(added):
            check(
                place.read(f"added-{n}") == f"new-{n}\n",
                f"{what}: 'added-{n}'",
            )
    for where, names, files in os.walk(place.workspace):
        for name in names + files:
            check(
                not name.startswith(".bbox-"),
                f"{what}: left '{where}/{name}'",
            )


def kill_in_flush():
    with Place() as place:
        for n in range(1, FILES + 1):
            place.write(f"f-{n}", f"old-{n}\n")
        process = place.start("run-image", "base", "--", "sh", "-c", CHANGER)
        said = b""
        while b"Flushing" not in said:
            piece = process.stderr.readline()
            check(piece, f"no flush: {decode(said)[-2000:]}")
            said += piece
        delay = RANDOM.uniform(0, 0.6)
        what = f"flush killed after {delay:.3f} s (seed {SEED})"
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=END_S)
        support.check_nothing_runs(30)
        kept = sessions(place)
        check_files(place, what, whole=False)
        if kept:
            place.bbox("recover", kept[0]["id"][:12], "--apply").expect(0)
        check_files(place, what, whole=True)
        check(not sessions(place), f"{what}: still kept")
        undo_all(place, what)


def undo_all(place, what):
    """Whatever was flushed, in one piece or two, is undone."""
    flushes = [
        flush
        for flush in json.loads(
            place.bbox("undo", "--list", "--json").expect(0).out
        )
        if not flush["is_undo"]
    ]
    check(flushes, f"{what}: nothing to undo")
    for _ in flushes:
        place.bbox("undo").expect(0)
    for n in range(1, FILES + 1):
        check(old(place, n), f"{what}: 'f-{n}' after undo")
        check(
            not os.path.lexists(place.path(f"added-{n}")),
            f"{what}: 'added-{n}' after undo",
        )
    place.bbox("undo").expect(1)


def test_killed_flush():
    for _ in range(ROUNDS):
        kill_in_flush()


# --- by hand -----------------------------------------------------------------


def test_live_session_is_refused():
    with Place() as place:
        process = place.start(
            "run-image", "base", "--", "sh", "-c", "echo x >x; echo ok; sleep 60"
        )
        check(process.stdout.readline() == b"ok\n", "no session")
        live = sessions(place)
        check(len(live) == 1 and live[0]["state"] == "running", f"{live}")
        for deed in ("--apply", "--discard"):
            result = place.bbox("recover", live[0]["id"], deed, "--yes")
            result.expect(1)
            check("is still running" in result.errors, result)
            check(len(result.errors.splitlines()) == 1, result)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=END_S)
        check(place.read("x") == "x\n", "the session's own end")


def test_killed_session_can_be_discarded():
    with Place() as place:
        process = place.start(
            "run-image", "base", "--", "sh", "-c", "echo x >x; echo ok; sleep 60"
        )
        check(process.stdout.readline() == b"ok\n", "no session")
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=END_S)
        support.check_nothing_runs(30)
        kept = sessions(place)
        shown = place.bbox("recover", "--show").expect(0)
        check("added     x\n" in shown.out, shown)
        # Told once, in one line, at the next start.
        told = place.bbox("run-image", "base", "--", "true").expect(0)
        lines = [x for x in told.errors.splitlines() if "bbox recover" in x]
        check(len(lines) == 1, told)
        refused = place.bbox("recover", kept[0]["id"], "--discard")
        refused.expect(2)
        check("--yes" in refused.errors, refused)
        place.bbox("recover", kept[0]["id"], "--discard", "--yes").expect(0)
        check(not sessions(place), "still there")
        check(not os.path.exists(place.path("x")), "x came back")


def test_undo_keeps_what_you_changed():
    with Place() as place:
        place.write("a", "old a\n")
        place.write("b", "old b\n")
        place.bbox(
            "run-image", "base", "--", "sh", "-c", "echo new >a; rm b; echo n >n"
        ).expect(0)
        place.write("a", "mine\n")
        result = place.bbox("undo")
        result.expect(1)
        check("'a' was changed" in result.errors, result)
        check(place.read("a") == "mine\n", "a")
        check(place.read("b") == "old b\n", "b")
        check(not os.path.exists(place.path("n")), "n")


def test_words_are_checked():
    cases = (
        (("recover", "zzzz", "--apply"), 1),
        (("recover", "--apply", "--discard"), 2),
        (("recover", "a", "b"), 2),
        (("recover", "--diff"), 2),
        (("recover", "--nonsense"), 2),
        (("undo", "zzzz"), 1),
        (("undo", "--json"), 2),
        (("undo", "a", "b"), 2),
    )
    with Place() as place:
        for words, code in cases:
            result = place.bbox(*words)
            result.expect(code)
            check(len(result.errors.splitlines()) == 1, result)
        for word in ("recover", "undo"):
            check("Example:" in place.bbox(word, "--help").expect(0).out, word)


if __name__ == "__main__":
    sys.exit(support.run(globals()))
