# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# OpenSSL's share of the userland workload; sourced by workload.sh. Answers that the standards give
# are checked against them here ("known"), the others are compared between machines.
ssl() { tool openssl "$@" 2>&1; }
binary() { tool perl -e 'print pack "H*", join "", @ARGV' -- "$@"; }
hex() { tool od -A n -v -t x1 | tool tr -d ' \n'; }
known() { # known NAME WANTED GOT
    if [ "${2,,}" = "${3,,}" ]; then show "known $1 right"; else show "known $1 WRONG: $3"; fi
}

printf abc >abc
known "SHA-256 (FIPS 180-4)" ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad \
    "$(ssl dgst -sha256 -r abc | tool cut -d' ' -f1)"
known "SHA-512 (FIPS 180-4)" ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f \
    "$(ssl dgst -sha512 -r abc | tool cut -d' ' -f1)"
known "SHA3-256 (FIPS 202)" 3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532 \
    "$(ssl dgst -sha3-256 -r abc | tool cut -d' ' -f1)"
known "MD5 (RFC 1321)" 900150983cd24fb0d6963f7d28e17f72 "$(ssl dgst -md5 -r abc | tool cut -d' ' -f1)"
known "SM3 (GB/T 32905)" 66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0 \
    "$(ssl dgst -sm3 -r abc | tool cut -d' ' -f1)"

# FIPS 197, appendix C: one block, three key sizes.
binary 00112233445566778899aabbccddeeff >block
for case in 128:000102030405060708090a0b0c0d0e0f:69c4e0d86a7b0430d8cdb78070b4c55a \
    192:000102030405060708090a0b0c0d0e0f1011121314151617:dda97ca4864cdfe06eaf70a0ec0d7191 \
    256:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f:8ea2b7ca516745bfeafc49904b496089; do
    IFS=: read -r size key answer <<<"$case"
    known "AES-$size (FIPS 197)" "$answer" \
        "$(tool openssl enc -aes-$size-ecb -nopad -K "$key" -in block | hex)"
done
# RFC 8439 §2.4.2 (ChaCha20: counter, then nonce).
printf "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it." >sunscreen
known "ChaCha20 (RFC 8439)" 6e2e359a2568f980 \
    "$(tool openssl enc -chacha20 -K 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f \
        -iv 01000000000000000000004a00000000 -in sunscreen | hex | tool cut -c1-16)"
# RFC 4231 test case 2, RFC 5869 test case 1, RFC 6070 (with SHA-1), RFC 4493 (CMAC, 16 bytes).
printf 'what do ya want for nothing?' >nothing
known "HMAC-SHA-256 (RFC 4231)" 5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843 \
    "$(ssl mac -digest SHA256 -macopt key:Jefe -in nothing HMAC)"
known "HKDF (RFC 5869)" 3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865 \
    "$(ssl kdf -keylen 42 -kdfopt digest:SHA256 -kdfopt hexkey:0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b \
        -kdfopt hexsalt:000102030405060708090a0b0c -kdfopt hexinfo:f0f1f2f3f4f5f6f7f8f9 HKDF | tool tr -d ':\n')"
known "PBKDF2 (RFC 6070)" 4b007901b765489abead49d926f721d065a429c1 \
    "$(ssl kdf -keylen 20 -kdfopt digest:SHA1 -kdfopt pass:password -kdfopt salt:salt -kdfopt iter:4096 \
        PBKDF2 | tool tr -d ':\n')"
binary 6bc1bee22e409f96e93d7e117393172a >message
known "CMAC (RFC 4493)" 070a16b46b4d4144f79bdd9dd04a287c \
    "$(ssl mac -cipher AES-128-CBC -macopt hexkey:2b7e151628aed2a6abf7158809cf4f3c -in message CMAC)"

# RFC 8032 §7.1 test 3, RFC 7748 §5.2: private keys are fixed bytes before the number.
binary 302e020100300506032b657004220420 c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7 >ed25519.der
binary af82 >two
known "Ed25519 (RFC 8032)" 6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a \
    "$(tool openssl pkeyutl -sign -rawin -inkey ed25519.der -keyform DER -in two | hex)"
binary 302e020100300506032b656e04220420 a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4 >x25519.der
binary 302a300506032b656e032100 e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c >peer.der
known "X25519 (RFC 7748)" c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552 \
    "$(tool openssl pkeyutl -derive -inkey x25519.der -keyform DER -peerkey peer.der -peerform DER | hex)"
# RFC 6979 §A.2.5: P-256, SHA-256, message "sample"; the signature is DER of r and s.
binary 30770201010420 C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721 \
    a00a06082a8648ce3d030107a144034200 04 \
    60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6 \
    7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299 >p256.der
printf sample >sample
known "ECDSA P-256 (RFC 6979)" 3046022100EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716022100F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8 \
    "$(tool openssl pkeyutl -sign -rawin -digest sha256 -pkeyopt nonce-type:1 -inkey p256.der -in sample | hex)"
