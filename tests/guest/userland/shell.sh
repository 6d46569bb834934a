# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Bash's own share of the userland workload: only what is built in.
: "${SCALE:=1}"
show() { printf '= bash %s\n' "$*"; }

# The generator that glibc and others use for 31 bits, as arithmetic with wrap-around.
state=12345
next() { state=$(((state * 6364136223846793005 + 1442695040888963407))); }
check=0
for ((i = 0; i < 20000 / SCALE; i++)); do
    next
    ((check = (check * 31 ^ state >> 7) + state % 1000003 - (state & 0xff) * (i | 1) / ((i & 15) + 1)))
done
show "arithmetic $check $((state >> 3)) $((-state / 7)) $((state % -13)) $((1 << 63)) $((2 ** 62 - 1))"
show "bases $((16#ff)) $((2#1011)) $((36#zz)) $((0777)) $((64#_@))"

numbers=()
for ((i = 0; i < 1200 / SCALE; i++)); do
    next
    numbers+=($((state >> 40)))
done
for ((gap = 511; gap > 0; gap /= 2)); do
    for ((i = gap; i < ${#numbers[@]}; i++)); do
        value=${numbers[i]}
        for ((j = i; j >= gap && numbers[j - gap] > value; j -= gap)); do
            numbers[j]=${numbers[j - gap]}
        done
        numbers[j]=$value
    done
done
show "sorted ${numbers[0]} ${numbers[600 / SCALE - 1]} ${numbers[-1]}"

# Floating point through printf: long double, which is binary128 here.
line=
for ((i = 1; i < 300 / SCALE; i++)); do
    next
    printf -v text '%.10f|%e|%g' "$i.${state#-}" "${state}e-$((i % 40))" ".${state#-}"
    line+=$text,
done
sum=0
for ((i = 0; i < ${#line}; i++)); do
    printf -v code %d "'${line:i:1}"
    ((sum = (sum * 131 + code) % 4294967291))
done
show "printf ${line:0:60} $sum"

declare -A words
text='the quick brown fox jumps over the lazy dog and the dog sleeps'
for ((i = 0; i < 50 / SCALE; i++)); do
    for word in $text; do
        ((words[$word] += i + ${#word}))
    done
done
for word in the dog fox sleeps; do
    show "word $word ${words[$word]}"
done
pattern='^([a-z]+) ([a-z]+).*(d[^ ]+) and'
[[ $text =~ $pattern ]] && show "match ${BASH_REMATCH[*]:1}"
show "text ${text^^} ${text//o/0} ${text#* } ${text%% *} ${text:4:15} ${text@Q}"
show "braces" {a..e}{1..3} {01..10..3}
fibonacci() { if (($1 < 2)); then result=$1; else
    local first
    fibonacci $(($1 - 1)); first=$result
    fibonacci $(($1 - 2)); ((result += first))
fi; }
fibonacci 15
show "fibonacci $result"
# Processes and pipes of its own.
total=0
while read -r number; do ((total += number)); done < <(for i in {1..40}; do echo $((i * i)); done)
show "pipe $total $(echo "$(echo "$(echo nested)")")"
trap 'show "signal"' USR1
kill -USR1 $$
(exit 7)
show "status $?"
