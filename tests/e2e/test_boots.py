#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_boots - boots in a row while every core is busy.

A boot that depends on timing hangs under load, and then seldom.
BBOX_E2E_BOOTS is how many there are (default 3).
"""

import os
import signal
import subprocess
import sys
import time

import support
from support import Place, check

BOOTS = int(os.environ.get("BBOX_E2E_BOOTS", "3"))
# Ends by itself when its parent is gone, however that came about.
SPIN = (
    "import os\nparent = os.getppid()\nwhile os.getppid() == parent:\n"
    "    for _ in range(1000000):\n        pass\n"
)


def test_boots_under_load():
    spinners = [
        subprocess.Popen(
            [sys.executable, "-c", SPIN], stdin=subprocess.DEVNULL
        )
        for _ in range(os.cpu_count() or 1)
    ]
    try:
        for i in range(BOOTS):
            with Place() as place:
                result = place.bbox(
                    "run-image", "base", "--", "echo", f"boot {i}"
                )
                result.expect(0, f"boot {i}\n")
    finally:
        for spinner in spinners:
            spinner.kill()
            spinner.wait(10)


def stop_first_qemu(process):
    """Freeze the QEMU of a session as soon as there is one."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        for pid, line in support.session_processes():
            if "qemu-system" in line.split()[0]:
                os.kill(pid, signal.SIGSTOP)
                return pid
        time.sleep(0.01)
    raise support.Failure("no QEMU was started")


def test_stalled_guest_is_started_again():
    with Place() as place:
        process = place.start("run-image", "base", "--", "echo", "here")
        frozen = stop_first_qemu(process)
        out, errors = process.communicate(timeout=support.TIMEOUT_S)
        check(process.returncode == 0, f"exit code\n{errors}")
        check(out == b"here\n", f"stdout {out!r}")
        check(b"stalled" in errors, f"no warning\n{errors}")
        check(not os.path.exists(f"/proc/{frozen}"), "the first QEMU lives")
        support.check_nothing_runs()


def test_two_sessions_at_once():
    with Place() as one, Place() as two:
        processes = [
            place.start(
                "run-image", "base", "--", "sh", "-c", "sleep 2; echo x >f"
            )
            for place in (one, two)
        ]
        for process in processes:
            try:
                _, errors = process.communicate(timeout=support.TIMEOUT_S)
            except subprocess.TimeoutExpired:
                for p in processes:
                    support.end(p)
                raise support.Failure("two sessions: hung") from None
            check(
                process.returncode == 0,
                f"exit code {process.returncode}\n{support.decode(errors)}",
            )
        for place in (one, two):
            check(place.read("f") == "x\n", "f is lost")


if __name__ == "__main__":
    sys.exit(support.run(globals()))
