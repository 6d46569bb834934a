// SPDX-License-Identifier: GPL-2.0-or-later
// The header is that of Linux's LoongArch boot protocol and, if it says so, of PE32+ (Microsoft PE
// format §3 to §5).
#include "vmm/zones/image_file.hpp"

#include <cstring>

#include <lkvm/bundle.hpp>
#include <lkvm/endian.hpp>

#include "vmm/text.hpp"

namespace lkvm::vmm {
namespace {

constexpr std::size_t size_offset = 0x10;
constexpr std::size_t linux_magic_offset = 0x38;
constexpr std::uint32_t linux_magic = 0x818223cd;
constexpr std::size_t pe_offset_offset = 0x3c;
constexpr std::size_t linux_header_size = 0x40;
constexpr std::uint64_t max_image = std::uint64_t{256} << 20;

struct PeHeader {
    Le32 signature;
    Le16 machine;
    Le16 section_count;
    std::array<Le32, 3> unused;
    Le16 optional_size;
    Le16 characteristics;
};
static_assert(sizeof(PeHeader) == 24);
constexpr std::uint32_t pe_signature = 0x00004550;

// Offsets in the optional header of PE32+.
constexpr std::size_t section_alignment_offset = 32;
constexpr std::size_t image_size_offset = 56;
constexpr std::size_t headers_size_offset = 60;
constexpr std::size_t least_optional_size = 112;

struct Section {
    std::array<char, 8> name;
    Le32 memory_size;
    Le32 address;
    Le32 file_size;
    Le32 file_offset;
    std::array<Le32, 3> unused;
    Le32 characteristics;
};
static_assert(sizeof(Section) == 40);
constexpr std::uint32_t readable_data = 0x40000040;
constexpr std::array<char, 8> section_name{'.', 'b', 'u', 'n', 'd', 'l', 'e'};

template<class T>
T read_at(std::span<const std::byte> bytes, std::size_t offset) {
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof(value));
    return value;
}
template<class T>
void write_at(std::span<std::byte> bytes, std::size_t offset, const T& value) {
    std::memcpy(bytes.data() + offset, &value, sizeof(value));
}

class Image {
public:
    Image(const InputFile& file, std::vector<std::byte> bytes)
        : file_(file)
        , bytes_(std::move(bytes)) {}

    Outcome<std::vector<std::byte>> prepare(std::uint64_t bundle_size) {
        if (bytes_.size() < linux_header_size ||
            read_at<Le32>(bytes_, linux_magic_offset) != linux_magic) {
            return file_.failure("expected lkvm-zones.efi, which 'make baremetal' makes");
        }
        std::uint64_t end = read_at<Le64>(bytes_, size_offset);
        if (const std::uint64_t old = read_at<Le64>(bytes_, bundle::image_bundle_offset);
            old != 0) {
            end = old;
        }
        if (end > max_image || end % bundle::image_alignment != 0) {
            return file_.failure("the image's header is damaged");
        }
        if (bytes_.size() > end && read_at<Le64>(bytes_, bundle::image_bundle_offset) == 0) {
            return file_.failure("the image is longer than its header says");
        }
        bytes_.resize(end);
        const std::uint64_t rounded = (bundle_size + bundle::image_alignment - 1) /
                                      bundle::image_alignment * bundle::image_alignment;
        write_at(bytes_, size_offset, Le64{end + rounded});
        write_at(bytes_, bundle::image_bundle_offset, Le64{end});
        LKVM_CHECK(add_section(end, rounded));
        return std::move(bytes_);
    }

private:
    [[nodiscard]] bool inside(std::uint64_t offset, std::uint64_t size) const {
        return offset <= bytes_.size() && size <= bytes_.size() - offset;
    }

    Outcome<> add_section(std::uint64_t end, std::uint64_t size) {
        const std::uint64_t place = read_at<Le32>(bytes_, pe_offset_offset);
        if (!inside(place, sizeof(PeHeader))) return file_.failure("the PE header is damaged");
        auto header = read_at<PeHeader>(bytes_, place);
        // Without an optional header the image is not for firmware.
        if (header.signature != pe_signature || header.optional_size < least_optional_size) {
            return {};
        }
        const std::uint64_t optional = place + sizeof(PeHeader);
        const std::uint64_t table = optional + header.optional_size;
        std::uint64_t count = header.section_count;
        if (!inside(optional, header.optional_size) ||
            !inside(table, (count + 1) * sizeof(Section))) {
            return file_.failure("the PE header is damaged");
        }
        if (end + size > UINT32_MAX) {
            return file_.failure("image and bundle are too big for firmware (4 GB)");
        }
        const std::uint32_t alignment = read_at<Le32>(bytes_, optional + section_alignment_offset);
        if (alignment == 0 || end % alignment != 0) {
            return file_.failure(text("the image does not end at a multiple of ", alignment));
        }
        if (count != 0) {
            const auto last = read_at<Section>(bytes_, table + (count - 1) * sizeof(Section));
            if (last.name == section_name) --count;
        }
        const std::uint64_t entry = table + count * sizeof(Section);
        if (entry + sizeof(Section) > read_at<Le32>(bytes_, optional + headers_size_offset)) {
            return file_.failure("the section table has no room for the bundle");
        }
        Section section{};
        section.name = section_name;
        section.memory_size = section.file_size = static_cast<std::uint32_t>(size);
        section.address = section.file_offset = static_cast<std::uint32_t>(end);
        section.characteristics = readable_data;
        write_at(bytes_, entry, section);
        header.section_count = static_cast<std::uint16_t>(count + 1);
        write_at(bytes_, place, header);
        const std::uint64_t whole = (end + size + alignment - 1) / alignment * alignment;
        write_at(bytes_, optional + image_size_offset, Le32{static_cast<std::uint32_t>(whole)});
        return {};
    }

    const InputFile& file_;
    std::vector<std::byte> bytes_;
};

}  // namespace

Outcome<std::vector<std::byte>> prepare_image(const InputFile& file, std::uint64_t bundle_size) {
    return Image(file, LKVM_CHECK(file.read_all(max_image * 16))).prepare(bundle_size);
}

}  // namespace lkvm::vmm
