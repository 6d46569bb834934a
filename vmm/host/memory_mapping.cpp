// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/host/memory_mapping.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "vmm/host/unique_fd.hpp"
#include "vmm/text.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/vfs.h>

namespace lkvm::vmm {

namespace {

void unmap(std::byte* start, std::uint64_t size) {
    if (size != 0) ::munmap(start, size);
}

/// Address space of `size` bytes whose start equals `guest_address` modulo `unit`; null: refused.
std::byte* reserve(std::uint64_t size, std::uint64_t guest_address, std::uint64_t unit) {
    if (size > (std::uint64_t{1} << 62)) {
        errno = ENOMEM;
        return nullptr;
    }
    void* const area =
        ::mmap(nullptr, size + unit, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (area == MAP_FAILED) return nullptr;
    auto* const start = static_cast<std::byte*>(area);
    const std::uint64_t offset = (guest_address - reinterpret_cast<std::uintptr_t>(start)) % unit;
    unmap(start, offset);
    unmap(start + offset + size, unit - offset);
    return start + offset;
}

Failure refused(std::uint64_t size) {
    return setup_failure(text("--mem: the host cannot give ", size >> 20, " MB of memory (",
                              system_error_text(errno), ')'));
}

/// A file without a name, on hugetlbfs.
Outcome<UniqueFd> huge_file(const std::string& directory, std::uint64_t& page_size) {
    const auto failed = [&directory](const std::string& why) {
        return setup_failure(text("--hugetlbfs '", directory, "': ", why));
    };
    constexpr decltype(statfs::f_type) hugetlbfs_magic = 0x958458f6;
    struct statfs about{};
    if (::statfs(directory.c_str(), &about) != 0) return failed(system_error_text(errno));
    if (about.f_type != hugetlbfs_magic) {
        return failed("not a hugetlbfs file system; mount one there with 'mount -t hugetlbfs'");
    }
    page_size = static_cast<std::uint64_t>(about.f_bsize);
    std::string name = directory + "/lkvm-XXXXXX";
    UniqueFd file{::mkostemp(name.data(), O_CLOEXEC)};
    if (!file.valid()) return failed(system_error_text(errno));
    ::unlink(name.c_str());
    return file;
}

}  // namespace

Outcome<MemoryMapping> MemoryMapping::create(std::uint64_t size, std::uint64_t guest_address) {
    std::byte* const start = reserve(size, guest_address, placement_unit);
    if (start == nullptr) return refused(size);
    MemoryMapping mapping;
    mapping.bytes_ = mapping.mapped_ = {start, static_cast<std::size_t>(size)};
    if (::mprotect(start, size, PROT_READ | PROT_WRITE) != 0) return refused(size);
    // Advice only: without huge pages, or with the memory in core dumps, all works as well.
    ::madvise(start, size, MADV_HUGEPAGE);
    ::madvise(start, size, MADV_DONTDUMP);
    return mapping;
}

Outcome<MemoryMapping> MemoryMapping::create_huge(std::uint64_t size, std::uint64_t guest_address,
                                                  const std::string& directory) {
    std::uint64_t page = 0;
    const UniqueFd file = LKVM_CHECK(huge_file(directory, page));
    const std::uint64_t front = guest_address % page;
    const std::uint64_t whole = (front + size + page - 1) / page * page;
    std::byte* const start =
        reserve(whole, guest_address - front, std::max(page, std::uint64_t{placement_unit}));
    if (start == nullptr) return refused(size);
    MemoryMapping mapping;
    mapping.mapped_ = {start, static_cast<std::size_t>(whole)};
    mapping.huge_ = true;
    mapping.bytes_ = mapping.mapped_.subspan(front, size);
    // Private pages of it, which the kernel reserves now: later there is no lack of them.
    if (::mmap(start, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, file.value(), 0) ==
        MAP_FAILED) {
        return setup_failure(text("--hugetlbfs '", directory, "': ", whole / page,
                                  " free huge pages of ", page >> 10, " KB are needed (",
                                  system_error_text(errno), ')'));
    }
    ::madvise(start, whole, MADV_DONTDUMP);
    return mapping;
}

MemoryMapping::MemoryMapping(MemoryMapping&& other) noexcept
    : bytes_(std::exchange(other.bytes_, {}))
    , mapped_(std::exchange(other.mapped_, {}))
    , huge_(other.huge_) {}

MemoryMapping& MemoryMapping::operator=(MemoryMapping&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    std::swap(mapped_, other.mapped_);
    std::swap(huge_, other.huge_);
    return *this;
}

MemoryMapping::~MemoryMapping() {
    unmap(mapped_.data(), mapped_.size());
}

void MemoryMapping::clear() {
    if (bytes_.empty()) return;
    // Huge pages given back might not be there a second time.
    if (huge_ || ::madvise(mapped_.data(), mapped_.size(), MADV_DONTNEED) != 0) {
        std::memset(bytes_.data(), 0, bytes_.size());
    }
}

}  // namespace lkvm::vmm
