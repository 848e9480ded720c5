#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# checkers_test.sh - each checker of tools/ passes a good tree and catches each
# violation that it is there for.
set -u

tools=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
failed=0
c_tag='// SPDX-License-Identifier: Apache-2.0'
h_tag='/* SPDX-License-Identifier: Apache-2.0 */'

# passes NAME COMMAND...
passes() {
	name=$1
	shift
	if ! "$@" >"$tmp/log" 2>&1; then
		echo "not ok: $name"
		sed 's/^/    /' "$tmp/log"
		failed=1
	fi
}

# catches NAME TEXT COMMAND... - it fails, and its message contains TEXT
catches() {
	name=$1 text=$2
	shift 2
	if "$@" >"$tmp/log" 2>&1; then
		echo "not ok: $name: not caught"
		failed=1
	elif ! grep -qF -- "$text" "$tmp/log"; then
		echo "not ok: $name: no '$text' in"
		sed 's/^/    /' "$tmp/log"
		failed=1
	fi
}

# tree - a fresh good tree in $tmp/t
tree() {
	rm -rf "$tmp/t"
	mkdir -p "$tmp/t/tests/support"
	for dir in base domain/vm sandbox infra/sys infra/vm infra/net guest \
		runtime cmd/bbox; do
		mkdir -p "$tmp/t/src/$dir"
	done
	for header in base/a domain/vm/b sandbox/c infra/sys/d infra/vm/e \
		infra/net/f guest/g runtime/h cmd/bbox/i; do
		printf '%s\nint one(void);\n' "$h_tag" >"$tmp/t/src/$header.h"
	done
	: >"$tmp/t/src/base/banned.h"
	printf '%s\n' "$h_tag" >"$tmp/t/src/base/banned.h"
	put infra/vm/e.c '#include "infra/vm/e.h"' '#include <unistd.h>' \
		'#include "base/a.h"' '#include "domain/vm/b.h"' \
		'#include "infra/sys/d.h"'
	put runtime/h.c '#include "infra/vm/e.h"' '#include "sandbox/c.h"' \
		'#include "infra/sys/d.h"'
	put domain/vm/b.c '#include <string.h>' '#include "base/a.h"'
	put domain/vm/b_test.c '#include <unistd.h>' \
		'#include "support/check.h"'
}

# put FILE LINE... - write a source below src/
put() {
	file=$tmp/t/src/$1
	shift
	printf '%s\n' "$c_tag" "$@" >"$file"
}

# layer NAME FILE LINE TEXT - one bad include
layer() {
	tree
	put "$2" "$3"
	catches "layers: $1" "$4" "$tools/check-layers" "$tmp/t/src"
}

tree
passes 'layers: a good tree' "$tools/check-layers" "$tmp/t/src"
layer 'base uses domain' base/x.c '#include "domain/vm/b.h"' \
	"'base' may not use 'domain'"
layer 'domain uses infra/sys' domain/vm/x.c '#include "infra/sys/d.h"' \
	"'domain' may not use 'infra/sys'"
layer 'sandbox uses an adapter' sandbox/x.c '#include "infra/vm/e.h"' \
	"'sandbox' may not use 'infra/vm'"
layer 'an adapter uses another' infra/vm/x.c '#include "infra/net/f.h"' \
	"'infra/vm' may not use 'infra/net'"
layer 'sys uses an adapter' infra/sys/x.c '#include "infra/vm/e.h"' \
	"'infra/sys' may not use 'infra/vm'"
layer 'sys uses domain' infra/sys/x.c '#include "domain/vm/b.h"' \
	"'infra/sys' may not use 'domain'"
layer 'an adapter uses sandbox' infra/vm/x.c '#include "sandbox/c.h"' \
	"'infra/vm' may not use 'sandbox'"
layer 'guest uses an adapter' guest/x.c '#include "infra/vm/e.h"' \
	"'guest' may not use 'infra/vm'"
layer 'runtime uses cmd' runtime/x.c '#include "cmd/bbox/i.h"' \
	"'runtime' may not use 'cmd'"
layer 'a unit test uses a higher layer' domain/vm/b_test.c \
	'#include "infra/vm/e.h"' "'domain' may not use 'infra/vm'"
