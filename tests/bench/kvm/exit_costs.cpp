// SPDX-License-Identifier: GPL-2.0-or-later
// In a guest under KVM, whose host runs on the software CPU: markers (see --markers) around many
// MMIO exits, and around many kicks of a virtio queue. No driver may have the device.
//   exit-costs COUNT
// Markers 1 and 2: COUNT reads of a device's register. 3 and 4: COUNT stores to QueueNotify of the
// device in the first slot. 5 and 6: COUNT turns of an empty loop.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include <fcntl.h>
#include <sys/mman.h>

namespace {

constexpr off_t virtio_base = 0x16000000;
constexpr std::size_t magic_value = 0;
constexpr std::size_t queue_notify = 0x50 / 4;

#define MARKER(number) asm volatile("andi $zero, $zero, " #number ::: "memory")

}  // namespace

int main(int count, char** arguments) {
    const long turns = count > 1 ? std::atol(arguments[1]) : 1000;
    const int memory = ::open("/dev/mem", O_RDWR | O_SYNC);
    void* const window =
        ::mmap(nullptr, 0x4000, PROT_READ | PROT_WRITE, MAP_SHARED, memory, virtio_base);
    if (memory < 0 || window == MAP_FAILED) {
        std::perror("exit-costs");
        return 1;
    }
    auto* const registers = static_cast<volatile std::uint32_t*>(window);
    std::uint32_t magic = registers[magic_value];
    registers[queue_notify] = 0;
    MARKER(1);
    for (long i = 0; i < turns; ++i) magic &= registers[magic_value];
    MARKER(2);
    MARKER(3);
    for (long i = 0; i < turns; ++i) registers[queue_notify] = 0;
    MARKER(4);
    MARKER(5);
    for (long i = 0; i < turns; ++i) asm volatile("" ::: "memory");
    MARKER(6);
    std::printf("magic %x\n", magic);
    return 0;
}
