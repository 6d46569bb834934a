// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/host/memory_mapping.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include "vmm/text.hpp"

#include <sys/mman.h>

namespace lkvm::vmm {

namespace {

void unmap(std::byte* start, std::uint64_t size) {
    if (size != 0) ::munmap(start, size);
}

}  // namespace

Outcome<MemoryMapping> MemoryMapping::create(std::uint64_t size, std::uint64_t guest_address) {
    const auto refused = [&] {
        return setup_failure(text("--mem: the host cannot give ", size >> 20, " MB of memory (",
                                  system_error_text(errno), ')'));
    };
    if (size > (std::uint64_t{1} << 62)) {
        errno = ENOMEM;
        return refused();
    }
    const std::uint64_t reserved = size + placement_unit;
    void* const area = ::mmap(nullptr, reserved, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (area == MAP_FAILED) return refused();
    auto* const start = static_cast<std::byte*>(area);
    const std::uint64_t offset =
        (guest_address - reinterpret_cast<std::uintptr_t>(start)) % placement_unit;
    unmap(start, offset);
    unmap(start + offset + size, placement_unit - offset);

    MemoryMapping mapping;
    mapping.bytes_ = {start + offset, static_cast<std::size_t>(size)};
    // Advice only: without huge pages, or with the memory in core dumps, all works as well.
    ::madvise(start + offset, size, MADV_HUGEPAGE);
    ::madvise(start + offset, size, MADV_DONTDUMP);
    return mapping;
}

MemoryMapping::MemoryMapping(MemoryMapping&& other) noexcept
    : bytes_(std::exchange(other.bytes_, {})) {}

MemoryMapping& MemoryMapping::operator=(MemoryMapping&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
}

MemoryMapping::~MemoryMapping() {
    unmap(bytes_.data(), bytes_.size());
}

void MemoryMapping::clear() {
    if (bytes_.empty()) return;
    if (::madvise(bytes_.data(), bytes_.size(), MADV_DONTNEED) != 0) {
        std::memset(bytes_.data(), 0, bytes_.size());
    }
}

}  // namespace lkvm::vmm
