# SPDX-License-Identifier: GPL-2.0-or-later
# Python's share of the userland workload: lines "= NAME VALUE" that depend on nothing but the
# processor's arithmetic. Long results are shown as digests with their first values.
import array
import cmath
import collections
import decimal
import fractions
import hashlib
import hmac
import itertools
import json
import math
import multiprocessing
import os
import random
import re
import statistics
import struct
import sys
import threading
import unicodedata
import zlib

SCALE = int(os.environ.get("SCALE", "1"))  # the work is divided by it
COUNT = 20000 // SCALE
SOME = 4000 // SCALE


def show(name, value):
    print("=", name, value, flush=True)


def digest(name, values, shown=3):
    """One line for many values: how many, digest of their texts, the first few."""
    texts = [v if isinstance(v, str) else repr(v) for v in values]
    sum_ = hashlib.sha256("\n".join(texts).encode()).hexdigest()
    show(name, f"{len(texts)} {sum_[:32]} {' '.join(t[:40] for t in texts[:shown])}")


def bits(pattern):
    return struct.unpack("<d", struct.pack("<Q", pattern))[0]


def hexed(function, *arguments):
    """The result's exact bits, or the error's name."""
    try:
        result = function(*arguments)
    except (ValueError, OverflowError, ZeroDivisionError) as error:
        return type(error).__name__
    if isinstance(result, tuple):
        return ",".join(map(repr, result))
    if isinstance(result, float):
        return struct.pack(">d", result).hex() if math.isnan(result) else result.hex()
    return repr(result)


def any_floats(generator, count):
    """All exponents alike, every 16th a special value."""
    special = [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 5e-324, -5e-324,
               sys.float_info.min, sys.float_info.max, sys.float_info.epsilon, 0.5, 2.0**53,
               2.0**63, -(2.0**63), 2.0**31, 1e22, 1e23, 0.1, math.pi]
    for i in range(count):
        if i % 16 == 15:
            yield generator.choice(special)
        else:
            yield bits(generator.getrandbits(64))


def near_floats(generator, count):
    return (generator.uniform(-20, 20) for _ in range(count))


