// SPDX-License-Identifier: GPL-2.0-or-later
// Random bytes for all zones, grown from a seed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <lkvm/entropy_source.hpp>
#include <lkvm/spin_lock.hpp>

#include "baremetal/entropy/chacha20.hpp"

namespace lkvm::hv {

/// ChaCha20 with a key that is replaced after every request, so that what was given out cannot be
/// computed from what is kept. It is as good as what add() got and no better; without that it
/// gives nothing. Any CPU.
class RandomPool final : public EntropySource {
public:
    /// At this much of a good source the pool is open.
    static constexpr std::size_t enough = 32;

    /// Mixes bytes of a good source in: a hardware generator or a seed of firmware's.
    void add(std::span<const std::byte> seed);
    [[nodiscard]] bool seeded();

    // EntropySource: any CPU, up to 4 KiB at once
    [[nodiscard]] std::size_t fill(std::span<std::byte> to) override;

private:
    void stir(std::span<std::byte> out);

    SpinLock lock_;
    ChaChaKey key_{};
    std::size_t collected_ = 0;
};

}  // namespace lkvm::hv
