#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# fs-guest.sh - the work that bench/fs.py times, on each place in turn.
#
# Runs in the guest. Prints "WORK PLACE NANOSECONDS" lines. Each place has the
# tree in tree/, and files.tar; guest's own ext4 gets a copy of them. The first
# `git status` of a place is another work than those after it, which find what
# the guest's kernel remembers.
set -eu

rounds=${BENCH_ROUNDS:-3}
places=$(ls /mnt)
own=$HOME/ext4

# timed WORK PLACE COMMAND...
timed() {
	work=$1 place=$2
	shift 2
	start=$(date +%s%N)
	"$@" >/dev/null
	echo "$work $place $(($(date +%s%N) - start))"
}

# Written and out of the guest's cache, so that a read asks the server.
forget() {
	dd if=/dev/null of="$1" oflag=nocache conv=notrunc,fdatasync count=0 \
		2>/dev/null
}

where() {
	[ "$1" = ext4 ] && echo "$own" || echo "/mnt/$1"
}

mkdir "$own"
first=${places%%[!a-z]*}
cp "/mnt/$first/files.tar" "$HOME/files.tar"
tar -C "/mnt/$first" -cf - tree | tar -C "$own" -xf -
git config --global --add safe.directory '*'
# Or the first place would pay for the guest's memory.
dd if=/dev/zero of="$HOME/warm" bs=1M count=512 status=none
rm "$HOME/warm"
status=git-status

round=0
while [ "$round" -lt "$rounds" ]; do
	round=$((round + 1))
	for place in $places ext4; do
		dir=$(where "$place")
		timed "$status" "$place" git -C "$dir/tree" status --porcelain
		timed grep "$place" grep -rq 'no such text' "$dir/tree" || :
		mkdir "$dir/new"
		timed untar "$place" tar -C "$dir/new" -xf "$HOME/files.tar"
		timed rm-rf "$place" rm -rf "$dir/new"
		timed write "$place" dd if=/dev/zero of="$dir/big" bs=1M \
			count=256 conv=fsync status=none
		forget "$dir/big"
		timed read "$place" dd if="$dir/big" of=/dev/null bs=1M \
			status=none
		rm "$dir/big"
	done
	status=again
done
