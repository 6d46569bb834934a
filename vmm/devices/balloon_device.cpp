// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/devices/balloon_device.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <utility>

#include <sys/mman.h>
#include <unistd.h>

namespace lkvm::vmm {

namespace {

/// How long the guest may take to send statistics.
constexpr std::chrono::seconds patience{1};

}  // namespace

HostReclaimer::HostReclaimer(const GuestMemory& memory)
    : memory_(memory)
    , host_page_(static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE))) {}

void HostReclaimer::give_back(Gpa where, std::uint64_t size) {
    const Result<std::span<std::byte>> bytes = memory_.slice(where, size);
    if (!bytes.has_value()) return;
    // Where banks lie on the host, addresses are aligned as in the guest.
    const std::uint64_t begin = (where.value + host_page_ - 1) / host_page_ * host_page_;
    const std::uint64_t end = (where.value + size) / host_page_ * host_page_;
    if (begin >= end) return;
    // Memory that cannot go (huge pages of hugetlbfs in part) stays, which is allowed.
    ::madvise(bytes->data() + (begin - where.value), end - begin, MADV_DONTNEED);
}

void HostReclaimer::allow_huge_pages(bool allowed) {
    if (huge_pages_.exchange(allowed) == allowed) return;
    for (const RamBank& bank : memory_.banks().all()) {
        ::madvise(bank.host, bank.size, allowed ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    }
}

BalloonDevice::BalloonDevice(DevicePlace given)
    : HostedDevice(std::move(given))
    , reclaimer_(place().memory)
    , patience_(loop_, [this] { answer_queries(); })
    , device_(place().memory, reclaimer_, *this) {
    // All queues have the same owner.
    std::vector<EventLoop*> loops(device_.queues().size(), &loop_);
    attach(device_, virtio::RingFormat::split, loops);
}

void BalloonDevice::set_target(std::uint64_t bytes) {
    const std::uint64_t most = place().memory.banks().total_size();
    const std::uint64_t pages = std::min(bytes, most) / virtio::balloon::page_size;
    reclaimer_.allow_huge_pages(pages == 0);
    device_.set_target(static_cast<std::uint32_t>(std::min<std::uint64_t>(pages, UINT32_MAX)));
}

std::uint64_t BalloonDevice::target() const {
    return device_.target() * virtio::balloon::page_size;
}

BalloonState BalloonDevice::state() const {
    BalloonState state;
    state.target_bytes = target();
    state.actual_bytes = device_.actual() * virtio::balloon::page_size;
    state.inflated_bytes = device_.inflated_bytes();
    state.reported_bytes = device_.reported_bytes();
    state.guest = statistics_;
    return state;
}

void BalloonDevice::query(Tell tell) {
    waiting_.push_back(std::move(tell));
    if (waiting_.size() > 1) return;  // asked already
    patience_.start(patience);
    if (!device_.request_statistics()) answer_queries();
}

void BalloonDevice::statistics(const virtio::balloon::Statistics& statistics) {
    statistics_ = statistics;
    answer_queries();
}

void BalloonDevice::answer_queries() {
    patience_.cancel();
    const std::vector<Tell> waiting = std::exchange(waiting_, {});
    for (const Tell& tell : waiting) tell(state());
}

}  // namespace lkvm::vmm
