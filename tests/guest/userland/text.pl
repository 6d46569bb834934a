# SPDX-License-Identifier: GPL-2.0-or-later
# Perl's share of the userland workload: pack, sprintf, regular expressions, sorting, modules.
use strict;
use warnings;
use Digest::MD5 qw(md5_hex);
use Digest::SHA qw(sha256_hex sha512_base64 hmac_sha256_hex);
use Encode qw(encode decode);
use List::Util qw(sum reduce max min shuffle);
use Math::BigInt;
use Math::BigFloat;
use MIME::Base64;
use POSIX qw(floor ceil fmod strtod pow);
use Storable qw(freeze thaw);
use Unicode::Normalize;

$| = 1;
sub show { print encode('UTF-8', join(' ', '=', @_)), "\n" }
sub digest {
    my ($name, @values) = @_;
    show($name, scalar @values, md5_hex(encode('UTF-8', join("\n", @values))), substr($values[0], 0, 60));
}

# A generator of our own: perl's depends on how it was built.
my $state = 88172645463325252;
sub next_number {
    $state ^= $state << 13;
    $state ^= $state >> 7;
    $state ^= $state << 17;
    return $state;
}
my $scale = $ENV{SCALE} || 1; # the work is divided by it
my $count = int 6000 / $scale;
my $third = int $count / 3;
my @numbers = map { next_number() } 1 .. $count;
my @floats = map { unpack 'd', pack 'Q', $_ } @numbers;
my @mild = map { ($_ >> 11) / 2**53 * 200 - 100 } @numbers;

for my $form ('%.15g', '%.17g', '%e', '%.3f', '%a', '%20.6E', '%+.0f', '%g') {
    digest("sprintf $form", map { sprintf $form, $_ } @floats[0 .. $third - 1], @mild[0 .. $third - 1]);
}
for my $form ('%d', '%u', '%x', '%#o', '%b', '%-24d|', '%+d', '%024d') {
    digest("sprintf $form", map { sprintf $form, $_ } @numbers[0 .. $third - 1]);
}
digest('numbers as text', map { "$_" } @floats, @mild);
digest('text as numbers', map { "$_" + 0 } @mild);
digest('int', map { int } @mild);
digest('arithmetic', map { my ($x, $y) = @mild[$_, $_ + 1]; ($x + $y, $x * $y, $x / $y, $x - $y, $x**2 % 97) } 0 .. $third);
digest('functions', map { (sin, cos, exp, sqrt(abs), log(abs($_) + 1), atan2($_, 3), floor($_), ceil($_), fmod($_, 7), pow(abs($_), .3)) } @mild[0 .. $third]);
digest('integers', map { my ($x, $y) = @numbers[$_, $_ + 1]; use integer; ($x + $y, $x * $y, $x / ($y | 1), $x % ($y | 1), $x >> 5, $x << 3, $x ^ $y, ~$x) } 0 .. $third);
digest('unsigned', map { my ($x, $y) = @numbers[$_, $_ + 1]; (int($x / 3), $x % 1000003, $x <=> $y, $x >> 9, $x & $y) } 0 .. $third);

for my $letter (qw(c C s S l L q Q n N v V j J f d w U)) {
    my @values = $letter =~ /[fd]/ ? @mild[0 .. 499] : map { $_ & 0x7f } @numbers[0 .. 499];
    my $packed = pack "$letter*", @values;
    utf8::encode($packed) if utf8::is_utf8($packed);
    digest("pack $letter", unpack('H*', $packed), $letter eq 'U' ? () : unpack("$letter*", $packed));
}
digest('pack mixed', map { unpack 'H*', pack 's> l< Q> d< f> a5 Z8 n/a* x2 H6 b12', $_ & 0x7fff, $_ & 0x7fffffff, $_, $_ / 7, $_ / 9, "ab$_", "cd$_", "x$_", 'c0ffee', '101100111000' } @numbers[0 .. 300]);
show('checksum', unpack '%32C*', join '', @numbers);

my $text = join ' ', map { sprintf '%s%d-%x', chr(97 + $_ % 26) x ($_ % 7), $_ % 1000, $_ % 65537 } @numbers;
digest('words', $text =~ /\b([a-f]+)(?=\d{2,3}-)/g);
digest('backreference', $text =~ /((.)\2{3,})\d*/g);
digest('lazy', $text =~ /-(.*?[13579]) /g);
my %count;
$count{$1}++ while $text =~ /([a-z])/g;
show('letters', map { "$_$count{$_}" } sort keys %count);
(my $changed = $text) =~ s/(\d+)-([0-9a-f]+)/hex($2) * $1/ge;
digest('substituted', $changed);
(my $turned = $text) =~ tr/a-z0-9/n-za-m5-90-4/;
digest('tr', $turned);
digest('split', split /[-\s]+/, $text);
digest('recursion', ('(a(b(c)d)(e))(f' x 50) =~ /(\((?:[^()]++|(?1))*\))/g);
my $wide = join '', map { chr } 0x20 .. 0x2fff;
digest('unicode', join(',', $wide =~ /(\p{Lu}\p{Ll})/g), uc $wide, lc $wide, NFD($wide), NFKC($wide));
digest('classes', map { my $class = $_; scalar(() = $wide =~ /\p{$class}/g) } qw(L N P S Greek Cyrillic Alphabetic));
digest('utf-16', unpack 'H*', encode('UTF-16LE', $wide));
digest('latin', unpack 'H*', encode('iso-8859-15', decode('UTF-8', "\xc3\xa4\xe2\x82\xac")));

digest('sort numbers', sort { $a <=> $b } @mild);
digest('sort text', sort map { sprintf '%x', $_ } @numbers);
digest('sort two', sort { length $a <=> length $b || $b cmp $a } split / /, $text);
show('sum', sprintf '%.17g', sum @mild);
show('extremes', max(@numbers), min(@numbers), reduce { ($a * 31 + $b) % 1000000007 } 1, map { $_ % 1000003 } @numbers);

my $big = Math::BigInt->new(1);
$big *= $_ for 1 .. 150;
show('150!', md5_hex($big->bstr), $big->copy->bmod(1000003), $big->copy->bsqrt->bstr);
show('big power', Math::BigInt->new(7)->bmodpow('123456789012345678901234567890', '2305843009213693951'));
show('big float', Math::BigFloat->new(2)->bsqrt(60), Math::BigFloat->bpi(50));
my $structure = { map { $_ => [ $_, { x => "$_" } ] } @mild[0 .. 300] };
my $copy = thaw(freeze($structure));
show('storable', join ',', scalar(keys %$copy), grep { $copy->{$_}[1]{x} ne $_ } keys %$copy);
show('sha256', sha256_hex($text));
show('sha512', sha512_base64($changed));
show('hmac', hmac_sha256_hex($text, 'key'));
show('base64', md5_hex(encode_base64($turned)), decode_base64(encode_base64($turned)) eq $turned);
show('crypt', crypt 'word', '$6$saltsalt$');

sub ackermann { my ($m, $n) = @_; no warnings 'recursion'; return !$m ? $n + 1 : !$n ? ackermann($m - 1, 1) : ackermann($m - 1, ackermann($m, $n - 1)) }
show('ackermann', ackermann(2, 60));
my @sieve = (1) x 30000;
for my $i (2 .. 173) { if ($sieve[$i]) { for (my $j = $i * $i; $j < 30000; $j += $i) { $sieve[$j] = 0 } } }
show('primes', scalar grep { $sieve[$_] } 2 .. 29999);
