#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_filesystem - /workspace is a Linux file system like any other.

One VM runs two static programs from tests/fs on the workspace: the table-driven
fs-suite, and fs-ops, which compares random operations on /workspace with the
same ones on the guest's own ext4. They are looked for beside the program under
test ($BBOX), as test-fs-suite and test-fs-ops.

Under emulation a request costs a hundred times what it costs on a CPU, so that
the slow tests make fewer files, and the random operations end sooner, unless
BBOX_E2E_FS_FULL is 1.

Variables:
  BBOX_E2E_FS_FULL     1: everything in full size
  BBOX_E2E_FS_AREAS    areas of fs-suite (default: all)
  BBOX_E2E_FS_SEEDS    seeds of fs-ops (default "1", in full size "1 2")
  BBOX_E2E_FS_OPS      operations for each seed (default 100000)
  BBOX_E2E_FS_SECONDS  at most so long for each seed (default 15, in full 45)
"""

import functools
import os
import shutil
import subprocess
import sys

import support
from support import BBOX, Failure, Place, check

FULL = os.environ.get("BBOX_E2E_FS_FULL") == "1"
SCALE = "100" if FULL else "10"  # percent; see FS_SUITE_SCALE of fs-suite
AREAS = os.environ.get("BBOX_E2E_FS_AREAS", "")
SEEDS = os.environ.get("BBOX_E2E_FS_SEEDS", "1 2" if FULL else "1").split()
OPS = os.environ.get("BBOX_E2E_FS_OPS", "100000")
SECONDS = os.environ.get("BBOX_E2E_FS_SECONDS", "45" if FULL else "15")
PROGRAMS = ("test-fs-suite", "test-fs-ops")

# Boot and emulation: far more than it should take.
TIMEOUT_S = 600 + 2 * (len(SEEDS) + 1) * int(SECONDS)

CASES_MIN = 3000
OPERATIONS_MIN = 1000

# Everything is in one session, part by part; each ends with its exit status.
# $1: seeds, $2: operations, $3: seconds, $4: areas, $5: scale. The part
# 'existing' works on files of the user's, which the host made: changing them is
# what copy-on-write is about. /tmp could be a tmpfs, which lacks a lot.
SCRIPT = """
part() {
	echo "== $1"
	shift
	"$@" 2>&1
	echo "== status $?"
}
export FS_SUITE_SCALE="$5"
part suite ./test-fs-suite . $4
for seed in $1; do
	mkdir new "/var/tmp/new-$seed"
	part "new $seed" ./test-fs-ops --seed "$seed" --ops "$2" \\
		--seconds "$3" new "/var/tmp/new-$seed"
	rm -rf new
done
cp -a existing /var/tmp/existing
part existing ./test-fs-ops --seed 77 --ops "$2" --seconds "$3" \\
	existing /var/tmp/existing
rm -rf existing
echo "== left"
ls -A
"""


def program(name):
    path = os.path.join(os.path.dirname(BBOX), name)
    check(os.access(path, os.X_OK), f"'{path}' is missing: build it first")
    return path


def make_existing(place):
    """Files of every kind in the workspace, before the session starts."""
    reference = os.path.join(place.top, "reference")
    os.mkdir(reference)
    os.mkdir(place.path("existing"))
    subprocess.run(
        [
            program("test-fs-ops"),
            *("--seed", "76", "--ops", "2000", "--keep"),
            place.path("existing"),
            reference,
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=60,
    )
    # The guest has to copy them for the reference.
    subprocess.run(["chmod", "-R", "u+rwX", place.path("existing")], check=True)


@functools.lru_cache(maxsize=None)
def session():
    """(the parts of the one session by name, its Result)"""
    with Place() as place:
        for name in PROGRAMS:
            shutil.copy(program(name), place.path(name))
        make_existing(place)
        result = place.bbox(
            *("run-image", "base", "--cpus", "2", "--"),
            *("sh", "-c", SCRIPT, "sh", " ".join(SEEDS), OPS, SECONDS),
            *(AREAS, SCALE),
            timeout=TIMEOUT_S,
        )
        result.discard_kept()
    parts = {}
    for text in ("\n" + result.out).split("\n== ")[1:]:
        name, _, body = text.partition("\n")
        if name.startswith("status "):
            last = list(parts)[-1]
            parts[last] = (int(name.split()[1]), parts[last][1])
        else:
            parts[name] = (None, body)
    return parts, result


def part(name):
    parts, result = session()
    if name not in parts:
        raise Failure(f"no part '{name}'\n{result}")
    return parts[name]


def check_operations(name):
    code, output = part(name)
    last = output.strip().splitlines()[-1:] or [""]
    check(
        code == 0 and last[0].endswith(": same"),
        f"exit code {code}\n{output[-6000:]}",
    )
    done = int(last[0].split(": ")[2].split()[0])
    check(done >= OPERATIONS_MIN, f"only {done} operations")


def test_every_case_passes_on_the_workspace():
    code, output = part("suite")
    lines = output.strip().splitlines()
    failed = [
        "\n".join(lines[i : i + 2])
        for i, line in enumerate(lines)
        if line.startswith(("not ok", "Bail out!"))
    ]
    check(not failed, f"{len(failed)} failed:\n" + "\n".join(failed[:40]))
    check(code == 0, f"exit code {code}: {lines[-1:]}")
    passed, _, failed = lines[-1].split()[:3]
    check(AREAS or int(passed) >= CASES_MIN, f"only {passed} cases")


def test_random_operations_do_the_same_as_on_ext4():
    for seed in SEEDS:
        check_operations(f"new {seed}")


def test_random_operations_on_the_users_own_files():
    check_operations("existing")


def test_nothing_is_left_in_the_workspace():
    _, output = part("left")
    left = [name for name in output.split() if name not in PROGRAMS]
    check(not left, f"left: {left}")


if __name__ == "__main__":
    sys.exit(support.run(globals()))
