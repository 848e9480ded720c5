#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""boots - boot many times in a row while every core is busy.

A boot that depends on timing hangs under load, and then seldom. Runs
`bbox run-image base -- true` again and again next to one spinning process a
core, and counts what failed and what hung.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import time

# How long a run that was told to stop may take to end.
STOP_TIMEOUT_S = 20
# Ends by itself when its parent is gone, however that came about.
SPIN = "import os\nparent = os.getppid()\nwhile os.getppid() == parent:\n" \
       "    for _ in range(1000000):\n        pass\n"


def start_spinners(count):
    return [
        subprocess.Popen([sys.executable, "-c", SPIN],
                         stdin=subprocess.DEVNULL)
        for _ in range(count)
    ]


def stop_run(process):
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def boot(bbox, timeout_s):
    """(outcome, seconds, what it said); outcome is ok, failed or hung."""
    start = time.monotonic()
    process = subprocess.Popen(
        [bbox, "run-image", "base", "--", "true"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        errors = process.communicate(timeout=timeout_s)[1]
        outcome = "ok" if process.returncode == 0 else "failed"
    except subprocess.TimeoutExpired:
        stop_run(process)
        errors = process.stderr.read()
        outcome = "hung"
    return outcome, time.monotonic() - start, errors.decode("utf-8", "replace")


def run_all(options):
    counts = {"ok": 0, "failed": 0, "hung": 0}
    times = []
    for number in range(1, options.boots + 1):
        outcome, seconds, errors = boot(options.bbox, options.timeout)
        counts[outcome] += 1
        times.append(seconds)
        if outcome != "ok":
            print(f"boot {number} {outcome} after {seconds:.1f} s:\n{errors}",
                  file=sys.stderr, flush=True)
        if number % 10 == 0:
            print(f"{number} boots: {counts['ok']} ok, max {max(times):.1f} s",
                  file=sys.stderr, flush=True)
    return {
        "boots": options.boots,
        "busy": options.busy,
        **counts,
        "median_s": round(statistics.median(times), 2),
        "max_s": round(max(times), 2),
    }


def report(figures, options):
    text = (
        f"{figures['boots']} boots with {figures['busy']} busy processes: "
        f"{figures['failed']} failed, {figures['hung']} hung, "
        f"median {figures['median_s']} s, max {figures['max_s']} s"
    )
    if options.json:
        print(json.dumps(figures, indent=2))
    elif options.tap:
        good = figures["ok"] == figures["boots"]
        print(f"{'ok' if good else 'not ok'} 1 - {text}")
    else:
        print(text)


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bbox", required=True, help="the program to test")
    parser.add_argument("--boots", type=int, default=200)
    parser.add_argument("--busy", type=int, default=os.cpu_count(),
                        help="spinning processes (default: one a core)")
    parser.add_argument("--timeout", type=float, default=120,
                        help="seconds after which a boot counts as hung")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--tap", action="store_true",
                        help="report as one test")
    options = parser.parse_args(argv)
    if options.boots < 1:
        parser.error("--boots needs at least 1")
    return options


def main(argv):
    options = parse(argv)
    spinners = start_spinners(options.busy)
    try:
        figures = run_all(options)
    finally:
        for spinner in spinners:
            spinner.kill()
            spinner.wait()
    report(figures, options)
    return 0 if figures["ok"] == figures["boots"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
