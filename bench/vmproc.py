# SPDX-License-Identifier: Apache-2.0
"""vmproc - watch the QEMU process of a run: its command line, its peak memory.

Shared by the benchmarks. Reads /proc only.
"""

import os
import subprocess
import time

# Between two looks at /proc: short against a boot, cheap against a core.
POLL_S = 0.01


def parents():
    """{pid: parent pid} of all processes."""
    table = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as f:
                # The command may hold blanks and parentheses.
                fields = f.read().rpartition(b")")[2].split()
            table[int(name)] = int(fields[1])
        except (OSError, IndexError):
            continue  # it ended while we looked
    return table


def command_line(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            words = f.read().split(b"\0")[:-1]
    except OSError:
        return []
    return [w.decode("utf-8", "replace") for w in words]


def find_qemu(ancestor):
    """The pid of a QEMU at or below a process, or None."""
    table = parents()
    for pid in table:
        above = pid
        while above and above != ancestor:
            above = table.get(above)
        if above != ancestor:
            continue
        words = command_line(pid)
        if words and os.path.basename(words[0]).startswith("qemu-system-"):
            return pid
    return None


def peak_rss_kib(pid):
    """VmHWM of a process; 0 once it is gone."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            for line in f:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0


class Run:
    """What one run cost: wall time, peak memory of QEMU, its command line."""

    def __init__(self, wall_s, rss_kib, qemu):
        self.wall_s = wall_s
        self.rss_kib = rss_kib
        self.qemu = qemu


class RunError(Exception):
    """A run that failed or did not end."""


def measure(argv, timeout_s):
    """Run a command that starts a QEMU, and watch it until it ends."""
    start = time.monotonic()
    process = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    pid = None
    rss_kib = 0
    words = []
    while process.poll() is None:
        if time.monotonic() - start > timeout_s:
            # bbox takes its QEMU along when it is killed.
            process.kill()
            process.wait()
            raise RunError(f"'{argv[0]}' still ran after {timeout_s} s")
        if pid is None:
            pid = find_qemu(process.pid)
            words = command_line(pid) if pid else []
        else:
            rss_kib = max(rss_kib, peak_rss_kib(pid))
        time.sleep(POLL_S)
    wall_s = time.monotonic() - start
    errors = process.stderr.read().decode("utf-8", "replace").strip()
    if process.returncode != 0:
        raise RunError(f"'{argv[0]}' exited {process.returncode}: {errors}")
    if not rss_kib:
        raise RunError(f"'{argv[0]}' ran no QEMU that could be measured")
    return Run(wall_s, rss_kib, words)
