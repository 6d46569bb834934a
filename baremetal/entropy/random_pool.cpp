// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/entropy/random_pool.hpp"

#include <cstring>

namespace lkvm::hv {
namespace {

constexpr std::array<std::uint32_t, 3> no_nonce{};  // each key is used for one stream

/// Longest stretch under the lock.
constexpr std::size_t most_bytes = 256;

}  // namespace

/// Fills `out` from the stream of the key, then replaces the key by the stream's first half block.
void RandomPool::stir(std::span<std::byte> out) {
    const ChaChaBlock first = chacha20_block(key_, 0, no_nonce);
    std::uint32_t counter = 1;
    while (!out.empty()) {
        const ChaChaBlock block = chacha20_block(key_, counter++, no_nonce);
        const std::size_t count = out.size() < sizeof(block) ? out.size() : sizeof(block);
        std::memcpy(out.data(), block.data(), count);
        out = out.subspan(count);
    }
    std::memcpy(key_.data(), first.data(), sizeof(key_));
}

void RandomPool::add(std::span<const std::byte> seed) {
    const SpinGuard guard{lock_};
    collected_ = collected_ + seed.size() < enough ? collected_ + seed.size() : enough;
    while (!seed.empty()) {
        ChaChaKey part{};
        const std::size_t count = seed.size() < sizeof(part) ? seed.size() : sizeof(part);
        std::memcpy(part.data(), seed.data(), count);
        seed = seed.subspan(count);
        for (std::size_t i = 0; i < part.size(); ++i) key_[i] ^= part[i];
        stir({});
    }
}

bool RandomPool::seeded() {
    const SpinGuard guard{lock_};
    return collected_ == enough;
}

std::size_t RandomPool::fill(std::span<std::byte> to) {
    const SpinGuard guard{lock_};
    if (collected_ < enough) return 0;
    const std::size_t count = to.size() < most_bytes ? to.size() : most_bytes;
    stir(to.first(count));
    return count;
}

}  // namespace lkvm::hv
