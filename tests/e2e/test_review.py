#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_review - a person decides what is brought back."""

import os
import shutil
import sys

import support
from support import Place, Terminal, check

LINES = "".join(f"{n}\n" for n in range(1, 21))
HEADING = "Workspace Review"


def review(place, script):
    # So that no style stands between the words that are looked for.
    place.env["NO_COLOR"] = "1"
    return Terminal(
        place, "run-image", "base", "--review", "--", "sh", "-c", script
    )


def answer(terminal, question, text):
    terminal.expect(question)
    terminal.send(text + "\r")


class Kept:
    """What a session leaves behind; removed at the end."""

    def __init__(self, place):
        self.place = place
        self.before = set(place.leftovers())

    def __enter__(self):
        return self

    def new(self):
        return sorted(set(self.place.leftovers()) - self.before)

    def __exit__(self, *_):
        for path in self.new():
            if os.path.isdir(path):
                shutil.rmtree(path)
            else:
                os.unlink(path)


def test_hunks_are_accepted_one_by_one():
    with Place() as place:
        place.write("f", LINES)
        place.write("g", LINES)
        with Kept(place) as kept, review(
            place, "sed -i 's/^1$/one/; s/^20$/twenty/' f g"
        ) as terminal:
            answer(terminal, "Apply f?", "h")
            answer(terminal, "Hunk 1/2 of f?", "n")
            answer(terminal, "Hunk 2/2 of f?", "y")
            answer(terminal, "Apply g?", "h")
            answer(terminal, "Hunk 1/2 of g?", "y")
            answer(terminal, "Hunk 2/2 of g?", "d")
            terminal.expect("2 accepted, 0 rejected")
            check(terminal.wait() == 0, f"exit code\n{terminal}")
            check(not kept.new(), f"left behind: {kept.new()}")
        check(
            place.read("f") == LINES.replace("20\n", "twenty\n"), "second hunk"
        )
        check(
            place.read("g") == LINES.replace("1\n", "one\n", 1), "first hunk"
        )


def test_enter_and_unknown_answers_write_nothing():
    with Place() as place:
        place.write("f", "old\n")
        with review(place, "echo new >f; echo new >n") as terminal:
            answer(terminal, "Apply f?", "ok")
            terminal.expect("Invalid input")
            answer(terminal, "Apply f?", "")
            answer(terminal, "Apply n?", "n")
            terminal.expect("0 accepted, 2 rejected")
            check(terminal.wait() == 0, f"exit code\n{terminal}")
        check(place.read("f") == "old\n", "f was written")
        check(not os.path.exists(place.path("n")), "n was written")


def test_what_was_typed_ahead_is_no_answer():
    with Place() as place:
        place.write("f", "old\n")
        with review(place, "echo new >f; echo session-runs; read x") as t:
            t.expect("session-runs")
            # One line for the agent, and one that nobody asked for.
            t.send("\r")
            t.send("y\r")
            answer(t, "Apply f?", "n")
            t.expect("0 accepted, 1 rejected")
            check(t.wait() == 0, f"exit code\n{t}")
        check(place.read("f") == "old\n", "f was written")


def test_quit_keeps_the_session():
    with Place() as place:
        place.write("a", "old\n")
        place.write("b", "old\n")
        with Kept(place) as kept:
            with review(place, "echo new >a; echo new >b") as terminal:
                answer(terminal, "Apply a?", "y")
                answer(terminal, "Apply b?", "q")
                terminal.expect("1 accepted, 0 rejected, 1 kept for later")
                terminal.wait()
            check(place.read("a") == "new\n", f"a\n{terminal}")
            check(place.read("b") == "old\n", f"b\n{terminal}")
            found = []
            for path in kept.new():
                for where, _, names in os.walk(path):
                    for name in names:
                        with open(os.path.join(where, name), "rb") as f:
                            found.append(f.read())
            check(b"new\n" in found, f"the agent's b is not kept\n{terminal}")