layer 'domain uses a system header' domain/vm/x.c '#include <unistd.h>' \
	"<unistd.h> is not on the list"
layer 'a header without its path' infra/vm/x.c '#include "e.h"' \
	'is not a path from src/'
layer 'a header by parent' infra/vm/x.c '#include "../net/f.h"' \
	'climbs out of its directory'
layer 'our header in angle brackets' domain/vm/x.c \
	'#include <infra/sys/d.h>' 'is ours: use quotes'
layer 'a header that is not there' domain/vm/x.c '#include "base/z.h"' \
	'does not exist'
layer 'an include by macro' domain/vm/x.c '#include HEADER' \
	'hides what it includes'
layer 'an include over two lines' domain/vm/x.c \
	'#include \
	"infra/sys/d.h"' "'domain' may not use 'infra/sys'"
tree
put cmd/bbox/i.c '#include "made.h"'
catches 'layers: a header that nobody makes' 'is not a path from src/' \
	"$tools/check-layers" "$tmp/t/src"
echo "custom_target('made', output : 'made.h')" >"$tmp/t/src/cmd/bbox/meson.build"
passes 'layers: a header that the build makes' "$tools/check-layers" \
	"$tmp/t/src"
tree
mkdir "$tmp/t/src/misc"
put misc/x.c
catches 'layers: a directory of no layer' 'in no layer' \
	"$tools/check-layers" "$tmp/t/src"

# archive LAYER CODE - build one pure library
archive() {
	mkdir -p "$tmp/lib/$1"
	rm -f "$tmp/lib/$1/lib$1.a"
	printf '%s\n' "$2" |
		gcc -O2 -x c -c -o "$tmp/lib/$1/x.o" - &&
		ar rc "$tmp/lib/$1/lib$1.a" "$tmp/lib/$1/x.o"
}

pure_libs() {
	archive base '#include <string.h>
		size_t base_len(const char *s) { return strlen(s); }'
	archive domain '#include <stddef.h>
		size_t base_len(const char *s);
		size_t domain_len(const char *s) { return base_len(s); }'
	archive sandbox '#include <stddef.h>
		size_t domain_len(const char *s);
		size_t sandbox_len(const char *s) { return domain_len(s); }'
}

pure_libs
passes 'purity: good libraries' "$tools/check-purity" "$tmp/lib"
archive domain '#include <fcntl.h>
	int f(const char *s) { return open(s, 0); }'
catches 'purity: a system call in domain' "'domain' calls 'open'" \
	"$tools/check-purity" "$tmp/lib"
archive domain 'int puts(const char *s); void f(void) { puts("x"); }'
catches 'purity: a prototype of its own' "'domain' calls 'puts'" \
	"$tools/check-purity" "$tmp/lib"
pure_libs
archive base 'long sandbox_len(const char *s);
	long f(const char *s) { return sandbox_len(s); }'
catches 'purity: a call upwards' "'base' calls 'sandbox_len'" \
	"$tools/check-purity" "$tmp/lib"
pure_libs
archive sandbox 'int getpid(void); int f(void) { return getpid(); }'
catches 'purity: a process id in sandbox' "'sandbox' calls 'getpid'" \
	"$tools/check-purity" "$tmp/lib"
archive sandbox 'extern char **environ; char **f(void) { return environ; }'
catches 'purity: a global of libc' "'sandbox' calls 'environ'" \
	"$tools/check-purity" "$tmp/lib"
rm "$tmp/lib/base/libbase.a"
catches 'purity: a library is absent' 'is not built' \
	"$tools/check-purity" "$tmp/lib"

tree
passes 'headers: a good tree' "$tools/check-headers" "$tmp/t"
printf '%s\nsize_t two(void);\n' "$h_tag" >"$tmp/t/src/base/z.h"
catches 'headers: one that does not stand alone' \
	'base/z.h does not compile alone' "$tools/check-headers" "$tmp/t"

