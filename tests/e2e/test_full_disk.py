#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_full_disk - a full disk is named, and costs nobody anything.

Each test runs bbox in a user and mount namespace of its own, where one of the
directories it writes to is a file system of a few KiB.
"""

import os
import subprocess
import sys

import support
from support import BBOX, Place, Result, Skip, check

BIG = "b" * 400000

# $1: directory; $2: size; $3: file to put there first ("" for none).
# What is in the directory afterwards is listed behind a line "--".
SCRIPT = """
mount -t tmpfs -o "size=$2,mode=0700" tmpfs "$1" || exit 125
[ -z "$3" ] || echo mine >"$1/$3" || exit 125
cd "$W" || exit 125
shift 3
"$@"
code=$?
echo --
ls -A "$D"
cat "$D/kept" 2>/dev/null
exit $code
"""


def run(place, directory, size, command, seed="", options=()):
    os.makedirs(directory, exist_ok=True)
    argv = [
        "unshare", "--user", "--map-root-user", "--mount", "sh", "-c", SCRIPT,
        "sh", directory, size, seed,
        BBOX, "run-image", "base", *options, "--", "sh", "-c", command,
    ]
    done = subprocess.run(
        argv,
        env=dict(place.env, W=place.workspace, D=directory),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=support.TIMEOUT_S,
        check=False,
    )
    if done.returncode == 125 or "unshare" in done.stderr:
        raise Skip(f"no user namespaces: {done.stderr.strip()}")
    return Result(done.returncode, done.stdout, done.stderr, argv)


def check_one_line(result, *parts):
    lines = [x for x in result.errors.splitlines() if x.startswith("Error: ")]
    check(len(lines) == 1, f"not one line 'Error: ...'\n{result}")
    for part in parts:
        check(part in lines[0], f"does not name '{part}'\n{result}")
    check(result.code == 1, f"exit code\n{result}")
    support.check_nothing_runs()


def test_full_disk_under_the_snapshot():
    with Place() as place:
        place.write("big", BIG)
        snapshots = os.path.join(place.cache, "broodbox", "snapshots")
        result = run(place, snapshots, "64k", "true",
                     options=("--workspace-snapshot", "copy"))
        check_one_line(result, "creating workspace snapshot", "space")
        check(result.out == "--\n", f"something is left\n{result}")
        check(place.read("big") == BIG, "the workspace was changed")


def test_full_disk_under_the_changes():
    with Place() as place:
        place.write("big", BIG)
        snapshots = os.path.join(place.cache, "broodbox", "snapshots")
        result = run(
            place, snapshots, "64k",
            "echo a >first; echo more >>big || exit 6; exit 5",
        )
        # Copying "big" failed, in the guest; nothing else did.
        check(result.code == 6, f"exit code\n{result}")
        check(place.read("first") == "a\n", "what fitted is lost")
        check(place.read("big") == BIG, "the workspace was changed")
        result = run(
            place, snapshots, "64k",
            "echo a >third; head -c 400000 /dev/zero >second || exit 7",
        )
        check(result.code == 7, f"exit code\n{result}")
        check("No space left on device" in result.errors,
              f"the guest was not told\n{result}")
        # No room to look at the changes either: all is kept, and said.
        check("Error: computing diff" in result.errors and
              result.KEPT in result.errors,
              f"not kept\n{result}")
        support.check_nothing_runs()


def test_full_disk_under_the_session_directory():
    with Place() as place:
        vms = os.path.join(place.config, "broodbox", "vms")
        result = run(place, vms, "64k", "true")
        check_one_line(result, vms, "space")


def test_full_disk_under_the_workspace():
    with Place() as place:
        result = run(
            place,
            place.workspace,
            "64k",
            "head -c 400000 /dev/zero >big; echo yours >kept; echo s >small",
            seed="kept",
        )
        check_one_line(result, "flushing changes", "big", "space")
        listed = result.out.partition("--\n")[2].splitlines()
        # The rest is written, and nothing half of the one that did not fit.
        check(listed == ["kept", "small", "yours"], f"{listed}\n{result}")
        check(result.discard_kept(), f"the unwritten change is lost\n{result}")


if __name__ == "__main__":
    sys.exit(support.run(globals()))
