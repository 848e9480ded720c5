#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_errors - bad input gets one line that names the thing and the remedy,
the right exit code, and leaves nothing behind."""

import os
import shutil
import stat
import sys

import support
from support import Place, Skip, check

# What is wrong with a command line, before anything is started.
USAGE = (
    # name, words, parts of the message
    ("no command behind --", ["run-image", "base", "--"], ["command"]),
    ("no --", ["run-image", "base"], ["command"]),
    ("no image", ["run-image"], []),
    ("unknown flag", ["claude-code", "--bogus"], ["--bogus"]),
    ("missing value", ["claude-code", "--cpus"], ["--cpus"]),
    ("bad number", ["claude-code", "--cpus", "many"], ["--cpus"]),
    ("bad size", ["claude-code", "--memory", "12q"], ["--memory", "suffix"]),
    (
        "address as host",
        ["claude-code", "--allow-host", "1.2.3.4"],
        ["--allow-host", "IP address"],
    ),
    (
        "host without a port",
        ["claude-code", "--allow-host", "host.bbox.internal"],
        ["--allow-host", "host.bbox.internal", "port"],
    ),
    ("bad accelerator", ["claude-code", "--accel", "xen"], ["xen", "kvm"]),
    ("bare star", ["claude-code", "--env", "*"], ["--env"]),
    ("bad agent name", ["../evil"], ["agent name"]),
    ("unknown agent", ["nobody"], ["nobody"]),
    ("escape in a name", ["x\x1b[2J"], []),
)


def check_refused(place, result, *parts, codes=(1, 2)):
    """One line, the parts in it, and nothing left."""
    check(result.code in codes, f"exit code\n{result}")
    check(result.out == "", f"stdout is not empty\n{result}")
    errors = [
        line
        for line in result.errors.splitlines()
        if line.startswith("Error: ")
    ]
    check(len(errors) == 1, f"not one line 'Error: ...'\n{result}")
    for part in parts:
        check(
            part.lower() in errors[0].lower(),
            f"does not name '{part}'\n{result}",
        )
    for c in result.errors:
        check(c == "\n" or c.isprintable(), f"control character {c!r}\n{result}")
    support.check_nothing_runs()
    check(not place.leftovers(), f"left: {place.leftovers()}")


def test_bad_command_lines():
    for name, words, parts in USAGE:
        with Place() as place:
            try:
                check_refused(place, place.bbox(*words, timeout=30), *parts)
            except support.Failure as problem:
                raise support.Failure(f"{name}: {problem}") from None
            check(not os.listdir(place.workspace), f"{name}: wrote something")


def test_no_arguments_show_the_help():
    with Place() as place:
        result = place.bbox("--help", timeout=30).expect(0)
        check("run-image" in result.out, f"no help\n{result}")
        check(result.errors == "", f"stderr\n{result}")


def test_unknown_agent_lists_the_known():
    with Place() as place:
        result = place.bbox("nobody", timeout=30)
        check_refused(place, result, "nobody")
        check("claude-code" in result.errors, f"no list\n{result}")


def test_list_names_the_agents():
    with Place() as place:
        result = place.bbox("list", timeout=30).expect(0)
        check("claude-code" in result.out, f"no claude-code\n{result}")


def test_workspace_must_be_there():
    with Place() as place:
        path = place.path("missing")
        result = run(place, "--workspace", path)
        check_refused(place, result, path)


def test_workspace_must_be_a_directory():
    with Place() as place:
        path = place.write("file", "x")
        result = run(place, "--workspace", path)
        check_refused(place, result, path, "directory")


def test_workspace_must_be_readable():
    with Place() as place:
        os.chmod(place.workspace, 0)
        result = run(place, "--workspace", place.workspace, cwd=place.top)
        check_refused(place, result, place.workspace, "permission")


def test_unreadable_file_in_the_workspace_is_named():
    with Place() as place:
        path = place.write("sub/secret.txt", "x")
        os.chmod(path, 0)
        result = place.bbox("run-image", "base", "--workspace-snapshot",
                            "copy", "--", "true")
        check(result.code == 0, f"exit code\n{result}")
        check("sub/secret.txt" in result.errors, f"no warning\n{result}")
        # Where nothing is copied, whoever reads it learns of it.
        result = place.bbox("run-image", "base", "--", "cat",
                            "sub/secret.txt")
        check(result.code == 1, f"exit code\n{result}")
        check("sub/secret.txt: Permission denied" in result.errors,
              f"not named\n{result}")


def test_workspace_is_not_the_root():
    with Place() as place:
        check_refused(place, run(place, "--workspace", "/"), "'/'")


def test_workspace_is_not_the_home():
    with Place() as place:
        result = run(place, "--workspace", place.home)
        check_refused(place, result, place.home, "--workspace")


def test_missing_image_is_named():
    with Place() as place:
        result = place.bbox("run-image", "nosuch", "--", "true", timeout=60)
        check_refused(place, result, "nosuch")


def test_missing_vmm_is_named_with_its_package():
    with Place() as place:
        place.env["PATH"] = path_without(place, "qemu-system")
        result = run(place)
        check_refused(place, result, "qemu-system", "install")


def test_unwritable_cache_is_named():
    with Place() as place:
        cache = os.path.join(place.top, "cache")
        os.mkdir(cache, 0o500)
        place.env["XDG_CACHE_HOME"] = cache
        result = run(place)
        check_refused(place, result, cache, "permission")
        check(not os.listdir(cache), "something was written")


def test_unwritable_configuration_is_named():
    with Place() as place:
        os.chmod(place.config, stat.S_IRUSR | stat.S_IXUSR)
        result = run(place)
        check_refused(place, result, place.config, "permission")


def test_cache_that_is_a_file_is_named():
    with Place() as place:
        cache = os.path.join(place.top, "cache")
        with open(cache, "w", encoding="utf-8"):
            pass
        place.env["XDG_CACHE_HOME"] = cache
        check_refused(place, run(place), cache)


def test_missing_kvm_is_named_when_it_was_asked_for():
    if os.access("/dev/kvm", os.R_OK | os.W_OK):
        raise Skip("/dev/kvm is there")
    with Place() as place:
        check_refused(place, run(place, "--accel", "kvm"), "kvm")


def test_bad_ignore_file_is_named():
    with Place() as place:
        place.write(".broodboxignore", "x" * 100000)
        check_refused(place, run(place), ".broodboxignore")


def test_missing_command_in_the_guest():
    with Place() as place:
        result = place.bbox("run-image", "base", "--", "no-such-command")
        check(result.code == 127, f"exit code\n{result}")
        check("no-such-command" in result.errors, f"not named\n{result}")
        support.check_nothing_runs()
        check(not place.leftovers(), f"left: {place.leftovers()}")


def run(place, *flags, **options):
    return place.bbox(
        "run-image", "base", *flags, "--", "true", **options
    )


def path_without(place, prefix):
    """A PATH with all programs but those that start like that."""
    where = os.path.join(place.top, "bin")
    os.mkdir(where)
    for directory in place.env["PATH"].split(":"):
        if not os.path.isdir(directory):
            continue
        for name in os.listdir(directory):
            link = os.path.join(where, name)
            if not name.startswith(prefix) and not os.path.lexists(link):
                os.symlink(os.path.join(directory, name), link)
    check(shutil.which("ls", path=where), "the new PATH is empty")
    return where


if __name__ == "__main__":
    sys.exit(support.run(globals()))
