// SPDX-License-Identifier: GPL-2.0-or-later
// Device side of a split ring against any driver.
#include "tests/fuzz/virtio_queue_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    return lkvm::test::fuzz_queue(data, size, false);
}
