// SPDX-License-Identifier: GPL-2.0-or-later
// Kernel images made to order, and RAM to load them into.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include <lkvm/guest_memory.hpp>
#include <lkvm/ram_banks.hpp>

namespace lkvm::test {

using Image = std::vector<std::byte>;

template<class T>
void put(Image& image, std::size_t offset, T value) {
    if (image.size() < offset + sizeof(value)) image.resize(offset + sizeof(value));
    std::memcpy(image.data() + offset, &value, sizeof(value));
}

struct PeOptions {
    std::uint64_t load_offset = 0x200000;
    std::uint64_t entry = 0x201000;
    std::uint64_t memory_size = 0x8000;
    std::uint64_t file_size = 0x3000;
    std::uint16_t machine = 0x6264;
    std::uint32_t magic = 0x818223cd;
};

/// Header at 0, PE headers at 0x40, one section from 0x1000 to the end; every byte of the section
/// is 0x5a.
inline Image make_pe(const PeOptions& options = {}) {
    Image image(options.file_size, std::byte{0});
    for (std::size_t i = 0x1000; i < image.size(); ++i) image[i] = std::byte{0x5a};
    put<std::uint16_t>(image, 0, 0x5a4d);
    put(image, 0x08, options.entry);
    put(image, 0x10, options.memory_size);
    put(image, 0x18, options.load_offset);
    put(image, 0x38, options.magic);
    put<std::uint32_t>(image, 0x3c, 0x40);
    put<std::uint32_t>(image, 0x40, 0x4550);
    put(image, 0x44, options.machine);
    put<std::uint16_t>(image, 0x46, 1);     // sections
    put<std::uint16_t>(image, 0x54, 0xa0);  // optional header
    put(image, 0x58 + 0xa0 + 16, static_cast<std::uint32_t>(options.file_size - 0x1000));
    put<std::uint32_t>(image, 0x58 + 0xa0 + 20, 0x1000);
    return image;
}

struct ElfSegment {
    std::uint64_t paddr = 0x9000000000200000;
    std::uint64_t filesz = 0x1000;
    std::uint64_t memsz = 0x2000;
    std::byte fill{0x77};
    std::uint32_t type = 1;
};

struct ElfOptions {
    std::vector<ElfSegment> segments{ElfSegment{}};
    std::uint64_t entry = 0x9000000000200040;
    std::uint16_t type = 2;
    std::uint16_t machine = 258;
    std::uint8_t elf_class = 2;
    std::uint8_t data = 1;
    /// Name of the only symbol; empty: no symbol table.
    std::string_view symbol{};
};

inline Image make_elf(const ElfOptions& options = {}) {
    Image image;
    put<std::uint32_t>(image, 0, 0x464c457f);
    put(image, 4, options.elf_class);
    put(image, 5, options.data);
    put(image, 16, options.type);
    put(image, 18, options.machine);
    put(image, 24, options.entry);
    put<std::uint64_t>(image, 32, 64);
    put<std::uint16_t>(image, 54, 56);
    put(image, 56, static_cast<std::uint16_t>(options.segments.size()));
    std::size_t header = 64;
    std::size_t data = 0x1000;
    for (const ElfSegment& segment : options.segments) {
        put(image, header, segment.type);
        put<std::uint64_t>(image, header + 8, data);
        put(image, header + 16, segment.paddr);
        put(image, header + 24, segment.paddr);
        put(image, header + 32, segment.filesz);
        put(image, header + 40, segment.memsz);
        header += 56;
        image.resize(data);
        image.resize(data + segment.filesz, segment.fill);
        data = image.size();
    }
    image.resize(data);
    if (!options.symbol.empty()) {
        // Symbols (one empty, one named), strings, then section headers: none, symbols, strings.
        const std::size_t symbols = image.size();
        put<std::uint32_t>(image, symbols + 24, 1);
        image.resize(symbols + 48);
        const std::size_t strings = image.size();
        image.resize(strings + options.symbol.size() + 2);
        std::memcpy(image.data() + strings + 1, options.symbol.data(), options.symbol.size());
        const std::size_t sections = image.size();
        image.resize(sections + 3 * 64);
        put<std::uint32_t>(image, sections + 64 + 4, 2);
        put<std::uint64_t>(image, sections + 64 + 24, symbols);
        put<std::uint64_t>(image, sections + 64 + 32, 48);
        put<std::uint32_t>(image, sections + 64 + 40, 2);
        put<std::uint32_t>(image, sections + 128 + 4, 3);
        put<std::uint64_t>(image, sections + 128 + 24, strings);
        put<std::uint64_t>(image, sections + 128 + 32, options.symbol.size() + 2);
        put<std::uint64_t>(image, 40, sections);
        put<std::uint16_t>(image, 58, 64);
        put<std::uint16_t>(image, 60, 3);
    }
    return image;
}

/// Banks with memory behind them, filled with 0xee.
class TestRam {
public:
    void add(std::uint64_t base, std::uint64_t size) {
        storage_.emplace_back(size, std::byte{0xee});
        LKVM_ASSERT(banks_.add({Gpa{base}, size, storage_.back().data()}).has_value());
    }
    [[nodiscard]] GuestMemory& memory() { return memory_; }
    [[nodiscard]] const RamBanks& banks() const { return banks_; }

    template<class T>
    [[nodiscard]] T at(std::uint64_t address) const {
        return memory_.read<T>(Gpa{address}).value();
    }

private:
    std::vector<std::vector<std::byte>> storage_;
    RamBanks banks_;
    GuestMemory memory_{banks_};
};

}  // namespace lkvm::test