tree
passes 'spdx: a good tree' "$tools/check-spdx" "$tmp/t"
printf 'int x;\n' >"$tmp/t/src/base/z.c"
catches 'spdx: a source without' 'src/base/z.c' "$tools/check-spdx" "$tmp/t"
rm "$tmp/t/src/base/z.c"
printf '%s\n' "$c_tag" >"$tmp/t/src/base/z.h"
catches 'spdx: a header in the wrong style' 'src/base/z.h' \
	"$tools/check-spdx" "$tmp/t"
rm "$tmp/t/src/base/z.h"
printf '#!/bin/sh\necho\n' >"$tmp/t/script"
catches 'spdx: a script without' './script' "$tools/check-spdx" "$tmp/t"
rm "$tmp/t/script"
printf 'x = 1\n' >"$tmp/t/src/meson.build"
catches 'spdx: a build file without' 'src/meson.build' \
	"$tools/check-spdx" "$tmp/t"

# long FILE N - a function of N lines
long() {
	{
		printf 'int f(void)\n{\n'
		i=0
		while [ "$i" -lt "$2" ]; do
			echo '	;'
			i=$((i + 1))
		done
		echo '}'
	} >"$1"
}

long "$tmp/f.c" 80
passes 'sizes: a function at the limit' "$tools/check-sizes" --strict \
	"$tmp/f.c"
long "$tmp/f.c" 81
catches 'sizes: a function above it' 'f() has 81 lines' \
	"$tools/check-sizes" --strict "$tmp/f.c"
passes 'sizes: which is an alarm only' "$tools/check-sizes" "$tmp/f.c"
seq 1001 >"$tmp/f.c"
catches 'sizes: a file that is too long' '1000 never' \
	"$tools/check-sizes" "$tmp/f.c"

cat >"$tmp/page.1" <<'END'
.SH COMMANDS
.B bbox list
.SH OPTIONS
.TP
.BI \-\-cpus " N"
.TP
.B \-\-json
.SH EXIT STATUS
.B \-\-elsewhere
END

# program FLAGS COMMANDS - a bbox whose help names them
program() {
	cat >"$tmp/bbox" <<END
#!/bin/sh
case \$1 in
--help) printf '  bbox %s [flags]\n' $2 ;;
list) printf '  --json\n' ;;
*) printf '  %s N\n' $1 ;;
esac
END
	chmod +x "$tmp/bbox"
}

program --cpus list
passes 'man: page and help agree' "$tools/check-man" "$tmp/page.1" "$tmp/bbox"
program '--cpus --memory' list
catches 'man: a flag that the page lacks' '--memory is in --help' \
	"$tools/check-man" "$tmp/page.1" "$tmp/bbox"
program --json list
catches 'man: a flag that is gone' '--cpus is in the manual page' \
	"$tools/check-man" "$tmp/page.1" "$tmp/bbox"
program --cpus 'list kernel'
catches 'man: a command that the page lacks' "command 'kernel'" \
	"$tools/check-man" "$tmp/page.1" "$tmp/bbox"

# What CI adds up must be what the tests reported.
cat >"$tmp/count.py" <<END
import importlib.machinery
import importlib.util
loader = importlib.machinery.SourceFileLoader("rt", "$tools/run-tests")
rt = importlib.util.module_from_spec(
    importlib.util.spec_from_loader("rt", loader))
import sys
sys.dont_write_bytecode = True
loader.exec_module(rt)
CASES = [
    ("TAP", "1..3\nok 1 - a\nnot ok 2 - b\nok 3 - c # SKIP no\n", 1, (1, 1, 1)),
    ("TAP, then it died", "ok 1 - a\n", 1, (1, 1, 0)),
    ("unittest", "Ran 4 tests in 1s\n\nFAILED (failures=1, errors=1,"
     " skipped=1)\n", 1, (1, 2, 1)),
    ("unittest is fine", "Ran 2 tests in 1s\n\nOK\n", 0, (2, 0, 0)),
    ("silence", "", 0, (1, 0, 0)),
    ("silence and a failure", "", 1, (0, 1, 0)),
]
for name, text, status, want in CASES:
    c = rt.count_output(text, status)
    got = (c.passed, c.failed, c.skipped)
    assert got == want, f"{name}: got {got}, want {want}"
END
passes 'run-tests: counts' env PYTHONDONTWRITEBYTECODE=1 python3 \
	"$tmp/count.py"

exit $failed
