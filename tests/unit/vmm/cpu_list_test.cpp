// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/host/cpu_list.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include <sched.h>

namespace lkvm::test {
namespace {

using testing::HasSubstr;
using vmm::CpuList;

/// The CPUs that this process may use.
std::vector<unsigned> host_cpus() {
    cpu_set_t set;
    EXPECT_EQ(::sched_getaffinity(0, sizeof(set), &set), 0);
    std::vector<unsigned> cpus;
    for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
    }
    return cpus;
}

TEST(CpuList, HasTheNumbersAndRangesThatWereNamed) {
    const std::vector<unsigned> cpus = host_cpus();
    const unsigned first = cpus.front();
    const auto one = CpuList::parse("--x", std::to_string(first));
    ASSERT_TRUE(one.has_value());
    EXPECT_TRUE(one.value().restricts());
    EXPECT_TRUE(one.value().has(first));
    EXPECT_FALSE(one.value().has(first + 1));
    if (cpus.size() < 2 || cpus[1] != first + 1) GTEST_SKIP() << "no two CPUs side by side";
    const std::string range = std::to_string(first) + "-" + std::to_string(first + 1);
    const std::string both = std::to_string(first + 1) + "," + std::to_string(first);
    for (const std::string& list : {range, both}) {
        const auto two = CpuList::parse("--x", list);
        ASSERT_TRUE(two.has_value()) << list;
        EXPECT_TRUE(two.value().has(first) && two.value().has(first + 1)) << list;
        EXPECT_FALSE(two.value().has(first + 2)) << list;
    }
}

TEST(CpuList, RefusesWhatIsNoList) {
    for (const char* list : {"", ",", "0,", ",0", "a", "0-", "-1", "1-0", "0-a", "0--1", "0 ",
                             "1024", "18446744073709551616"}) {
        const auto parsed = CpuList::parse("--vcpu-affinity", list);
        ASSERT_FALSE(parsed.has_value()) << list;
        EXPECT_EQ(parsed.failure().code, vmm::ExitCode::usage_error);
        EXPECT_THAT(parsed.failure().message, HasSubstr("--vcpu-affinity"));
    }
}

TEST(CpuList, RefusesCpusThatTheHostDoesNotHave) {
    const auto parsed = CpuList::parse("--vcpu-affinity", "0,1023");
    ASSERT_FALSE(parsed.has_value());
    EXPECT_THAT(parsed.failure().message, HasSubstr("CPU 1023"));
}

TEST(CpuList, KeepsAThreadOnItsCpus) {
    const unsigned last = host_cpus().back();
    const auto parsed = CpuList::parse("--x", std::to_string(last));
    ASSERT_TRUE(parsed.has_value());
    std::vector<unsigned> seen;
    std::thread([&] {
        parsed.value().apply_to_this_thread();
        seen = host_cpus();
    }).join();
    EXPECT_EQ(seen, std::vector<unsigned>{last});
    std::thread([&] {
        CpuList().apply_to_this_thread();
        seen = host_cpus();
    }).join();
    EXPECT_EQ(seen, host_cpus());
}

TEST(VcpuAffinity, GoesToAllVcpusOrToOne) {
    const std::string cpu = std::to_string(host_cpus().front());
    EXPECT_TRUE(vmm::parse_affinity({}, 2).value().empty());
    const auto all = vmm::parse_affinity({cpu}, 3);
    ASSERT_TRUE(all.has_value());
    ASSERT_EQ(all.value().size(), 3u);
    for (const CpuList& list : all.value()) EXPECT_TRUE(list.restricts());
    const auto one = vmm::parse_affinity({"1:" + cpu}, 3);
    ASSERT_TRUE(one.has_value());
    EXPECT_FALSE(one.value()[0].restricts());
    EXPECT_TRUE(one.value()[1].restricts());
    EXPECT_FALSE(one.value()[2].restricts());
}

TEST(VcpuAffinity, RefusesVcpusThatAreNotThere) {
    for (const char* option : {"3:0", ":0", "x:0", "-1:0"}) {
        const auto parsed = vmm::parse_affinity({option}, 3);
        ASSERT_FALSE(parsed.has_value()) << option;
        EXPECT_THAT(parsed.failure().message, HasSubstr("from 0 to 2")) << option;
    }
}

}  // namespace
}  // namespace lkvm::test
