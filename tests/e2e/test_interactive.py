#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_interactive - sessions on a terminal."""

import os
import signal
import sys
import time

import support
from support import Place, Terminal, check


def base(place, *words, flags=(), **options):
    return Terminal(
        place, "run-image", "base", *flags, "--", *words, **options
    )


def shell(place, script, **options):
    return base(place, "sh", "-c", script, **options)


def test_typing_reaches_a_shell():
    with Place() as place, base(place, "sh") as terminal:
        terminal.expect("$ ")
        terminal.send("echo answer-$((40 + 2))\r")
        terminal.expect("answer-42")
        terminal.send("exit 5\r")
        check(terminal.wait() == 5, f"exit code\n{terminal}")
        terminal.check_restored()


def test_guest_has_a_terminal():
    with Place() as place, shell(
        place, 'test -t 0 && test -t 1 && test -t 2 && echo "tty-$TERM-"'
    ) as terminal:
        terminal.expect("tty-xterm-256color-")
        check(terminal.wait() == 0, f"exit code\n{terminal}")


def test_end_of_file_is_typed():
    with Place() as place, shell(
        place, "echo session-runs; cat >typed.txt"
    ) as terminal:
        terminal.expect("session-runs")
        terminal.send("one line\r\x04")
        check(terminal.wait() == 0, f"exit code\n{terminal}")
        check(place.read("typed.txt") == "one line\n", "typed.txt")


def test_control_c_goes_to_the_agent():
    script = (
        "trap 'echo got-int; exit 7' INT; echo session-runs; "
        "while :; do sleep 0.1; done"
    )
    with Place() as place, shell(place, script) as terminal:
        terminal.expect("session-runs")
        terminal.send("\x03")
        terminal.expect("got-int", timeout=30)
        check(terminal.wait() == 7, f"exit code\n{terminal}")
        terminal.check_restored()


def test_control_c_may_be_ignored_by_the_agent():
    script = (
        "trap '' INT; echo session-runs; read line; echo \"still-here $line\""
    )
    with Place() as place, shell(place, script) as terminal:
        terminal.expect("session-runs")
        terminal.send("\x03\x03\x03")
        time.sleep(1)
        terminal.send("word\r")
        terminal.expect("still-here")
        check(terminal.wait() == 0, f"exit code\n{terminal}")


def test_resize_reaches_the_guest():
    script = (
        "stty size; until [ \"$(stty size)\" = '50 132' ]; "
        "do sleep 0.1; done; echo resized"
    )
    with Place() as place, shell(place, script) as terminal:
        terminal.expect("40 100")
        terminal.resize(132, 50)
        terminal.expect("resized", timeout=30)
        check(terminal.wait() == 0, f"exit code\n{terminal}")


def test_terminal_is_raw_in_the_session_and_restored_after_it():
    with Place() as place, shell(place, "echo session-runs; read x") as terminal:
        terminal.expect("session-runs")
        check(terminal.is_raw(), "not raw in the session")
        terminal.send("\r")
        terminal.wait()
        terminal.check_restored()


def test_terminal_is_restored_after_a_crash():
    with Place() as place, shell(
        place, "echo session-runs; kill -SEGV $$"
    ) as terminal:
        terminal.expect("session-runs")
        check(terminal.wait() == 139, f"exit code\n{terminal}")
        terminal.check_restored()


def test_terminal_is_restored_after_a_lost_vm():
    with Place() as place, shell(
        place, "echo session-runs; sleep 600"
    ) as terminal:
        terminal.expect("session-runs")
        for pid, line in support.session_processes():
            if "qemu-system" in line.split()[0]:
                os.kill(pid, signal.SIGKILL)
        check(terminal.wait(60) == 1, f"exit code\n{terminal}")
        terminal.check_restored()
        support.check_nothing_runs()


def test_terminal_is_restored_after_a_signal():
    with Place() as place, shell(
        place, "echo session-runs; sleep 600"
    ) as terminal:
        terminal.expect("session-runs")
        terminal.process.send_signal(signal.SIGTERM)
        check(terminal.wait(60) == 1, f"exit code\n{terminal}")
        terminal.check_restored()
        support.check_nothing_runs()


def test_all_bytes_pass():
    script = (
        "stty raw -echo; echo session-runs; dd bs=1 count=256 2>/dev/null | "
        "od -An -v -tu1 | tr -s ' \\n' '  '; echo; echo end"
    )
    with Place() as place, shell(place, script) as terminal:
        terminal.expect("session-runs")
        os.write(terminal.master, bytes(range(256)))
        terminal.expect("end", timeout=60)
        numbers = " ".join(str(i) for i in range(256))
        check(numbers in support.decode(terminal.output), f"{terminal}")
        terminal.wait()


def test_review_takes_what_is_accepted():
    with Place() as place, shell(
        place, "echo a >a.txt; echo b >b.txt", flags=("--review",)
    ) as terminal:
        terminal.expect("Workspace Review")
        terminal.expect("Apply a.txt?")
        terminal.send("y\r")
        terminal.expect("Apply b.txt?")
        terminal.send("n\r")
        check(terminal.wait() == 0, f"exit code\n{terminal}")
        check(place.read("a.txt") == "a\n", "a.txt is lost")
        check(not os.path.exists(place.path("b.txt")), "b.txt was written")
        check(not place.leftovers(), f"left: {place.leftovers()}")


def test_review_shows_names_visibly():
    with Place() as place, shell(
        place,
        "touch \"$(printf 'x\\033[2Jy')\"",
        flags=("--review",),
    ) as terminal:
        terminal.expect("Apply x\\x1b[2Jy?")
        check(b"x\x1b[2Jy" not in terminal.output, f"raw name\n{terminal}")
        terminal.send("n\r")
        terminal.wait()


if __name__ == "__main__":
    sys.exit(support.run(globals()))
