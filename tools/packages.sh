# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
#
# packages.sh - which Debian packages a target needs, and their installation.
#
# Sourced by ./task. Plain POSIX sh: on a fresh machine there is nothing else.

# The static libraries of bbox-init (libssh.a, libcrypto.a, libz.a,
# libseccomp.a, libc.a) come with the development packages.
packages_build='gcc libc6-dev binutils meson ninja-build pkg-config python3
libarchive-dev libcmocka-dev libfyaml-dev libgit2-dev libjansson-dev
libseccomp-dev libsquashfs-dev libssh-dev libssl-dev zlib1g-dev'

# uidmap lets mmdebstrap run unprivileged.
packages_run='ca-certificates debian-archive-keyring
e2fsprogs mmdebstrap mount uidmap'

packages_test='python3 git openssh-client procps tmux'

packages_lint='clang clang-format clang-tidy codespell cppcheck git pyflakes3
shellcheck'

packages_coverage='gcovr'

# clang only recommends its sanitizer and libFuzzer runtime.
packages_fuzz='clang libclang-rt-14-dev'

# packages_of GROUP - the packages of a group, on one line
packages_of() {
	case $1 in
	build) list=$packages_build ;;
	run)
		case $(uname -m) in
		aarch64) list="$packages_run qemu-system-arm" ;;
		*) list="$packages_run qemu-system-x86" ;;
		esac
		# npm of another origin does as well, and Debian's brings
		# hundreds of packages.
		command -v npm >/dev/null 2>&1 || list="$list npm"
		;;
	test) list=$packages_test ;;
	lint) list=$packages_lint ;;
	coverage) list=$packages_coverage ;;
	fuzz) list=$packages_fuzz ;;
	*)
		echo "task: no package group '$1'" >&2
		return 1
		;;
	esac
	# Unquoted on purpose: one line, single blanks.
	# shellcheck disable=SC2086
	echo $list
}

# packages_missing PACKAGE... - those of them that are not installed
packages_missing() {
	# dpkg-query fails for names it has never heard of and still reports
	# the others, so its status says nothing.
	installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" \
		2>/dev/null | sed -n 's/ installed$//p' || :)
	for package in "$@"; do
		case "
$installed
" in
		*"
$package
"*) ;;
		*) printf '%s ' "$package" ;;
		esac
	done
}

is_debian() {
	command -v dpkg-query >/dev/null 2>&1 &&
		command -v apt-get >/dev/null 2>&1
}

# confirm_install PACKAGES - ask, but only a human who can answer
confirm_install() {
	if [ ! -t 0 ] || [ -n "${CI:-}" ]; then
		return 0
	fi
	printf 'task: install these Debian packages?\n  %s\n[Y/n] ' "$1" >&2
	read -r answer || answer=n
	case $answer in
	'' | [Yy]*) return 0 ;;
	esac
	return 1
}

apt() {
	# shellcheck disable=SC2086 # $sudo is empty or one word
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get -q \
		-o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" \
		</dev/null >&2
}

# apt_install PACKAGE... - stale or absent lists are refreshed once
apt_install() {
	set -- install -y --no-install-recommends "$@"
	for index in /var/lib/apt/lists/*_Packages*; do
		if [ -e "$index" ] && apt "$@"; then
			return 0
		fi
		break
	done
	apt update && apt "$@"
}

# packages_need GROUP... - install what is missing; silent when nothing is
packages_need() {
	[ -z "${BBOX_SKIP_PACKAGES:-}" ] || return 0
	wanted=
	for group in "$@"; do
		wanted="$wanted $(packages_of "$group")" || return 1
	done
	if ! is_debian; then
		echo "task: this is not Debian; install the counterparts of" \
			"these packages, then set BBOX_SKIP_PACKAGES=1:" >&2
		echo " $wanted" >&2
		return 1
	fi
	# shellcheck disable=SC2086 # a list of words
	missing=$(packages_missing $wanted)
	missing=${missing% }
	[ -n "$missing" ] || return 0

	sudo=
	if [ "$(id -u)" -ne 0 ]; then
		sudo=sudo
		if ! command -v sudo >/dev/null 2>&1; then
			echo "task: neither root nor sudo; as root, run:" >&2
			echo "  apt-get install --no-install-recommends" \
				"$missing" >&2
			return 1
		fi
	fi
	if ! confirm_install "$missing"; then
		echo "task: not installed, cannot go on: $missing" >&2
		return 1
	fi
	echo "task: installing $missing" >&2
	# shellcheck disable=SC2086 # a list of words
	if ! apt_install $missing; then
		echo "task: apt-get could not install: $missing" >&2
		return 1
	fi
}