def float_functions():
    generator = random.Random(20)
    wild = list(any_floats(generator, COUNT))
    mild = list(near_floats(generator, COUNT))
    one = """acos acosh asin asinh atan atanh cbrt ceil cos cosh degrees erf erfc exp exp2 expm1 fabs
        floor frexp gamma lgamma log log10 log1p log2 modf radians sin sinh sqrt tan tanh trunc
        ulp isfinite""".split()
    for name in one:
        function = getattr(math, name)
        digest(f"math.{name}", (hexed(function, x) for x in itertools.chain(wild[:SOME], mild[:SOME])))
    pairs = list(zip(wild, reversed(wild))) + list(zip(mild, reversed(mild)))
    pairs = pairs[:SOME] + pairs[COUNT : COUNT + SOME]
    for name in "atan2 copysign fmod hypot nextafter pow remainder".split():
        function = getattr(math, name)
        digest(f"math.{name}", (hexed(function, x, y) for x, y in pairs))
    digest("math.fma", (hexed(math.fma, x, y, z) for (x, y), z in zip(pairs, mild)))
    digest("math.ldexp", (hexed(math.ldexp, x, i % 2200 - 1100) for i, x in enumerate(wild[:SOME])))
    for sign, operation in (("+", float.__add__), ("-", float.__sub__), ("*", float.__mul__),
                            ("/", float.__truediv__), ("//", float.__floordiv__),
                            ("%", float.__mod__), ("**", float.__pow__), ("<", float.__lt__),
                            ("==", float.__eq__), ("divmod", divmod)):
        digest(f"float {sign}", (hexed(operation, x, y) for x, y in pairs))
    for name in "exp log sqrt sin tanh atan".split():
        function = getattr(cmath, name)
        digest(f"cmath.{name}", (hexed(function, complex(x, y)) for x, y in pairs[SOME : SOME + SOME // 2]))


def float_text():
    generator = random.Random(21)
    wild = list(any_floats(generator, COUNT))
    texts = [repr(x) for x in wild]
    digest("repr", texts)
    show("repr round trip", sum(float(t) == x or x != x for t, x in zip(texts, wild)))
    digest("float of text", (float(t[: i % 17 + 2].rstrip("e-+.") or "0").hex()
                             for i, t in enumerate(texts) if "n" not in t))
    for form in ("%.17g", "%.3f", "%e", "%G", "%.0f", "%30.20e"):
        digest(f"form {form}", (form % x for x in wild[:SOME]))
    for places in range(-4, 9, 3):
        digest(f"round {places}", (hexed(round, x, places) for x in near_floats(generator, SOME)))
    digest("round half", (round(i / 2) for i in range(-41, 42)), 8)
    digest("int of float", (hexed(int, x) for x in wild[:SOME]))
    digest("float of int", (hexed(float, generator.getrandbits(i % 1100 + 1)) for i in range(SOME)))
    digest("ratio", (hexed(float.as_integer_ratio, x) for x in wild[:SOME]))
    digest("single", (struct.pack("<f", x).hex() if abs(x) < 3e38 else "big" for x in wild[:SOME]))
    digest("half", (struct.pack("<e", x).hex() for x in near_floats(generator, SOME)))
    digest("unpacked single", (repr(struct.unpack("<f", struct.pack("<I", generator.getrandbits(32)))[0])
                               for _ in range(SOME)))
    show("sum", math.fsum(near_floats(generator, COUNT)).hex())
    show("sumprod", math.sumprod(near_floats(generator, 999), near_floats(generator, 999)).hex())
    show("mean", statistics.fmean(near_floats(generator, COUNT)).hex())
    show("deviation", statistics.stdev(near_floats(generator, SOME)).hex())
    matrix = [[generator.gauss(0, 1) for _ in range(40)] for _ in range(40)]
    show("determinant", determinant(matrix).hex())


def determinant(matrix):
    result, size = 1.0, len(matrix)
    for i in range(size):
        pivot = max(range(i, size), key=lambda row: abs(matrix[row][i]))
        if pivot != i:
            matrix[i], matrix[pivot] = matrix[pivot], matrix[i]
            result = -result
        result *= matrix[i][i]
        for row in range(i + 1, size):
            factor = matrix[row][i] / matrix[i][i]
            for column in range(i, size):
                matrix[row][column] -= factor * matrix[i][column]
    return result


def integers():
    generator = random.Random(22)
    numbers = [generator.getrandbits(generator.randrange(1, 2500)) - generator.getrandbits(900)
               for _ in range(SOME // 2)]
    pairs = list(zip(numbers, reversed(numbers)))
    for sign, operation in (("*", lambda x, y: x * y), ("//", lambda x, y: x // (y or 1)),
                            ("%", lambda x, y: x % (y or 1)), ("&", lambda x, y: x & y),
                            ("^", lambda x, y: x ^ y), ("<<", lambda x, y: x << (y & 127)),
                            (">>", lambda x, y: x >> (y & 127)), ("gcd", math.gcd)):
        digest(f"int {sign}", (hex(operation(x, y)) for x, y in pairs), 1)
    digest("int text", (str(x) for x in numbers[: SOME // 10]), 0)
    digest("isqrt", (hex(math.isqrt(abs(x))) for x in numbers[: SOME // 8]), 0)
    show("power", hashlib.sha256(str(3**(SOME * 2)).encode()).hexdigest())
    show("factorial", hashlib.sha256(hex(math.factorial(SOME // 2)).encode()).hexdigest())
    mersenne = 2**521 - 1
    digest("modular power", (hex(pow(x, y, mersenne)) for x, y in pairs[: SOME // 80]), 1)
    digest("inverse", (hex(pow(x, -1, mersenne)) for x in numbers[: SOME // 20] if x % mersenne), 1)
    digest("bit counts", ((x.bit_length(), x.bit_count()) for x in numbers))
    small = [generator.getrandbits(64) - 2**63 for _ in range(COUNT)]
    digest("mixed", ((a * 31 + (b ^ a) - (a >> 7)) % 1000003 for a, b in zip(small, small[1:])))


def structures():
    generator = random.Random(23)
    digest("struct", (struct.pack(f"{order}bBhHiIqQdf?3s", -generator.getrandbits(7),
                                  generator.getrandbits(8), -generator.getrandbits(15),
                                  generator.getrandbits(16), -generator.getrandbits(31),
                                  generator.getrandbits(32), -generator.getrandbits(63),
                                  generator.getrandbits(64), generator.random(), generator.random(),
                                  True, b"abc").hex()
                      for order in "<>=@!" for _ in range(SOME // 4)), 1)
    data = generator.randbytes(COUNT * 4)
    for code in "bBhHiIqQ":
        values = array.array(code, data)
        digest(f"array {code}", [sum(values), min(values), max(values)])
        values.byteswap()
        digest(f"array {code} swapped", [sum(values), min(values), max(values)])
    values = array.array("d", (generator.gauss(0, 1e10) for _ in range(COUNT)))
    show("sorted floats", hashlib.sha256(array.array("d", sorted(values)).tobytes()).hexdigest())
    tree = {f"key {i} \u00e9\u4e2d": [generator.random(), generator.getrandbits(60), None, i % 2 == 0,
                                      {"nested": generator.choice(["a\n", "\u2028", '"\\']), "x": i}]
            for i in range(SOME // 3)}
    text = json.dumps(tree, sort_keys=True)
    show("json", hashlib.sha256(text.encode()).hexdigest())
    show("json again", json.loads(text) == tree)
    words = re.findall(r"[a-z]+|\d{3}(?=\d)", text)
    show("re", f"{len(words)} {collections.Counter(words).most_common(4)}")
    show("re.sub", hashlib.sha256(re.sub(r"(\d+)\.(\d+)", r"\2:\1", text).encode()).hexdigest())
    letters = "".join(chr(c) for c in range(0x20, 0x3000))
    show("case", hashlib.sha256((letters.upper() + letters.casefold()).encode()).hexdigest())
    show("nfkd", hashlib.sha256(unicodedata.normalize("NFKD", letters).encode()).hexdigest())
    decimal.getcontext().prec = 60
    show("decimal", decimal.Decimal(2).sqrt() + decimal.Decimal(7).ln() / decimal.Decimal(3).exp())
    total = sum((fractions.Fraction(1, i) for i in range(1, 200)), fractions.Fraction(0))
    show("fraction", hashlib.sha256(str(total).encode()).hexdigest())
    for name in sorted(hashlib.algorithms_guaranteed):
        hashed = hashlib.new(name, data)
        show(f"hashlib.{name}", hashed.hexdigest(32) if "shake" in name else hashed.hexdigest())
    show("hmac", hmac.new(b"key", data, "sha512").hexdigest())
    show("pbkdf2", hashlib.pbkdf2_hmac("sha256", b"word", b"salt", 3000).hex())
    show("scrypt", hashlib.scrypt(b"word", salt=b"salt", n=1024, r=8, p=1).hex())
    show("crc", f"{zlib.crc32(data):08x} {zlib.adler32(data):08x}")


def sort_worker(results, index):
    generator = random.Random(index)
    text = "".join(generator.choices("abcdefgh \n", k=COUNT * 3)).encode()
    results[index] = hashlib.sha256(zlib.compress(text, 9)).hexdigest()


def add_many(counter, order, count):
    for _ in range(count):
        with counter.get_lock():
            counter.value += 1
    order.put(count)


def parallel():
    results = [None] * 8
    threads = [threading.Thread(target=sort_worker, args=(results, i)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    digest("threads", results)
    # fork: the default starts the interpreter anew, which a user-mode emulator cannot.
    context = multiprocessing.get_context("fork")
    counter, order = context.Value("q", 0), context.SimpleQueue()
    workers = [context.Process(target=add_many, args=(counter, order, COUNT // 8)) for _ in range(4)]
    for worker in workers:
        worker.start()
    show("queue", [order.get() for _ in workers])
    for worker in workers:
        worker.join()
    show("counter", counter.value)


PARTS = {"functions": float_functions, "text": float_text, "integers": integers,
         "structures": structures, "parallel": parallel}
PARTS[sys.argv[1]]()
