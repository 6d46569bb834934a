// SPDX-License-Identifier: GPL-2.0-or-later
// First inputs of the virtio fuzz targets: steps of VirtioMachine that a sane driver would take.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/fuzz/virtio_machine.hpp"

namespace lkvm::test {

/// Writes inputs in the form that VirtioMachine reads.
class VirtioSeed {
public:
    /// `options` as in VirtioMachine: bit 0 packed, 1 event index, 2 no indirect, 3 ring reset.
    /// Devices with an option byte of their own take it first.
    explicit VirtioSeed(std::vector<std::uint8_t> head)
        : bytes_(std::move(head)) {}

    VirtioSeed& memory(std::uint64_t offset, const std::vector<std::uint8_t>& content) {
        byte(0);
        word(static_cast<std::uint16_t>(offset));
        byte(static_cast<std::uint8_t>(content.size() - 1));
        bytes_.insert(bytes_.end(), content.begin(), content.end());
        return *this;
    }
    VirtioSeed& kick(unsigned queue) { return byte(static_cast<std::uint8_t>(2 + 8 * queue)); }
    VirtioSeed& write(std::uint64_t offset, std::uint32_t value) {
        byte(3 + 8 * 2);  // 4 bytes
        word(static_cast<std::uint16_t>(offset));
        word(static_cast<std::uint16_t>(value));
        return word(static_cast<std::uint16_t>(value >> 16));
    }
    VirtioSeed& host(std::uint8_t what) {
        byte(6);
        return byte(what);
    }

    struct Piece {
        std::uint64_t offset = 0;
        std::uint32_t length = 0;
        bool writable = false;
    };

    /// A chain in the first entries of a ring, available, with a kick.
    VirtioSeed& chain(unsigned queue, bool packed, const std::vector<Piece>& pieces) {
        const auto places = VirtioMachine::ring_place(queue);
        std::vector<std::uint8_t> table;
        for (std::size_t i = 0; i < pieces.size(); ++i) {
            const bool last = i + 1 == pieces.size();
            const unsigned flags = (last ? 0u : 1u) | (pieces[i].writable ? 2u : 0u);
            append(table, FuzzRam::base.value + pieces[i].offset, 8);
            append(table, pieces[i].length, 4);
            append(table, packed ? 7 : flags, 2);
            append(table, packed ? flags | 0x80u : i + 1, 2);
        }
        memory(places.descriptors, table);
        if (!packed) memory(places.driver, {0, 0, 1, 0, 0, 0});
        return kick(queue);
    }

    [[nodiscard]] const std::vector<std::uint8_t>& bytes() const { return bytes_; }

private:
    static void append(std::vector<std::uint8_t>& to, std::uint64_t value, unsigned size) {
        for (unsigned i = 0; i < size; ++i) to.push_back(static_cast<std::uint8_t>(value >> 8 * i));
    }
    VirtioSeed& byte(std::uint8_t value) {
        bytes_.push_back(value);
        return *this;
    }
    VirtioSeed& word(std::uint16_t value) {
        append(bytes_, value, 2);
        return *this;
    }

    std::vector<std::uint8_t> bytes_;
};

struct NamedSeed {
    std::string path;  ///< target and name
    std::vector<std::uint8_t> bytes;
};

inline std::vector<NamedSeed> virtio_seeds() {
    std::vector<NamedSeed> seeds;
    constexpr std::uint64_t data = 0x8000;
    for (const bool packed : {false, true}) {
        const std::string target = packed ? "virtio_packed_fuzz" : "virtio_split_fuzz";
        const std::uint8_t format = packed ? 1 : 0;
        for (const std::uint8_t options : {std::uint8_t{0}, std::uint8_t{2}}) {
            VirtioSeed seed({static_cast<std::uint8_t>(options | format)});
            seed.chain(0, packed, {{data, 16, false}, {data + 16, 512, true}}).host(0);
            seeds.push_back({target + "/good-" + std::to_string(options), seed.bytes()});
        }
        // A read of one sector, a flush, a discard, each with its header at `data`.
        for (const unsigned type : {0u, 1u, 4u, 8u, 11u, 13u}) {
            VirtioSeed seed({0, format});
            seed.memory(data, {static_cast<std::uint8_t>(type), 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0,
                               0, 0, 0});
            seed.memory(data + 16, {2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0});
            const bool reads = type == 0 || type == 8;
            const bool ranges = type >= 11;
            seed.chain(0, packed,
                       {{data, 16, false},
                        {data + 16, ranges ? 16u : 512u, reads},
                        {data + 1024, 1, true}});
            seeds.push_back({"virtio_blk_fuzz/type-" + std::to_string(type) + (packed ? "p" : ""),
                             seed.bytes()});
        }
        VirtioSeed console({format});
        console.chain(2, packed, {{data, 64, true}});
        console.memory(data + 256, {0, 0, 0, 0, 0, 0, 1, 0});
        console.chain(3, packed, {{data + 256, 8, false}});
        console.chain(1, packed, {{data + 300, 20, false}});
        console.chain(0, packed, {{data + 400, 20, true}}).host(0).host(3);
        seeds.push_back(
            {std::string("virtio_console_fuzz/good") + (packed ? "p" : ""), console.bytes()});
    }
    VirtioSeed mmio({0});
    mmio.write(0x70, 1).write(0x70, 3).write(0x24, 1).write(0x20, 1).write(0x70, 11);
    mmio.write(0x70, 15).write(0x70, 0);
    seeds.push_back({"virtio_mmio_fuzz/negotiation", mmio.bytes()});
    return seeds;
}

}  // namespace lkvm::test
