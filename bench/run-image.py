#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""run-image - what `bbox run-image base -- true` costs against bare QEMU.

Runs pairs in turn: bbox, then a bare QEMU with the same machine, accelerator,
processors, memory size, firmware and kernel file, whose init powers off at
once. What bbox gives to QEMU is read from the command line of its process in
the warm-up run, so that the two cannot drift apart. Prints the medians and
their ratios, and fails when a ratio is above its limit.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

import vmproc

HERE = os.path.dirname(os.path.abspath(__file__))
RUN_TIMEOUT_S = 180

# Options of QEMU, with their value, that say what machine it is.
MACHINE_OPTIONS = ("-machine", "-M", "-accel", "-cpu", "-smp", "-m", "-bios",
                   "-kernel", "-global")
# Parameters of the kernel that name files of bbox's own initramfs.
FOREIGN_PARAMETERS = ("init=", "rdinit=", "bbox.")

# The "new ASCII" format of cpio.
CPIO_MAGIC = "070701"
S_IFREG = 0o100000
S_IFCHR = 0o020000
S_IFDIR = 0o040000


def cpio_entry(name, mode, data=b"", device=(0, 0)):
    path = name.encode() + b"\0"
    numbers = (0, mode, 0, 0, 1, 0, len(data), 0, 0, device[0], device[1],
               len(path), 0)
    head = CPIO_MAGIC + "".join(f"{n:08x}" for n in numbers)
    out = head.encode() + path
    out += b"\0" * (-len(out) % 4)
    return out + data + b"\0" * (-len(data) % 4)


def write_initramfs(path, directory):
    """An initramfs that holds nothing but poweroff_init.c."""
    init = os.path.join(directory, "init")
    subprocess.run(
        ["gcc", "-O2", "-static", "-s", "-o", init,
         os.path.join(HERE, "poweroff_init.c")],
        check=True,
    )
    with open(init, "rb") as f:
        program = f.read()
    with open(path, "wb") as f:
        f.write(cpio_entry("dev", S_IFDIR | 0o755))
        f.write(cpio_entry("dev/console", S_IFCHR | 0o600, device=(5, 1)))
        f.write(cpio_entry("init", S_IFREG | 0o755, program))
        f.write(cpio_entry("TRAILER!!!", 0))


def plain_machine(value):
    """-machine without the shared memory that only virtio-fs asks for."""
    return ",".join(
        part for part in value.split(",")
        if not part.startswith("memory-backend=")
    )


def bare_command(qemu, initramfs):
    """The bare run with the machine of a QEMU command line."""
    argv = [qemu[0], "-nodefaults", "-no-user-config", "-display", "none",
            "-serial", "null", "-no-reboot", "-initrd", initramfs]
    append = "quiet panic=-1"
    i = 1
    while i < len(qemu):
        option, value = qemu[i], qemu[i + 1] if i + 1 < len(qemu) else ""
        if option in ("-machine", "-M"):
            argv += [option, plain_machine(value)]
        elif option in MACHINE_OPTIONS:
            argv += [option, value]
        elif option == "-append":
            append = " ".join(
                word for word in value.split()
                if not word.startswith(FOREIGN_PARAMETERS)
            )
        i += 1 if option not in MACHINE_OPTIONS + ("-append",) else 2
    if "-kernel" not in argv:
        raise vmproc.RunError("bbox gave QEMU no -kernel")
    return argv + ["-append", append]


def run_pairs(options, directory):
    command = [options.bbox, "run-image", "base", "--", "true"]
    initramfs = os.path.join(directory, "bare.cpio")
    write_initramfs(initramfs, directory)
    warm = vmproc.measure(command, RUN_TIMEOUT_S)
    bare = bare_command(warm.qemu, initramfs)
    vmproc.measure(bare, RUN_TIMEOUT_S)
    ours, theirs = [], []
    for pair in range(options.pairs):
        ours.append(vmproc.measure(command, RUN_TIMEOUT_S))
        theirs.append(vmproc.measure(bare, RUN_TIMEOUT_S))
        print(
            f"pair {pair + 1:2d}: bbox {ours[-1].wall_s:.3f} s, "
            f"bare {theirs[-1].wall_s:.3f} s",
            file=sys.stderr, flush=True,
        )
    return ours, theirs


def summary(ours, theirs):
    def median(runs, what):
        return statistics.median(getattr(r, what) for r in runs)

    figures = {
        "pairs": len(ours),
        "bbox_wall_s": median(ours, "wall_s"),
        "bare_wall_s": median(theirs, "wall_s"),
        "bbox_qemu_rss_mib": median(ours, "rss_kib") / 1024,
        "bare_qemu_rss_mib": median(theirs, "rss_kib") / 1024,
    }
    figures["wall_ratio"] = figures["bbox_wall_s"] / figures["bare_wall_s"]
    figures["rss_ratio"] = (
        figures["bbox_qemu_rss_mib"] / figures["bare_qemu_rss_mib"]
    )
    return {k: round(v, 3) for k, v in figures.items()}


def report(figures):
    print(f"pairs            {figures['pairs']}")
    print(f"wall, bbox       {figures['bbox_wall_s']:.3f} s (median)")
    print(f"wall, bare QEMU  {figures['bare_wall_s']:.3f} s (median)")
    print(f"wall ratio       {figures['wall_ratio']:.2f}")
    print(f"QEMU peak, bbox  {figures['bbox_qemu_rss_mib']:.0f} MiB (median)")
    print(f"QEMU peak, bare  {figures['bare_qemu_rss_mib']:.0f} MiB (median)")
    print(f"memory ratio     {figures['rss_ratio']:.2f}")


def within_limits(figures, options):
    good = True
    for name, limit in (("wall_ratio", options.max_wall_ratio),
                        ("rss_ratio", options.max_rss_ratio)):
        if figures[name] > limit:
            print(f"bench: {name} {figures[name]} is above {limit}",
                  file=sys.stderr)
            good = False
    return good


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bbox", required=True, help="the program to measure")
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--max-wall-ratio", type=float, default=1.3)
    parser.add_argument("--max-rss-ratio", type=float, default=1.1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    if options.pairs < 1:
        parser.error("--pairs needs at least 1")
    return options


def main(argv):
    options = parse(argv)
    try:
        with tempfile.TemporaryDirectory(prefix="bbox-bench-") as directory:
            figures = summary(*run_pairs(options, directory))
    except (vmproc.RunError, OSError, subprocess.CalledProcessError) as e:
        print(f"bench: {e}", file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps(figures, indent=2))
    else:
        report(figures)
    return 0 if within_limits(figures, options) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
