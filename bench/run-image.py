#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""run-image - what `bbox run-image base -- true` costs against bare QEMU.

Runs in turn: bbox; a bare QEMU with the same machine, accelerator, processors,
memory size, firmware and kernel file, whose init powers off at once; and the
same with the kernel parameters that bbox tunes. What bbox gives to QEMU is
read from the command line of its process in the warm-up run, so that they
cannot drift apart. Prints the medians and their ratios, and fails when the
ratio to the bare run is above its limit.
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


def with_defaults(tuned):
    """The same machine; the kernel gets a console and nothing to tune it."""
    return tuned[:-1] + ["console=ttyS0 quiet panic=-1"]


def run_rounds(options, directory):
    """One of each in turn: bbox, bare, and bare with bbox's parameters."""
    workspace = os.path.join(directory, "workspace")
    os.mkdir(workspace)
    command = [options.bbox, "run-image", "base", "--workspace", workspace,
               "--", "true"]
    initramfs = os.path.join(directory, "bare.cpio")
    write_initramfs(initramfs, directory)
    warm = vmproc.measure(command, RUN_TIMEOUT_S)
    tuned = bare_command(warm.qemu, initramfs)
    commands = {"bbox": command, "bare": with_defaults(tuned), "tuned": tuned}
    runs = {name: [] for name in commands}
    for name in ("bare", "tuned"):
        vmproc.measure(commands[name], RUN_TIMEOUT_S)
    for number in range(options.pairs):
        for name, argv in commands.items():
            runs[name].append(vmproc.measure(argv, RUN_TIMEOUT_S))
        times = ", ".join(f"{n} {r[-1].wall_s:.3f} s" for n, r in runs.items())
        print(f"round {number + 1:2d}: {times}", file=sys.stderr, flush=True)
    return runs


def summary(runs):
    figures = {"rounds": len(runs["bbox"])}
    for name, of in runs.items():
        figures[f"{name}_wall_s"] = statistics.median(r.wall_s for r in of)
        figures[f"{name}_rss_mib"] = (
            statistics.median(r.rss_kib for r in of) / 1024
        )
    for base, suffix in (("bare", ""), ("tuned", "_tuned")):
        for what, unit in (("wall", "s"), ("rss", "mib")):
            figures[f"{what}_ratio{suffix}"] = (
                figures[f"bbox_{what}_{unit}"] / figures[f"{base}_{what}_{unit}"]
            )
    return {k: round(v, 3) for k, v in figures.items()}


def report(figures):
    print(f"medians of {figures['rounds']} rounds   wall      QEMU's peak")
    for name, text in (
        ("bbox", "bbox run-image base -- true"),
        ("bare", "bare QEMU, kernel's defaults"),
        ("tuned", "bare QEMU, bbox's parameters"),
    ):
        print(f"{text:28s} {figures[name + '_wall_s']:.3f} s   "
              f"{figures[name + '_rss_mib']:.0f} MiB")
    print(f"{'ratio to the defaults':28s} {figures['wall_ratio']:.2f}      "
          f"{figures['rss_ratio']:.2f}")
    print(f"{'ratio to the same parameters':28s} "
          f"{figures['wall_ratio_tuned']:.2f}      "
          f"{figures['rss_ratio_tuned']:.2f}")


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
            figures = summary(run_rounds(options, directory))
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
