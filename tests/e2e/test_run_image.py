#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_run_image - any command in the image 'base', without a terminal."""

import os
import stat
import subprocess
import sys

import support
from support import Place, check


def run_base(place, script, *flags, **options):
    return place.bbox(
        "run-image", "base", *flags, "--", "sh", "-c", script, **options
    )


def test_stdout_is_the_commands_and_nothing_else():
    with Place() as place:
        run_base(place, "echo hello world; echo oops >&2").expect(
            0, "hello world\n"
        )


def test_streams_stay_apart():
    with Place() as place:
        result = run_base(place, "echo to-stdout; echo to-stderr >&2")
        result.expect(0, "to-stdout\n")
        check("to-stderr\n" in result.errors, f"no stderr\n{result}")
        check("to-stdout" not in result.errors, f"mixed up\n{result}")


def test_exit_codes_are_passed_on():
    with Place() as place:
        for code in (1, 42, 255):
            run_base(place, f"exit {code}").expect(code, "")


def test_death_by_signal_is_128_and_the_signal():
    with Place() as place:
        result = run_base(place, "kill -SEGV $$").expect(139)
        check(
            "Session ended unexpectedly" in result.errors,
            f"no hint\n{result}",
        )
        run_base(place, "kill -TERM $$").expect(143)


def test_arguments_arrive_as_they_are():
    words = ["a b", "it's", "$HOME", "", "*", 'quo"te', "back\\slash", "ä"]
    with Place() as place:
        result = place.bbox(
            "run-image", "base", "--", "printf", "<%s>\n", *words
        )
        result.expect(0, "".join(f"<{w}>\n" for w in words))


def test_stdin_is_passed_on_in_full():
    data = os.urandom(1 << 20)
    with Place() as place:
        result = run_base(place, "wc -c; cat >/dev/null", stdin=data)
        result.expect(0, f"{len(data)}\n")


def test_large_output_is_complete():
    with Place() as place:
        result = run_base(place, "seq 1 200000").expect(0)
        want = "".join(f"{i}\n" for i in range(1, 200001))
        check(result.out == want, f"{len(result.out)} of {len(want)} bytes")


def test_runs_as_the_sandbox_user_in_the_workspace():
    with Place() as place:
        place.write("there.txt", "x")
        result = run_base(
            place,
            "id -un; id -u; id -g; pwd; echo $HOME; ls; stat -c %u there.txt",
        )
        result.expect(
            0,
            "sandbox\n1000\n1000\n/workspace\n/home/sandbox\n"
            "there.txt\n1000\n",
        )


def test_changes_come_back():
    with Place() as place:
        place.write("keep.txt", "same\n")
        place.write("edit.txt", "before\n")
        place.write("gone.txt", "x\n")
        run_base(
            place,
            "echo after >edit.txt; rm gone.txt; mkdir -p new/deep; "
            "echo made >new/deep/file; printf '#!/bin/sh\\n' >tool; "
            "chmod 755 tool",
        ).expect(0, "")
        check(place.read("edit.txt") == "after\n", "edit.txt is unchanged")
        check(place.read("keep.txt") == "same\n", "keep.txt changed")
        check(place.read("new/deep/file") == "made\n", "no new/deep/file")
        check(not os.path.exists(place.path("gone.txt")), "gone.txt is there")
        mode = stat.S_IMODE(os.stat(place.path("tool")).st_mode)
        check(mode & 0o111, f"tool has mode {mode:o}")


def test_changes_come_back_when_the_command_fails():
    with Place() as place:
        run_base(place, "echo kept >result.txt; exit 3").expect(3)
        check(place.read("result.txt") == "kept\n", "result.txt is lost")


def test_secrets_are_not_there():
    with Place() as place:
        place.write(".env", "TOKEN=secret\n")
        place.write("sub/.env.local", "TOKEN=secret\n")
        place.write("server.pem", "secret\n")
        place.write(".ssh/id_rsa", "secret\n")
        place.write("main.go", "x\n")
        result = run_base(
            place, "find . -type f | sort; grep -r secret . | wc -l"
        )
        result.expect(0, "./main.go\n0\n")
        check(place.read(".env") == "TOKEN=secret\n", ".env changed")


