# SPDX-License-Identifier: GPL-2.0-or-later
# A 2048-bit RSA key from a fixed seed, as input of `openssl asn1parse -genconf`. For tests: anybody
# can make the same.
import random

generator = random.Random(6)


def probably_prime(number):
    """Miller and Rabin's test, 24 rounds."""
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(24):
        power = pow(generator.randrange(2, number - 1), odd, number)
        if power in (1, number - 1):
            continue
        for _ in range(twos - 1):
            power = power * power % number
            if power == number - 1:
                break
        else:
            return False
    return True


def prime(bits):
    small = [n for n in range(3, 2000, 2) if all(n % d for d in range(3, n, 2))]
    while True:
        number = generator.getrandbits(bits) | 3 << (bits - 2) | 1
        if all(number % n for n in small) and (number - 1) % 65537 and probably_prime(number):
            return number


p, q = prime(1024), prime(1024)
d = pow(65537, -1, (p - 1) * (q - 1))
values = [0, p * q, 65537, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p)]
print("asn1=SEQUENCE:key\n[key]")
for index, value in enumerate(values):
    print(f"field{index}=INTEGER:0x{value:x}")
