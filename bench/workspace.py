#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""workspace - does a session cost more in a large workspace?

Runs `bbox run-image base` in turn in an empty workspace and in one of many
files, doing nothing and changing a few, and copies the large one with `cp -a`.
What the large one adds to a start, and what the changes add to the session
there (snapshot, diff, writing back), must stay below the limits.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

FILES_PER_DIR = 100
RUN_TIMEOUT_S = 180
MAX_START_S = 0.050
MIN_COPY_RATIO = 100


def write_tree(top, count):
    for number in range(count):
        folder = os.path.join(top, f"d{number // FILES_PER_DIR:04d}")
        if number % FILES_PER_DIR == 0:
            os.makedirs(folder)
        with open(os.path.join(folder, f"f{number:06d}"), "w") as f:
            f.write(f"file {number}\n" * 20)


def timed(argv):
    start = time.monotonic()
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   timeout=RUN_TIMEOUT_S)
    return time.monotonic() - start


def change(names):
    """Adds a line to each file, which it makes if it is not there."""
    return "for f in " + " ".join(names) + "; do echo changed >>$f; done"


def measure(options, directory):
    empty = os.path.join(directory, "empty")
    large = os.path.join(directory, "large")
    os.mkdir(empty)
    write_tree(large, options.files)
    os.sync()
    step = max(1, options.files // options.changed)
    old = [f"d{n // FILES_PER_DIR:04d}/f{n:06d}"
           for n in range(0, options.files, step)]
    work = {
        "empty": (empty, "true"),
        "large": (large, "true"),
        "empty, changed": (
            empty, change(f"new{n}" for n in range(options.changed))),
        "large, changed": (large, change(old)),
    }
    times = {name: [] for name in work}
    times["cp -a"] = [timed(["cp", "-a", large,
                             os.path.join(directory, "copy")])]
    os.sync()
    for number in range(options.pairs + 1):
        for name, (workspace, script) in work.items():
            took = timed([options.bbox, "run-image", "base", "--workspace",
                          workspace, "--", "sh", "-c", script])
            if number:  # the first one warms up
                times[name].append(took)
    return {name: statistics.median(of) for name, of in times.items()}


def figures_of(times):
    cost = max(times["large, changed"] - times["large"], 0.001)
    return {
        **{f"{n.replace(', ', '_').replace(' -', '_')}_s": round(t, 3)
           for n, t in times.items()},
        "start_s": round(times["large"] - times["empty"], 3),
        "changes_s": round(cost, 3),
        "copy_ratio": round(times["cp -a"] / cost, 1),
    }


def report(times, figures):
    for name, took in times.items():
        print(f"{name:16s} {took:8.3f} s")
    print(f"start: {figures['start_s']:+.3f} s for the large one")
    print(f"snapshot, diff and writing back: {figures['changes_s']:.3f} s, "
          f"cp -a takes {figures['copy_ratio']} times as long")


def within_limits(figures):
    good = True
    if figures["start_s"] > MAX_START_S:
        print(f"bench: the large workspace adds {figures['start_s']} s to a "
              f"start, more than {MAX_START_S}", file=sys.stderr)
        good = False
    if figures["copy_ratio"] < MIN_COPY_RATIO:
        print(f"bench: cp -a takes {figures['copy_ratio']} times as long, less "
              f"than {MIN_COPY_RATIO}", file=sys.stderr)
        good = False
    return good


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bbox", required=True, help="the program to measure")
    parser.add_argument("--files", type=int, default=200000)
    parser.add_argument("--changed", type=int, default=10)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(argv)


def main(argv):
    options = parse(argv)
    try:
        with tempfile.TemporaryDirectory(prefix="bbox-bench-",
                                         dir="/var/tmp") as directory:
            times = measure(options, directory)
    except (OSError, subprocess.SubprocessError) as e:
        print(f"bench: {e}", file=sys.stderr)
        return 1
    figures = figures_of(times)
    if options.json:
        print(json.dumps(figures, indent=2))
    else:
        report(times, figures)
    return 0 if within_limits(figures) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
