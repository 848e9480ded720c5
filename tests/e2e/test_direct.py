#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_direct - the guest works on the project itself: --workspace-mode direct."""

import os
import shutil
import stat
import subprocess
import sys
import time

import support
from support import BBOX, Place, check
from test_filesystem import AREAS

DIRECT = ("--workspace-mode", "direct")
BANNER = "! Direct mode: "


def run_direct(place, script, *flags, **options):
    return place.bbox(
        *("run-image", "base", *DIRECT, *flags, "--", "sh", "-c", script),
        **options,
    )


def ack(place):
    return os.path.join(
        place.env["XDG_STATE_HOME"], "broodbox", "direct-mode-ack"
    )


def wait_for(what, seconds=60):
    end = time.monotonic() + seconds
    while not what():
        check(time.monotonic() < end, "it did not happen in time")
        time.sleep(0.05)


def test_yes_is_needed_once():
    with Place() as place:
        place.write("file", "same\n")
        result = run_direct(place, "rm file")
        check(result.code == 2, f"not refused\n{result}")
        check("requires --yes" in result.errors, f"no reason\n{result}")
        check(BANNER not in result.errors, f"started\n{result}")
        check(place.read("file") == "same\n", "the file is gone")
        check(not os.path.exists(ack(place)), "acknowledged")

        run_direct(place, "echo 1 >one", "--yes").expect(0, "")
        check(place.read("one") == "1\n", "nothing was written")
        mode = stat.S_IMODE(os.stat(ack(place)).st_mode)
        check(mode == 0o600, f"mode {mode:o}")
        mode = stat.S_IMODE(os.stat(os.path.dirname(ack(place))).st_mode)
        check(mode == 0o700, f"mode {mode:o} of the directory")

        result = run_direct(place, "echo 2 >two").expect(0, "")
        lines = [
            line
            for line in result.errors.splitlines()
            if line.startswith(BANNER)
        ]
        check(len(lines) == 1, f"no banner\n{result}")
        for word in (place.workspace, "no snapshot", "no review", "no undo"):
            check(word in lines[0], f"banner without '{word}': {lines[0]}")
        check(place.read("two") == "2\n", "nothing was written")
        check(not place.leftovers(), f"left: {place.leftovers()}")


def test_what_makes_no_sense_is_refused():
    cases = (
        (("--review",), "--review has no effect in direct mode"),
        (("--exclude", "x"), "--exclude applies to snapshot"),
    )
    with Place() as place:
        for flags, text in cases:
            result = run_direct(place, "touch x", "--yes", *flags)
            check(result.code == 2, f"not refused\n{result}")
            check(text in result.errors, f"no '{text}'\n{result}")
        result = place.bbox(
            "run-image", "base", "--workspace-mode", "both", "--", "true"
        )
        check(result.code == 2, f"not refused\n{result}")
        check(
            'invalid --workspace-mode "both": valid values are '
            "[snapshot direct]" in result.errors,
            f"no list\n{result}",
        )
        # bbox's own files, from above.
        result = place.bbox(
            *("run-image", "base", *DIRECT, "--yes"),
            *("--workspace", place.top, "--", "true"),
        )
        check(result.code == 2, f"not refused\n{result}")
        check("its own files" in result.errors, f"no reason\n{result}")
        check(not os.path.exists(ack(place)), "acknowledged")


def test_snapshot_mode_needs_no_yes():
    with Place() as place:
        result = place.bbox(
            *("run-image", "base", "--workspace-mode", "snapshot"),
            *("--", "sh", "-c", "echo 1 >x"),
        )
        result.expect(0, "")
        check(BANNER not in result.errors, f"a banner\n{result}")
        check(place.read("x") == "1\n", "nothing came back")


def test_both_sides_see_changes_while_it_runs():
    script = """
    echo guest >from-guest
    until [ -e go ]; do sleep 0.2; done
    sleep 1.2
    cat go edited swapped
    grep -c . big
    """
    with Place() as place:
        place.write("edited", "before\n")
        place.write("swapped", "before\n")
        place.write("big", "x\n" * 1000)
        process = place.start(
            *("run-image", "base", *DIRECT, "--yes", "--", "sh", "-c"),
            "cat edited swapped big >/dev/null; " + script,
        )
        try:
            wait_for(lambda: os.path.exists(place.path("from-guest")), 300)
            check(place.read("from-guest") == "guest\n", "not at once")
            # As long as before: only the time tells.
            with open(place.path("edited"), "r+", encoding="utf-8") as f:
                f.write("AFTER!\n")
            place.write("tmp", "after\n")
            os.rename(place.path("tmp"), place.path("swapped"))
            place.write("big", "y\n" * 5)
            place.write("go", "go\n")
            out, errors = process.communicate(timeout=support.TIMEOUT_S)
        finally:
            if process.poll() is None:
                support.end(process)
        check(
            out.decode() == "go\nAFTER!\nafter\n5\n",
            f"{out}\n{errors.decode()}",
        )


