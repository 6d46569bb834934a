// SPDX-License-Identifier: GPL-2.0-or-later
// vector-sum fp|lsx|lasx ROUNDS: a checksum of calculations that stay in all 32 floating-point or
// vector registers, the condition flags and the control register from the first round to the last.
// If a context switch of any kind loses something, the checksum differs. For LoongArch Linux.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

struct alignas(32) Registers {
    std::uint64_t lane[32][4];
};

/// Toward plus infinity: not what other processes use.
constexpr unsigned long rounding = 2 << 8;

// Neighbors, for sums that run around all registers; and values in (0, 1) for x := c * (x - x * x),
// which never settles. Register 30 is a temporary one, 31 holds c.
// clang-format off
#define RING(X) \
    X(0, 1) X(1, 2) X(2, 3) X(3, 4) X(4, 5) X(5, 6) X(6, 7) X(7, 8) X(8, 9) X(9, 10) X(10, 11) \
    X(11, 12) X(12, 13) X(13, 14) X(14, 15) X(15, 0)
#define UPPER(X) \
    X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23) X(24) X(25) X(26) X(27) X(28) X(29)
#define LOWER(X) \
    X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
#define ALL(X) LOWER(X) UPPER(X) X(30) X(31)

#define FP_LOAD(n) "fld.d $f" #n ", %[state], " #n " * 32\n"
#define FP_STORE(n) "fst.d $f" #n ", %[state], " #n " * 32\n"
#define FP_STEP(n) "fnmsub.d $f30, $f" #n ", $f" #n ", $f" #n "\n fmul.d $f" #n ", $f30, $f31\n"
#define FP_NAME(n) "$f" #n,

#define LSX_LOAD(n) "vld $vr" #n ", %[state], " #n " * 32\n"
#define LSX_STORE(n) "vst $vr" #n ", %[state], " #n " * 32\n"
#define LSX_SUM(n, m) \
    "vadd.d $vr" #n ", $vr" #n ", $vr" #m "\n vrotri.d $vr" #n ", $vr" #n ", 7\n"
#define LSX_STEP(n) \
    "vfnmsub.d $vr30, $vr" #n ", $vr" #n ", $vr" #n "\n vfmul.d $vr" #n ", $vr30, $vr31\n"

#define LASX_LOAD(n) "xvld $xr" #n ", %[state], " #n " * 32\n"
#define LASX_STORE(n) "xvst $xr" #n ", %[state], " #n " * 32\n"
#define LASX_SUM(n, m) \
    "xvadd.d $xr" #n ", $xr" #n ", $xr" #m "\n xvrotri.d $xr" #n ", $xr" #n ", 7\n"
#define LASX_STEP(n) \
    "xvfnmsub.d $xr30, $xr" #n ", $xr" #n ", $xr" #n "\n xvfmul.d $xr" #n ", $xr30, $xr31\n"

/// Returns the condition flags of the last round.
unsigned long run_fp(Registers& state, unsigned long rounds) {
    unsigned long flags = 0;
    unsigned long mode = rounding;
    asm volatile(
        ALL(FP_LOAD)
        "movgr2fcsr $fcsr0, %[mode]\n"
        "1:\n"
        LOWER(FP_STEP) UPPER(FP_STEP)
        "fcmp.clt.d $fcc0, $f0, $f1\n fcmp.clt.d $fcc1, $f2, $f3\n"
        "fcmp.clt.d $fcc6, $f4, $f5\n fcmp.clt.d $fcc7, $f6, $f7\n"
        "addi.d %[rounds], %[rounds], -1\n"
        "bnez %[rounds], 1b\n"
        ALL(FP_STORE)
        "movcf2gr %[flags], $fcc0\n"
        "movcf2gr %[rounds], $fcc1\n slli.d %[rounds], %[rounds], 1\n"
        "or %[flags], %[flags], %[rounds]\n"
        "movcf2gr %[rounds], $fcc6\n slli.d %[rounds], %[rounds], 6\n"
        "or %[flags], %[flags], %[rounds]\n"
        "movcf2gr %[rounds], $fcc7\n slli.d %[rounds], %[rounds], 7\n"
        "or %[flags], %[flags], %[rounds]\n"
        "movfcsr2gr %[rounds], $fcsr0\n slli.d %[rounds], %[rounds], 8\n"
        "or %[flags], %[flags], %[rounds]\n"
        "movgr2fcsr $fcsr0, $zero\n"
        : [flags] "=&r"(flags), [rounds] "+r"(rounds), [mode] "+r"(mode)
        : [state] "r"(&state)
        : ALL(FP_NAME) "$fcc0", "$fcc1", "$fcc6", "$fcc7", "memory");
    return flags;
}

unsigned long run_lsx(Registers& state, unsigned long rounds) {
    asm volatile(
        ALL(LSX_LOAD)
        "1:\n"
        RING(LSX_SUM) UPPER(LSX_STEP)
        "addi.d %[rounds], %[rounds], -1\n"
        "bnez %[rounds], 1b\n"
        ALL(LSX_STORE)
        : [rounds] "+r"(rounds)
        : [state] "r"(&state)
        : ALL(FP_NAME) "memory");
    return 0;
}

unsigned long run_lasx(Registers& state, unsigned long rounds) {
    asm volatile(
        ALL(LASX_LOAD)
        "1:\n"
        RING(LASX_SUM) UPPER(LASX_STEP)
        "addi.d %[rounds], %[rounds], -1\n"
        "bnez %[rounds], 1b\n"
        ALL(LASX_STORE)
        : [rounds] "+r"(rounds)
        : [state] "r"(&state)
        : ALL(FP_NAME) "memory");
    return 0;
}

// clang-format on

double start_value(unsigned number) {
    return 0.1 + 0.8 * static_cast<double>(number) / 128;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: vector-sum fp|lsx|lasx ROUNDS\n");
        return 2;
    }
    Registers state;
    const bool fp = std::strcmp(argv[1], "fp") == 0;
    for (unsigned n = 0; n < 32; ++n) {
        for (unsigned lane = 0; lane < 4; ++lane) {
            const double value = n == 31 ? 3.9 : start_value(n * 4 + lane);
            std::memcpy(&state.lane[n][lane], &value, sizeof value);
        }
    }
    const unsigned long rounds = std::strtoul(argv[2], nullptr, 0);
    if (rounds == 0) return 2;
    unsigned long sum = 0xcbf29ce484222325;
    if (fp) {
        sum ^= run_fp(state, rounds);
    } else {
        sum ^= std::strcmp(argv[1], "lsx") == 0 ? run_lsx(state, rounds) : run_lasx(state, rounds);
    }
    const auto* bytes = reinterpret_cast<const unsigned char*>(&state);
    for (unsigned i = 0; i < sizeof state; ++i) sum = (sum ^ bytes[i]) * 0x100000001b3;
    std::printf("%s %016lx\n", argv[1], sum);
    return 0;
}
