#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# lint.sh - every check that needs no virtual machine.
#
# usage: lint.sh [--fix | --format]
#
# Runs all checks even when one fails, and ends with one line
# 'lint: N passed, N failed'. Called by ./task, which installs the programs.
set -u

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root" || exit 1
jobs=$(nproc)
out=$(mktemp -d) || exit 1
trap 'rm -rf "$out"' EXIT
trap 'exit 130' INT TERM
passed=0
failed=0

c_sources() {
	find src tests bench -name '*.[ch]' -not -path '*/corpus/*' | sort
}

shell_scripts() {
	find task .ci tools tests bench images -type f \
		-not -path '*/corpus/*' 2>/dev/null | while read -r file; do
		case $(sed -n 1p "$file" | tr -d '\0') in
		'#!/bin/sh' | '#!/bin/bash' | '#!/usr/bin/env bash') ;;
		*) case $file in *.sh) ;; *) continue ;; esac ;;
		esac
		echo "$file"
	done
}

python_scripts() {
	find tools tests bench -type f -not -path '*/corpus/*' |
		while read -r file; do
			case $file in
			*.pyc) ;;
			*.py) echo "$file" ;;
			*)
				head -n 1 "$file" | grep -aq '^#!.*python3' &&
					echo "$file"
				;;
			esac
		done
}

# check NAME COMMAND... - run one check, show its output only when it fails
check() {
	name=$1
	shift
	start=$(date +%s)
	if "$@" >"$out/log" 2>&1; then
		passed=$((passed + 1))
		verdict=ok
	else
		failed=$((failed + 1))
		verdict=FAILED
	fi
	printf 'lint: %-22s %s (%d s)\n' "$name" "$verdict" \
		$(($(date +%s) - start))
	# Alarms are shown even where they do not fail.
	if [ "$verdict" = FAILED ] || [ "$name" = sizes ]; then
		cat "$out/log"
	fi
}

# setup DIR OPTIONS... - configure a build directory once
setup() {
	[ -f "$1/build.ninja" ] && return
	rm -rf "$1"
	meson setup "$@"
}

# The build for gcc is what check-purity reads: no LTO, no sanitizers.
build_gcc() {
	CC=gcc setup build-gcc --buildtype=release -Dstrict=true || return
	ninja -C build-gcc all meson-test-prereq
}

build_clang() {
	CC=clang setup build-clang --buildtype=debugoptimized -Dstrict=true ||
		return
	ninja -C build-clang all meson-test-prereq
}

check_format() {
	c_sources | xargs -r clang-format --dry-run --Werror
}

# clang-tidy is the slow one: one process for each core, three files at a time
# so that the cores end together.
check_tidy() {
	tidy_sources >"$out/tidy" || return
	xargs -r -n 3 -P "$jobs" clang-tidy -p build-clang --quiet \
		<"$out/tidy" 2>"$out/tidy.err" ||
		{
			grep -v 'warnings\? generated' "$out/tidy.err"
			return 1
		}
}

# Only what the build compiles: the flags come from there. Generated sources
# and the programs that link against libFuzzer only are left out.
tidy_sources() {
	python3 - <<-'END'
		import json
		import os
		with open("build-clang/compile_commands.json") as f:
		    units = json.load(f)
		paths = {os.path.relpath(os.path.join(u["directory"], u["file"]))
		         for u in units}
		ours = sorted(p for p in paths if p.startswith(("src/", "tests/")))
		print("\n".join(ours))
	END
}

# missingIncludeSystem, unmatchedSuppression: it need not see libc.
# unusedFunction is not asked for: unit tests and later layers call them.
# variableScope: declarations stand at the top of their block.
# constParameter, constParameterCallback: the signature of a callback is given.
# unusedStructMember: wire formats and tables are read through sizeof.
# resourceLeak, memleak, unreadVariable: cppcheck does not know the cleanup
#   attribute of our auto_* variables; clang's analyzer does.
# uninitvar, autoVariables: it does not follow pointers to functions nor lists
#   that live on the stack; both compilers and the analyzer do.
# knownConditionTrueFalse: 2.10 misreads `a < b ? a : b`.
# shadowFunction: -Wshadow knows which shadows matter.
# readdirCalled: one thread reads a stream, and readdir_r() is deprecated.
# Unit tests are left out: they exit and raise signals on purpose.
check_cppcheck() {
	find src -name '*.c' -not -name '*_test.c' | sort >"$out/cppcheck"
	cppcheck --quiet --error-exitcode=1 --inline-suppr -j "$jobs" \
		--std=c11 --library=posix --platform=unix64 \
		--enable=warning,style,performance,portability \
		--suppress=missingIncludeSystem \
		--suppress=unmatchedSuppression \
		--suppress=variableScope \
		--suppress=constParameter \
		--suppress=constParameterCallback \
		--suppress=unusedStructMember \
		--suppress=resourceLeak --suppress=memleak \
		--suppress=unreadVariable --suppress=readdirCalled \
		--suppress=uninitvar --suppress=autoVariables \
		--suppress=shadowFunction \
		--suppress=knownConditionTrueFalse \
		-D_GNU_SOURCE -D__linux__ -D__x86_64__ -Isrc \
		--file-list="$out/cppcheck"
}

check_shell() {
	shell_scripts | xargs -r shellcheck -x
}

check_python() {
	PYTHONPYCACHEPREFIX=$out/pycache
	export PYTHONPYCACHEPREFIX
	python_scripts >"$out/python"
	xargs -r python3 -m py_compile <"$out/python" &&
		xargs -r pyflakes3 <"$out/python"
}

# Words that are right here are listed in tools/codespell-words.
check_spelling() {
	codespell --ignore-words tools/codespell-words \
		--skip '*/corpus/*,*.pyc,*/codespell-words' task .ci src tests tools \
		bench docs images ./*.md ./*.build ./*.txt
}

check_man() {
	tools/check-man docs/bbox.1 build-gcc/src/cmd/bbox/bbox
}

self_tests() {
	result=0
	for test in tools/*_test.sh; do
		"$test" || result=1
	done
	return $result
}

case ${1:-} in
--format)
	c_sources | xargs -r clang-format -i
	exit
	;;
--fix)
	c_sources | xargs -r clang-format -i
	codespell -w --ignore-words tools/codespell-words \
		--skip '*/corpus/*,*.pyc,*/codespell-words' \
		src tests tools bench docs ./*.md
	build_clang && tidy_sources |
		xargs -r -n 1 clang-tidy -p build-clang --quiet --fix
	exit
	;;
'') ;;
*)
	echo "usage: lint.sh [--fix | --format]" >&2
	exit 2
	;;
esac

check 'checkers themselves' self_tests
check spdx tools/check-spdx .
check layers tools/check-layers src
check format check_format
check headers tools/check-headers .
check shellcheck check_shell
check python check_python
check spelling check_spelling
check sizes tools/check-sizes src tests bench
check 'build with gcc' build_gcc
check purity tools/check-purity build-gcc/src
check 'manual page' check_man
check 'build with clang' build_clang
check clang-tidy check_tidy
check cppcheck check_cppcheck

echo "lint: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