def test_nothing_is_hidden_and_nothing_is_reviewed():
    with Place() as place:
        subprocess.run(
            ["git", "init", "-q", place.workspace], check=True, timeout=60
        )
        place.write(".env", "TOKEN=secret\n")
        place.write(".broodboxignore", "private/\n")
        place.write("private/x", "mine\n")
        result = run_direct(
            place,
            "cat .env private/x; echo '#!/bin/sh' >.git/hooks/pre-commit; "
            "git config user.name guest 2>/dev/null || "
            "printf '[user]\\n\\tname = guest\\n' >>.git/config",
            "--yes",
        ).expect(0, "TOKEN=secret\nmine\n")
        check("changed" not in result.errors, f"a diff\n{result}")
        check(os.path.exists(place.path(".git/hooks/pre-commit")), "no hook")
        check("guest" in place.read(".git/config"), "no configuration")


def test_links_do_not_lead_out():
    with Place() as place:
        outside = os.path.join(place.top, "outside")
        os.mkdir(outside)
        with open(os.path.join(outside, "secret"), "w", encoding="utf-8") as f:
            f.write("host secret\n")
        os.symlink(outside, place.path("away"))
        os.symlink("../outside", place.path("up"))
        os.symlink(os.path.join(outside, "secret"), place.path("file"))
        result = run_direct(
            place,
            "cat away/secret up/secret file 2>/dev/null; "
            "echo x >away/new; echo x >up/new; echo x >file; "
            "cat ../outside/secret /workspace/../outside/secret; "
            "ln -s ../outside again; cat again/secret; "
            "ls -d away up file",
            "--yes",
        )
        check("host secret" not in result.out, f"read\n{result}")
        check(result.out == "away\nfile\nup\n", f"other output\n{result}")
        check(os.listdir(outside) == ["secret"], "written outside")
        with open(os.path.join(outside, "secret"), encoding="utf-8") as f:
            check(f.read() == "host secret\n", "changed outside")


def test_modes_and_kinds():
    with Place() as place:
        place.write("read-only", "mine\n")
        os.chmod(place.path("read-only"), 0o444)
        run_direct(
            place,
            "echo x >read-only 2>/dev/null && exit 1; "
            "umask 022; echo x >plain; chmod 755 plain; "
            "umask 077; echo x >private; chmod 4755 private; "
            "mkdir sub; mkfifo pipe; ln -s plain link; ln plain hard; "
            "stat -c %u:%g plain sub | sort -u",
            "--yes",
        ).expect(0, "1000:1000\n")
        check(place.read("read-only") == "mine\n", "it was written")
        for name, want in (
            ("plain", stat.S_IFREG | 0o755),
            ("private", stat.S_IFREG | 0o755),
            ("sub", stat.S_IFDIR | 0o700),
            ("pipe", stat.S_IFIFO | 0o600),
        ):
            st = os.lstat(place.path(name))
            check(st.st_mode == want, f"'{name}' has {st.st_mode:o}")
            check(st.st_uid == os.geteuid(), f"'{name}' of {st.st_uid}")
        check(os.readlink(place.path("link")) == "plain", "no link")
        check(os.stat(place.path("hard")).st_nlink == 2, "no hard link")


def test_exit_code_and_changes_of_a_failure():
    with Place() as place:
        run_direct(place, "echo kept >x; exit 7", "--yes").expect(7, "")
        check(place.read("x") == "kept\n", "the change is lost")


# The user's files get no set-id and no sticky bits, and who cannot open an
# object (a FIFO) does not change its mode.
NOT_IN_DIRECT_MODE = (
    " - open: umask: mode 4755",
    " - open: umask: mode 1644",
    " - attr: modes: mode 1777: mode_of(\"f\")",
    " - attr: modes: mode 4755: mode_of",
    " - attr: modes: mode 2755: mode_of",
    " - attr: modes: mode 6711: mode_of",
    " - attr: modes: mode 7777: mode_of",
    " - attr: set-id bits: ",
    " - attr: set-group-id directory: ",
    ' - special: fifos: chmod("moved", 0600)',
    ' - special: fifos: mode_of("moved")',
)


def test_it_is_a_file_system():
    with Place() as place:
        program = os.path.join(os.path.dirname(BBOX), "test-fs-suite")
        check(os.access(program, os.X_OK), f"'{program}' is missing")
        shutil.copy(program, place.path("test-fs-suite"))
        result = place.bbox(
            *("run-image", "base", *DIRECT, "--yes", "--cpus", "2", "--"),
            *("sh", "-c", f"./test-fs-suite . {AREAS}"),
            timeout=900,
        )
        lines = result.out.strip().splitlines()
        failed = [
            "\n".join(lines[i : i + 2])
            for i, line in enumerate(lines)
            if line.startswith(("not ok", "Bail out!"))
            and not any(text in line for text in NOT_IN_DIRECT_MODE)
        ]
        check(not failed, "\n".join(failed[:40]))
        check(" passed, " in lines[-1], f"no end\n{result}")


if __name__ == "__main__":
    sys.exit(support.run(globals()))
