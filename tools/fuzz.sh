#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# fuzz.sh - run libFuzzer targets of build-fuzz/ for a while each.
#
# usage: fuzz.sh ROOT [NAME...]
#
# New inputs go to build-fuzz/corpus/; what crashed is left beside them, to be
# committed to tests/fuzz/corpus/ together with the repair.
set -eu

root=$1
shift
seconds=${FUZZ_SECONDS:-60}

ninja -C "$root/build-fuzz" fuzz-programs >&2
found=0
for program in "$root"/build-fuzz/tests/fuzz/fuzz_*; do
	if [ ! -f "$program" ] || [ ! -x "$program" ]; then
		continue
	fi
	name=${program##*/fuzz_}
	if [ $# -gt 0 ]; then
		case " $* " in
		*" $name "*) ;;
		*) continue ;;
		esac
	fi
	found=$((found + 1))
	echo "fuzz: $name for $seconds s" >&2
	fresh=$root/build-fuzz/corpus/$name
	mkdir -p "$fresh"
	"$program" -max_total_time="$seconds" -print_final_stats=1 \
		-artifact_prefix="$fresh/crash-of-$name-" \
		"$fresh" "$root/tests/fuzz/corpus/$name"
done
if [ "$found" -eq 0 ]; then
	echo "fuzz: no such target" >&2
	exit 1
fi