def test_secrets_that_the_guest_writes_do_not_come_back():
    with Place() as place:
        place.write(".env", "mine\n")
        run_base(place, "echo forged >.env; echo x >new.pem; echo y >ok")
        check(place.read(".env") == "mine\n", ".env was overwritten")
        check(not os.path.exists(place.path("new.pem")), "new.pem came back")
        check(place.read("ok") == "y\n", "ok is lost")


def test_excluded_files_are_not_there():
    with Place() as place:
        place.write(".broodboxignore", "private/\n")
        place.write("private/x", "x\n")
        place.write("notes.bak", "x\n")
        place.write("ok", "x\n")
        result = run_base(place, "ls", "--exclude", "*.bak").expect(0)
        check(result.out == "ok\n", f"sees too much\n{result}")
        check(place.read("private/x") == "x\n", "private/x is lost")


def test_hooks_do_not_come_back():
    with Place() as place:
        subprocess.run(
            ["git", "init", "-q", place.workspace],
            check=True,
            env=place.env,
            timeout=60,
        )
        config = place.read(".git/config")
        run_base(
            place,
            "mkdir -p .git/hooks .husky; echo evil >.git/hooks/pre-commit; "
            "chmod +x .git/hooks/pre-commit; echo evil >.husky/pre-commit; "
            "printf '[core]\\nfsmonitor = evil\\n' >>.git/config; "
            "echo fine >fine.txt",
        ).expect(0)
        check(
            not os.path.exists(place.path(".git/hooks/pre-commit")),
            "the hook came back",
        )
        check(
            not os.path.exists(place.path(".husky/pre-commit")),
            "the husky hook came back",
        )
        check(place.read(".git/config") == config, ".git/config changed")
        check(place.read("fine.txt") == "fine\n", "fine.txt is lost")


def test_symlinks_cannot_lead_out():
    with Place() as place:
        target = os.path.join(place.top, "outside")
        with open(target, "w", encoding="utf-8") as f:
            f.write("mine\n")
        os.symlink(target, place.path("link"))
        os.mkdir(os.path.join(place.top, "dir"))
        result = run_base(
            place,
            f"rm -f link; echo forged >link; ln -s '{place.top}/dir' d; "
            "mkdir -p e; echo ok >e/file",
        )
        with open(target, encoding="utf-8") as f:
            check(f.read() == "mine\n", "the file outside was written")
        check(
            not os.listdir(os.path.join(place.top, "dir")),
            "something was written outside",
        )
        check(place.read("e/file") == "ok\n", "e/file is lost")
        check(result.discard_kept(), "the refused change is lost")


def test_environment_is_only_what_was_named():
    with Place() as place:
        place.env.update(
            WANTED_A="one", WANTED_B="it's; $x\n2", SECRET="hidden"
        )
        result = run_base(
            place,
            'printf "%s|%s|%s|%s" "$WANTED_A" "$WANTED_B" "$SECRET" "$GIVEN"',
            "--env",
            "WANTED_*",
            "--env",
            "GIVEN=value",
        )
        result.expect(0, "one|it's; $x\n2||value")


def test_resources_are_what_was_asked():
    with Place() as place:
        result = run_base(
            place,
            "nproc; awk '/MemTotal/ { print int($2 / 1024) }' /proc/meminfo",
            "--cpus",
            "1",
            "--memory",
            "1g",
        ).expect(0)
        cpus, mem_mib = (int(n) for n in result.out.split())
        check(cpus == 1, f"{cpus} CPUs")
        check(850 <= mem_mib <= 1024, f"{mem_mib} MiB")


def test_workspace_flag_names_the_directory():
    with Place() as place:
        place.write("marker", "x")
        place.bbox(
            "run-image",
            "base",
            "--workspace",
            place.workspace,
            "--",
            "ls",
            cwd=place.top,
        ).expect(0, "marker\n")


def test_log_file_and_timings():
    with Place() as place:
        log = os.path.join(place.top, "session.log")
        result = run_base(
            place, "true", "--log-file", log, "--timings", "--debug"
        ).expect(0, "")
        check(os.path.getsize(log) > 0, "the log is empty")
        check(result.errors.strip(), "no timings")


def test_nothing_is_left():
    with Place() as place:
        run_base(place, "echo x >file").expect(0)
        support.check_nothing_runs()
        check(not place.leftovers(), f"left: {place.leftovers()}")
        check(
            sorted(os.listdir(place.workspace)) == ["file"],
            f"workspace: {os.listdir(place.workspace)}",
        )


if __name__ == "__main__":
    sys.exit(support.run(globals()))
