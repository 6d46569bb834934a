// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/soft/code_memory.hpp"

#include <cerrno>
#include <cstdint>
#include <utility>

#include "vmm/text.hpp"

#include <sys/mman.h>

namespace lkvm::vmm {

namespace {

constexpr std::size_t huge_page = std::size_t{2} << 20;

}  // namespace

Outcome<CodeMemory> CodeMemory::create(std::size_t bytes) {
    CodeMemory memory;
    const std::size_t reserved = bytes + 2 * huge_page;
    void* const area =
        ::mmap(nullptr, reserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (area == MAP_FAILED) {
        return setup_failure(text("--code-cache: the host cannot give ", bytes >> 20,
                                  " MB of memory (", system_error_text(errno), ')'));
    }
    memory.reserved_ = {static_cast<std::byte*>(area), reserved};
    const std::size_t before = huge_page - reinterpret_cast<std::uintptr_t>(area) % huge_page;
    memory.bytes_ = memory.reserved_.subspan(before, bytes);
    if (::mprotect(memory.bytes_.data(), bytes, PROT_READ | PROT_WRITE) != 0) {
        return setup_failure(text("--code-cache: ", system_error_text(errno)));
    }
    // Advice only.
    ::madvise(memory.bytes_.data(), bytes, MADV_HUGEPAGE);
    ::madvise(memory.bytes_.data(), bytes, MADV_DONTDUMP);
    return memory;
}

CodeMemory::CodeMemory(CodeMemory&& other) noexcept
    : reserved_(std::exchange(other.reserved_, {}))
    , bytes_(std::exchange(other.bytes_, {})) {}

CodeMemory& CodeMemory::operator=(CodeMemory&& other) noexcept {
    std::swap(reserved_, other.reserved_);
    std::swap(bytes_, other.bytes_);
    return *this;
}

CodeMemory::~CodeMemory() {
    if (!reserved_.empty()) ::munmap(reserved_.data(), reserved_.size());
}

std::span<std::byte> CodeMemory::share(unsigned index, unsigned count) const {
    // Whole cache lines, as blocks are aligned.
    const std::size_t each = bytes_.size() / count / 64 * 64;
    return bytes_.subspan(index * each, each);
}

}  // namespace lkvm::vmm
