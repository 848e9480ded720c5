#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""fs - what work on /workspace costs, against other virtio-fs servers.

One VM gets the same git checkout from bbox's server (copy-on-write), from
QEMU's virtiofsd and, with --virtiofsd, from the maintained one (Rust); the
guest's own ext4 stands beside them. bench/fs-guest.sh works on each in turn.
Prints the medians and how many times faster than the best peer bbox is, and
fails below the limits.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
RUN_TIMEOUT_S = 3600
FILES_PER_DIR = 50
# Other descriptors that a peer holds: of directories, and of git's own files.
PEER_DESCRIPTORS = 800
LINE = "int value_%d(int x) { return x * %d; }\n"

# Work on many small files must be this many times faster than the best peer;
# "again" is a second `git status`.
LIMITS = {
    "git-status": 1.5,
    "again": 1.0,
    "grep": 1.0,
    "untar": 1.5,
    "rm-rf": 1.5,
    "write": 1.0,
    "read": 1.0,
}


def write_files(top, count):
    for number in range(count):
        folder = os.path.join(top, f"d{number // FILES_PER_DIR:04d}")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, f"f{number:05d}.c"), "w") as f:
            f.write((LINE % (number, number)) * (1 + number % 100))


def git(tree, *words):
    subprocess.run(
        ["git", "-C", tree, "-c", "user.name=bench",
         "-c", "user.email=bench@localhost", "-c", "gc.auto=0", *words],
        check=True, stdout=subprocess.DEVNULL,
    )


def make_place(directory, options):
    """tree/, a git checkout, and files.tar."""
    place = os.path.join(directory, "place")
    tree = os.path.join(place, "tree")
    write_files(tree, options.files)
    git(tree, "init", "-q")
    git(tree, "add", ".")
    git(tree, "commit", "-q", "-m", "All")
    git(tree, "repack", "-a", "-d", "-q")
    loose = os.path.join(directory, "loose")
    write_files(loose, options.untar)
    subprocess.run(["tar", "-C", loose, "-cf",
                    os.path.join(place, "files.tar"), "."], check=True)
    shutil.rmtree(loose)
    return place


def files_for_peers(options):
    """The peers keep a descriptor open for each file that the guest knows."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    room = hard - options.untar - PEER_DESCRIPTORS
    if hard == resource.RLIM_INFINITY or options.files <= room:
        return options.files
    print(f"bench: {room} files instead of {options.files}: a peer may open "
          f"{hard} only (ulimit -Hn)", file=sys.stderr)
    return room


def servers(options, directory):
    """{name: directory that it serves}"""
    place = make_place(directory, options)
    table = {"bbox": place}
    names = ["qemu"] + ([options.virtiofsd] if options.virtiofsd else [])
    for name in names:
        copy = os.path.join(directory, f"copy-{os.path.basename(name)}")
        subprocess.run(["cp", "-a", place, copy], check=True)
        table[name] = copy
    # Or the disk would be busy with them later.
    os.sync()
    return table


def run(options, directory):
    state = os.path.join(directory, "state")
    os.mkdir(state, 0o700)
    script = os.path.join(directory, "script")
    with open(os.path.join(HERE, "fs-guest.sh"), encoding="ascii") as f:
        text = f.read()
    with open(script, "w", encoding="ascii") as f:
        f.write(f"BENCH_ROUNDS={options.rounds}\n{text}")
    argv = [options.program, options.init,
            os.path.join(ROOT, "images", "base", "recipe.yaml"), state, script]
    argv += [f"{n}={d}" for n, d in servers(options, directory).items()]
    out = subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True,
                         timeout=RUN_TIMEOUT_S).stdout
    times = {}
    for line in out.splitlines():
        work, place, nanoseconds = line.split()
        times.setdefault(work, {}).setdefault(place, []).append(
            int(nanoseconds) / 1e9
        )
    return {w: {p: statistics.median(t) for p, t in of.items()}
            for w, of in times.items()}


def ratio(of):
    peers = [t for name, t in of.items() if name not in ("bbox", "ext4")]
    return min(peers) / of["bbox"]


def report(times):
    places = list(next(iter(times.values())))
    print(f"{'':12s}" + "".join(f"{p:>12s}" for p in places) + "   ratio")
    for work, of in times.items():
        print(f"{work:12s}" + "".join(f"{of[p]:10.3f} s" for p in places)
              + f"{ratio(of):8.2f}")


def within_limits(times):
    good = True
    for work, of in times.items():
        if ratio(of) < LIMITS[work]:
            print(f"bench: {work} is {ratio(of):.2f} times as fast as the "
                  f"best peer, less than {LIMITS[work]}", file=sys.stderr)
            good = False
    return good


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bbox", required=True, help="not used by itself")
    parser.add_argument("--program",
                        default=os.path.join(ROOT, "build", "bench",
                                             "fs-bench"))
    parser.add_argument("--init",
                        default=os.path.join(ROOT, "bin", "bbox-init"))
    parser.add_argument("--virtiofsd", help="the one written in Rust")
    parser.add_argument("--files", type=int, default=20000)
    parser.add_argument("--untar", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(argv)


def main(argv):
    options = parse(argv)
    options.files = files_for_peers(options)
    try:
        with tempfile.TemporaryDirectory(prefix="bbox-bench-",
                                         dir="/var/tmp") as directory:
            times = run(options, directory)
    except (OSError, subprocess.SubprocessError) as e:
        print(f"bench: {e}", file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps(times, indent=2))
    else:
        report(times)
    return 0 if within_limits(times) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