def test_what_was_decided_stays_decided():
    with Place() as place:
        for name in ("a", "b", "c"):
            place.write(name, LINES)
        with Kept(place):
            with review(
                place, "sed -i 's/^1$/one/; s/^20$/twenty/' a b c"
            ) as terminal:
                answer(terminal, "Apply a?", "h")
                answer(terminal, "Hunk 1/2 of a?", "y")
                answer(terminal, "Hunk 2/2 of a?", "n")
                answer(terminal, "Apply b?", "n")
                answer(terminal, "Apply c?", "q")
                terminal.expect("1 accepted, 1 rejected, 1 kept for later")
                terminal.wait()
            result = place.bbox("recover", "--apply", "--yes")
            check(result.code == 0, f"exit code\n{result}")
        first = LINES.replace("1\n", "one\n", 1)
        check(place.read("a") == first, f"a\n{result}")
        check(place.read("b") == LINES, f"b\n{result}")
        check(
            place.read("c") == first.replace("20\n", "twenty\n"),
            f"c\n{result}",
        )


def conflict(place, names):
    """A session in which both sides write the files."""
    script = "".join(f"sed -i 's/^20$/agent/' {n}; " for n in names)
    return review(place, script + "echo session-wrote; read x")


def edit(place, terminal, names):
    terminal.expect("session-wrote")
    for name in names:
        place.write(name, LINES.replace("1\n", "mine\n", 1))
    terminal.send("\r")


def test_conflicts_are_offered():
    names = ("both", "mine", "theirs")
    with Place() as place:
        for name in names:
            place.write(name, LINES)
        with Kept(place) as kept:
            with conflict(place, names) as terminal:
                edit(place, terminal, names)
                terminal.expect("CONFLICT")
                answer(terminal, "Conflict in both", "b")
                terminal.expect("Merged")
                answer(terminal, "Conflict in mine", "")
                answer(terminal, "Conflict in theirs", "t")
                terminal.expect("2 accepted, 1 rejected")
                check(terminal.wait() == 0, f"exit code\n{terminal}")
            check(not kept.new(), f"left behind: {kept.new()}")
        mine = LINES.replace("1\n", "mine\n", 1)
        check(place.read("mine") == mine, "mine")
        check(
            place.read("theirs") == LINES.replace("20\n", "agent\n"), "theirs"
        )
        both = place.read("both")
        for line in ("<<<<<<< mine\n", "mine\n", "agent\n", ">>>>>>> agent\n"):
            check(line in both, f"no {line!r} in both:\n{both}")


def test_conflict_is_kept_without_a_terminal():
    with Place() as place:
        place.write("f", LINES)
        with Kept(place) as kept, Terminal(
            place,
            "run-image",
            "base",
            "--",
            "sh",
            "-c",
            "echo agent >f; echo ok >n; echo session-wrote; read x",
        ) as terminal:
            edit(place, terminal, ("f",))
            terminal.expect("CONFLICT: f: ")
            terminal.expect("bbox recover")
            terminal.wait()
            check(kept.new(), f"the session is gone\n{terminal}")
        check("mine\n" in place.read("f"), "f was written")
        check(place.read("n") == "ok\n", "n was not written")


def test_answers_from_a_pipe_run_nothing():
    with Place() as place:
        result = place.bbox(
            "run-image",
            "base",
            "--review",
            "--",
            "sh",
            "-c",
            "cat >/dev/null; mkdir .husky; echo x >.husky/pre-commit; "
            "echo x >Makefile; echo x >plain",
            stdin=b"",
        )
        # The session took the input to its end: nothing is accepted.
        check("0 accepted, 3 rejected" in result.out, str(result))
        check(not os.listdir(place.workspace), "something was written")


def test_nothing_moves_the_cursor():
    with Place() as place:
        place.write("f", "old\n")
        with review(
            place,
            r"""printf 'a\033[2Jb\r\302\233\342\200\256\n' >f;
            : >"$(printf 'n\033[2J\nx')"; ln -s "$(printf 't\033[2J')" l""",
        ) as terminal:
            terminal.expect(HEADING)
            start = terminal.seen
            answer(terminal, "Apply f?", "h")
            answer(terminal, "Hunk 1/1 of f?", "n")
            answer(terminal, "Apply l?", "n")
            answer(terminal, "Apply n\\x1b[2J\\nx?", "n")
            check(terminal.wait() == 0, f"exit code\n{terminal}")
            shown = terminal.output[start:]
            check(b"\x1b[2J" not in shown, f"escape\n{terminal}")
            check(b"\xe2\x80\xae" not in shown, f"bidi\n{terminal}")
            check(b"\xc2\x9b" not in shown, f"C1\n{terminal}")


if __name__ == "__main__":
    sys.exit(support.run(globals()))
