# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Coreutils' and other text tools' share of the userland workload; sourced by workload.sh.
library=$(echo "$ROOT"/usr/lib/python3.[0-9]*)
text=$library/tarfile.py
[ "$SCALE" = 1 ] || text=$library/fractions.py

# Numbers in a fixed disorder; without SCALE enough of them that sort takes two threads.
tool seq 1 $((140000 / SCALE)) >ordered
tool openssl enc -aes-128-ctr -K 00112233445566778899aabbccddeeff -iv 0 -in ordered -out noise \
    2>/dev/null
tool shuf --random-source=noise ordered >mixed
show_sum shuf <mixed
tool sort -n --parallel=2 -S 64M mixed | show_sum "sort -n"
tool cmp ordered <(tool sort -n --parallel=2 mixed) && show "sorted again"
tool sort --parallel=2 mixed | show_sum sort
tool seq -f '%.7g' -3 $((137 * SCALE))e-5 40 | tool shuf --random-source=noise >fractions
show_sum "seq" <fractions
tool sort -g fractions | show_sum "sort -g" # long double: binary128 in software
tool seq 1e15 1e15 9e15 | tool tr '\n' ' ' | show_sum "seq of large"
tool tac mixed | tool cut -c1-4 | tool uniq -c | show_sum "uniq"
tool paste mixed fractions 2>/dev/null | tool head -$((20000 / SCALE)) | tool sort -k2,2g -k1,1nr | show_sum "paste"
tool join <(tool sort mixed | tool head -$((9000 / SCALE))) <(tool sort ordered) | show_sum join
tool comm -12 <(tool head -$((30000 / SCALE)) mixed | tool sort) <(tool tail -$((120000 / SCALE)) mixed | tool sort) | show_sum comm
for number in 18446744073709551557 340282366920938463463374607431768211297 600851475143 \
    1000000000000000000000000000057 2305843009213693951; do
    show "factor $(tool factor $number)"
done
for sum in md5 sha1 sha224 sha384 sha512 b2 sha256; do
    show "$sum $(tool ${sum}sum <"$text" | tool cut -c1-64)"
done
for sum in bsd sysv crc crc32b sm3; do
    show "cksum $sum $(tool cksum -a $sum <noise 2>&1)"
done
tool base64 noise | show_sum base64
tool base64 -w0 noise | tool base64 -d | tool cmp - noise && show "base64 again"
tool basenc --base32hex noise | show_sum basenc
for type in d2 u4 x8 f4 f8 fL a c; do
    tool head -c 40000 noise | tool od -A x -t $type | show_sum "od -t $type"
done
tool numfmt --to=iec-i --format=%.3f <mixed | show_sum "numfmt iec"
tool head -2000 fractions | tool numfmt --to=si --invalid=ignore 2>/dev/null | show_sum "numfmt si"
tool tr 'a-z0-9' 'A-Zj-s' <"$text" | show_sum tr
tool fold -w 37 "$text" | show_sum fold
tool fmt -w 60 "$text" | show_sum fmt
tool wc "$text" <"$text" | tool tr -s ' ' | tool cut -d' ' -f1-4 | show_sum wc
tool nl -ba "$text" | tool expand -t 5 | tool unexpand -a | show_sum nl
tool split -n l/7 "$text" piece && tool cat piece?? | tool cmp - "$text" && show "split again"
tool dd if=noise bs=777 skip=13 count=200 conv=swab 2>/dev/null | show_sum dd
show "expr $(tool expr 987654321987654321987654321 \* 123456789123456789 % 1000000007)"
show "printf $(tool printf '%.20f %a %e %g' 0.1 3.75 12345.678 1e-300)"
tool ptx "$library/json/scanner.py" 2>/dev/null | show_sum ptx
tool pr -3 -t "$text" | show_sum pr

tool sed -E 's/([a-z]+)_([a-z]+)/\2-\1/g; /^ *#/d; y/abc/xyz/' "$text" | show_sum sed
tool sed -n '/def /{=;p;}; $!{N;P;D}' "$text" | show_sum "sed -n"
tool grep -oE '[a-z]+\(([a-z]+, )*[a-z]+\)' "$text" | show_sum "grep -E"
# PCRE compiles its patterns to machine code.
tool grep -oP '(?<=self\.)(\w+)(?=\()(?!\(\))' "$text" | show_sum "grep -P"
tool grep -cP '^(\s*)(?:if|for) (?:[^:\n]|:(?!$))+:$' "$text" | show_sum "grep -cP"
tool diff -u "$library/json/encoder.py" "$library/json/decoder.py" |
    tool tail -n +3 | show_sum diff

tool awk -v last=$((40000 / SCALE)) 'BEGIN {
    for (i = 1; i <= last; i++) {
        x = sin(i) * exp(cos(i / 7)) + sqrt(i) / log(i + 1) - atan2(i, 3) ^ 1.7
        sum += x; product = (product + x * x) % 1e6
        if (i % 500 == 0) printf "%.17g %.6f %d %s %x\n", x, sum, product, x, i
        if (i % 5 == 0) count[int(x)]++
    }
    for (i = -50; i < 50; i++) if (i in count) print i, count[i]
}' | show_sum "awk arithmetic"
tool awk '{ for (i = 1; i <= NF; i++) words[$i]++ } END { for (word in words) print words[word], word }' \
    "$text" | tool sort | show_sum "awk words"
tool awk '{ gsub(/[aeiou]+/, "<&>"); print toupper(substr($0, 3, 30)), length($0), match($0, /x.*y/) }' \
    "$text" | show_sum "awk text"
tool bc -l <<'BC' | show_sum bc
scale = 120
4 * a(1); e(1); l(2); s(1.5); c(0.3); j(2, 3.7); sqrt(2)
define f(n) { if (n < 2) return (1); return (n * f(n - 1)) }
f(120); 2 ^ 2203 - 1; f(60) / f(57); 10 ^ 40 % 97
obase = 16; ibase = 10; 2 ^ 200; 123456789 / 7
BC
