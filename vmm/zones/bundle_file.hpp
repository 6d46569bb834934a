// SPDX-License-Identifier: GPL-2.0-or-later
// A bundle that somebody made, for `lkvm pack --check`, `--print` and `lkvm run --bundle`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <lkvm/bundle.hpp>

#include "vmm/host/input_file.hpp"
#include "vmm/outcome.hpp"

namespace lkvm::vmm {

/// An open file with a bundle in it, whose records are checked. Immutable.
class BundleFile {
public:
    /// A bundle, or an image of the hypervisor with one behind it. Failures name option and file.
    [[nodiscard]] static Outcome<BundleFile> open(const std::string& option,
                                                  const std::string& path);

    [[nodiscard]] std::span<const bundle::Zone> zones() const { return zones_; }
    /// The zone of that name, or a failure that lists the names.
    [[nodiscard]] Outcome<const bundle::Zone*> find(const std::string& name) const;

    /// All checksums, and that every zone's images fit into its memory.
    [[nodiscard]] Outcome<> check_images() const;
    /// The same for one of zones().
    [[nodiscard]] Outcome<> check_zone(const bundle::Zone& zone) const;

    /// Where an image is in the file.
    [[nodiscard]] FilePart part(const bundle::Image& image) const {
        return {start_ + image.offset, image.size};
    }

    /// Reads a part of an image.
    [[nodiscard]] Outcome<> read(const bundle::Image& image, std::uint64_t offset,
                                 std::span<std::byte> to) const;
    [[nodiscard]] Outcome<std::vector<std::byte>> read_image(const bundle::Image& image) const;

private:
    BundleFile(std::string option, std::string path, InputFile file)
        : option_(std::move(option))
        , path_(std::move(path))
        , file_(std::move(file)) {}

    [[nodiscard]] Outcome<> find_start();
    [[nodiscard]] Outcome<> read_records();

    std::string option_;
    std::string path_;
    InputFile file_;
    std::uint64_t start_ = 0;  ///< of the bundle in the file
    std::uint64_t size_ = 0;   ///< of the file from there on
    std::vector<bundle::Zone> zones_;
};

}  // namespace lkvm::vmm