tool openssl dgst -sha256 -sign p256.der -out signature sample
tool openssl pkey -in p256.der -pubout -out p256.pub
show "ECDSA $(ssl dgst -sha256 -verify p256.pub -signature signature sample)"
tool openssl dgst -sha256 -verify p256.pub -signature signature abc >/dev/null 2>&1
show "ECDSA of another text: $?"

# RSA with a key made from a seed; what is random is only looked at through its inverse.
tool python3 -IB "$here/rsa_key.py" >rsa.config
tool openssl asn1parse -noout -genconf rsa.config -out rsa.der
tool openssl pkey -in rsa.der -pubout -out rsa.pub
show "RSA $(ssl rsa -in rsa.der -check -noout)"
show "RSA PKCS #1 $(tool openssl dgst -sha256 -sign rsa.der sample | hex)"
tool openssl dgst -sha256 -sigopt rsa_padding_mode:pss -sign rsa.der -out signature sample
show "RSA PSS $(ssl dgst -sha256 -sigopt rsa_padding_mode:pss -verify rsa.pub -signature signature sample)"
tool openssl pkeyutl -encrypt -pubin -inkey rsa.pub -pkeyopt rsa_padding_mode:oaep -in sample -out secret
show "RSA OAEP $(tool openssl pkeyutl -decrypt -inkey rsa.der -pkeyopt rsa_padding_mode:oaep -in secret)"
tool openssl req -new -x509 -key rsa.der -subj "/CN=lkvm/O=user" -set_serial 7 -sha384 \
    -not_before 20260101000000Z -not_after 20360101000000Z 2>/dev/null | show_sum certificate

# Lattices, hashes as signatures: keys from seeds, signatures without chance.
seed=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
tool openssl genpkey -algorithm ML-DSA-65 -pkeyopt hexseed:$seed -outform DER -out mldsa.der
tool openssl pkeyutl -sign -rawin -inkey mldsa.der -pkeyopt deterministic:1 -in sample | show_sum ML-DSA
tool openssl genpkey -algorithm ML-KEM-768 -pkeyopt hexseed:$seed$seed -outform DER -out mlkem.der
tool openssl pkey -in mlkem.der -pubout -outform DER | show_sum ML-KEM
tool openssl genpkey -algorithm ED448 -outform DER -out ed448.der
tool openssl pkeyutl -sign -rawin -inkey ed448.der -keyform DER -in sample -out signature
show "Ed448 $(ssl pkeyutl -verify -rawin -inkey ed448.der -keyform DER -in sample -sigfile signature)"

library=$(echo "$ROOT"/usr/lib/python3.[0-9]*)
text=$library/tarfile.py
[ "$SCALE" = 1 ] || text=$library/fractions.py
digests="sha1 sha384 blake2s256" ciphers="aes-256-cbc chacha20"
[ "$SCALE" != 1 ] || {
    digests+=" md5 sha224 sha512-256 sha3-224 sha3-512 blake2b512 ripemd160 sm3"
    ciphers+=" aes-192-cfb aes-128-ofb aes-256-ctr aes-128-cfb8 aria-256-cbc camellia-256-cbc"
    ciphers+=" sm4-cbc des-ede3-cbc"
}
for name in $digests; do
    show "dgst $name $(ssl dgst -$name -r "$text" | tool cut -d' ' -f1)"
done
show "dgst shake256 $(ssl dgst -shake256 -xoflen 64 -r "$text" | tool cut -d' ' -f1)"
key=00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210
for name in $ciphers; do
    size=${name#*-}
    case $name in
    *-128-* | sm4*) size=32 ;;
    *-192-* | des*) size=48 ;;
    *) size=64 ;;
    esac
    iv=0f1e2d3c4b5a69788796a5b4c3d2e1f0
    case $name in des*) iv=${iv:0:16} ;; esac
    tool openssl enc -$name -K ${key:0:size} -iv $iv -in "$text" -out secret
    show_sum "enc $name" <secret
    tool openssl enc -d -$name -K ${key:0:size} -iv $iv -in secret | tool cmp - "$text" && show "dec $name"
done
show "GMAC $(ssl mac -cipher AES-256-GCM -macopt hexkey:$key -macopt hexiv:${key:0:24} -in "$text" GMAC)"
show "Poly1305 $(ssl mac -macopt hexkey:$key -in "$text" POLY1305)"
show "SipHash $(ssl mac -macopt hexkey:${key:0:32} -in "$text" SIPHASH)"
show "KMAC $(ssl mac -macopt hexkey:$key -macopt size:32 -in "$text" KMAC256)"
show "scrypt $(ssl kdf -keylen 32 -kdfopt pass:word -kdfopt salt:salt -kdfopt n:1024 -kdfopt r:8 -kdfopt p:2 SCRYPT)"
show "Argon2id $(ssl kdf -keylen 32 -kdfopt pass:word -kdfopt salt:saltsalt -kdfopt lanes:2 -kdfopt memcost:1024 -kdfopt iter:2 ARGON2ID)"
show "passwd $(ssl passwd -6 -salt saltsalt word) $(ssl passwd -apr1 -salt saltsalt word)"
show "prime $(ssl prime 170141183460469231731687303715884105727) $(ssl prime 170141183460469231731687303715884105729)"
