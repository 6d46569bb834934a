// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/host/standard_files.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lkvm::test {
namespace {

/// How a child process ends in which the checks below are made.
template<class Checks>
int in_child(Checks checks) {
    const pid_t child = ::fork();
    if (child == 0) std::_Exit(checks() ? EXIT_SUCCESS : EXIT_FAILURE);
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return status;
}

TEST(StandardFiles, KeepWhatIsOpenedLaterFromBecomingTheConsole) {
    EXPECT_EQ(in_child([] {
                  for (int number = 0; number < 3; ++number) ::close(number);
                  vmm::occupy_standard_files();
                  return ::open("/", O_RDONLY | O_CLOEXEC) > 2;
              }),
              0);
}

TEST(StandardFiles, CanBeUsedNoMoreThanWhenTheyWereClosed) {
    EXPECT_EQ(in_child([] {
                  for (int number = 0; number < 2; ++number) ::close(number);
                  vmm::occupy_standard_files();
                  char byte = 0;
                  return ::read(0, &byte, 1) < 0 && ::write(1, &byte, 1) < 0;
              }),
              0);
}

TEST(StandardFiles, StayWhatTheyAreWhenOpen) {
    EXPECT_EQ(in_child([] {
                  int ends[2];
                  if (::pipe(ends) != 0) return false;
                  ::dup2(ends[0], 0);
                  ::dup2(ends[1], 1);
                  vmm::occupy_standard_files();
                  char byte = 'a';
                  if (::write(1, &byte, 1) != 1) return false;
                  byte = 'b';
                  return ::read(0, &byte, 1) == 1 && byte == 'a';
              }),
              0);
}

}  // namespace
}  // namespace lkvm::test
