// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/isa/program.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sstream>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace lkvm::test {
namespace {

struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

std::string contents(std::FILE* file) {
    std::string text;
    std::array<char, 65536> part{};
    std::rewind(file);
    while (const std::size_t count = std::fread(part.data(), 1, part.size(), file)) {
        text.append(part.data(), count);
    }
    return text;
}

}  // namespace

ProgramResult run_program(const std::vector<std::string>& argv, const std::string& input) {
    const std::array<File, 3> files = {File(std::tmpfile()), File(std::tmpfile()),
                                       File(std::tmpfile())};
    ProgramResult result;
    for (const auto& file : files) {
        if (!file) return result;
    }
    if (std::fwrite(input.data(), 1, input.size(), files[0].get()) != input.size()) return result;
    std::fflush(files[0].get());
    std::rewind(files[0].get());

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (int i = 0; i < 3; ++i) {
        posix_spawn_file_actions_adddup2(&actions, fileno(files[static_cast<std::size_t>(i)].get()),
                                         i);
    }
    std::vector<std::string> copies = argv;
    std::vector<char*> pointers;
    for (auto& argument : copies) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    pid_t child = 0;
    const int failed =
        posix_spawnp(&child, pointers[0], &actions, nullptr, pointers.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    int status = 0;
    if (failed != 0 || waitpid(child, &status, 0) != child) return result;
    result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    result.out = contents(files[1].get());
    result.err = contents(files[2].get());
    return result;
}

std::string find_program(const std::vector<std::string>& names) {
    const char* path = std::getenv("PATH");
    for (const auto& name : names) {
        std::istringstream folders(path != nullptr ? path : "");
        for (std::string folder; std::getline(folders, folder, ':');) {
            std::string candidate = folder;
            candidate += '/';
            candidate += name;
            if (access(candidate.c_str(), X_OK) == 0) return candidate;
        }
    }
    return {};
}

}  // namespace lkvm::test
