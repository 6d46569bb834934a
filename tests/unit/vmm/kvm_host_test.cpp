// SPDX-License-Identifier: GPL-2.0-or-later
// What a user is told when the host's KVM cannot be used.
#include "vmm/kvm/host.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace lkvm::test {
namespace {

using testing::HasSubstr;

TEST(KvmHost, SaysWhyTheDeviceCannotBeOpenedAndWhatToDo) {
    for (const int error : {ENOENT, ENODEV, ENXIO}) {
        EXPECT_THAT(vmm::kvm::why_not_open(error), HasSubstr("no KVM"));
        EXPECT_THAT(vmm::kvm::why_not_open(error), HasSubstr("--accel soft"));
    }
    for (const int error : {EACCES, EPERM}) {
        EXPECT_THAT(vmm::kvm::why_not_open(error), HasSubstr("permission denied"));
        EXPECT_THAT(vmm::kvm::why_not_open(error), HasSubstr("group"));
    }
    EXPECT_THAT(vmm::kvm::why_not_open(EBUSY), HasSubstr("/dev/kvm"));
}

TEST(KvmHost, NeedsRoomForTheMemoryMap) {
    EXPECT_EQ(vmm::kvm::why_too_narrow(47), "");
    EXPECT_EQ(vmm::kvm::why_too_narrow(32), "");
    EXPECT_THAT(vmm::kvm::why_too_narrow(31), HasSubstr("31 bits"));
    EXPECT_THAT(vmm::kvm::why_too_narrow(0), HasSubstr("--accel soft"));
}

TEST(KvmHost, IsRefusedOnOtherArchitectures) {
    if (vmm::kvm::host_is_loongarch()) GTEST_SKIP() << "this is a LoongArch host";
    const auto host = vmm::kvm::Host::open();
    ASSERT_FALSE(host.has_value());
    EXPECT_EQ(host.failure().code, vmm::ExitCode::setup_error);
    EXPECT_THAT(host.failure().message, HasSubstr("LoongArch hosts only; use --accel soft"));
}

}  // namespace
}  // namespace lkvm::test
