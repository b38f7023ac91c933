#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The pages of section 3 and the public headers say the same: every function has a page that names it and shows its
# prototype, and no page shows another. So do idtntb(1) and the help of ./idtntb vms about options. Usage: check-man.sh ROOT
set -eu
root=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Prototypes on standard input, however broken into lines, one a line.
prototypes()
{
	awk '{ sub(/\/\*.*\*\//, "") }
	/\/\*/ { comment = 1 }
	!comment && /^[a-z].*idtntb_[a-z_]+\(/ { text = ""; inside = 1 }
	!comment && inside { text = text " " $0 }
	!comment && inside && /;/ { gsub(/[ \t]+/, " ", text); gsub(/^ | $/, "", text); print text; inside = 0 }
	/\*\// { comment = 0 }' | sort
}

cat "$root/libidtntb/include/idtntb.h" "$root/transports/include/idtntb-transport.h" \
	"$root/transports/include/idtntb-view.h" | prototypes >"$work/headers"
for page in "$root"/man/*.3; do
	sed -n '/^\.SH SYNOPSIS/,/^\.SH DESCRIPTION/p' "$page" | grep -v '^\.' | prototypes
done | sort >"$work/pages"
if ! diff "$work/headers" "$work/pages" >"$work/difference"; then
	echo "check-man: prototypes of the headers (<) and of man/*.3 (>) differ:" >&2
	cat "$work/difference" >&2
	exit 1
fi
sed 's/(.*//; s/.*[ *]//' "$work/headers" | while read -r name; do
	for page in "$root"/man/*.3; do
		sed -n '/^\.SH NAME/{n;p;}' "$page"
	done | grep -q "\<$name\>" || { echo "check-man: no page of man/*.3 has $name in its NAME section" >&2; exit 1; }
done

"$root/idtntb" vms --help >"$work/help"
sed 's/\\f.//g' "$root/man/idtntb.1" | tr -d ' "\\\n' >"$work/squeezed"
grep -o -- '--[a-z][a-zN-]*' "$work/help" | sort -u | while read -r option; do
	grep -qF -- "$option" "$work/squeezed" ||
		{ echo "check-man: man/idtntb.1 lacks $option, which ./idtntb vms --help has" >&2; exit 1; }
done
sed -n '/^\.SH OPTIONS OF VMS/,/^\.SH EXIT/{s/\\-/-/g;/^\.B/p;}' "$root/man/idtntb.1" |
	grep -o -- '--[a-z][a-z-]*' | sort -u | while read -r option; do
	grep -qF -- "$option" "$work/help" ||
		{ echo "check-man: man/idtntb.1 has $option, which ./idtntb vms --help lacks" >&2; exit 1; }
done
