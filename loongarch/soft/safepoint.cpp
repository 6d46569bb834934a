// SPDX-License-Identifier: GPL-2.0-or-later
#include "loongarch/soft/safepoint.hpp"

namespace lkvm::la {

void Safepoint::enter() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return !exclusive_; });
    ++inside_;
}

void Safepoint::leave() {
    const std::lock_guard lock{mutex_};
    --inside_;
    changed_.notify_all();
}

void Safepoint::poll() {
    std::unique_lock lock{mutex_};
    if (!exclusive_) return;
    --inside_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !exclusive_; });
    ++inside_;
}

void Safepoint::begin_exclusive(bool inside) {
    std::unique_lock lock{mutex_};
    if (inside) {
        --inside_;
        changed_.notify_all();
    }
    changed_.wait(lock, [&] { return !exclusive_; });
    exclusive_ = true;
    if (inside_ != 0) {
        lock.unlock();
        interrupt_all_();
        lock.lock();
        changed_.wait(lock, [&] { return inside_ == 0; });
    }
}

void Safepoint::end_exclusive(bool inside) {
    const std::lock_guard lock{mutex_};
    exclusive_ = false;
    if (inside) ++inside_;
    changed_.notify_all();
}

}  // namespace lkvm::la
