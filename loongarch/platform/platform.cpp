// SPDX-License-Identifier: GPL-2.0-or-later
// The platform's devices, and the whole platform with its own interrupt chips.
#include "loongarch/platform/platform.hpp"

namespace lkvm::la {

namespace {

constexpr AccessSizes bytes_only{1};
constexpr AccessSizes words_only{4};

}  // namespace

Result<> PlatformDevices::add_to(MmioBus& bus) {
    using namespace memory_map;
    LKVM_TRY(bus.add(uart_base, uart_size, uart_, bytes_only));
    LKVM_TRY(bus.add(rtc_pm_base, rtc_base.value - rtc_pm_base.value + rtc_size, rtc_, words_only));
    LKVM_TRY(bus.add(power_base, power_size, power_, bytes_only));
    LKVM_TRY(bus.add(legacy_io_base, legacy_io_size, legacy_io_));
    return {};
}

void PlatformDevices::reset() {
    uart_.reset();
    rtc_.reset();
}

Result<> Platform::add_to(MmioBus& bus) {
    LKVM_TRY(bus.add(memory_map::pch_pic_base, memory_map::pch_pic_size, chips_.pch_pic()));
    return devices_.add_to(bus);
}

void Platform::reset() {
    devices_.reset();
    chips_.reset();
}

}  // namespace lkvm::la
