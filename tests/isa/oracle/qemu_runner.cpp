// SPDX-License-Identifier: GPL-2.0-or-later
// Runs an image on qemu-loongarch64, user mode.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/isa/oracle/runner.hpp"
#include "tests/isa/program.hpp"

namespace lkvm::test::oracle {
namespace {

/// An executable file that goes away with the object.
class TemporaryProgram {
public:
    explicit TemporaryProgram(const std::string& bytes) {
        const char* folder = std::getenv("TMPDIR");
        path_ = std::string(folder != nullptr ? folder : "/tmp") + "/lkvm-oracle-XXXXXX";
        const int file = mkstemp(path_.data());
        if (file < 0) return;
        std::size_t done = 0;
        while (done < bytes.size()) {
            const ssize_t count = write(file, bytes.data() + done, bytes.size() - done);
            if (count <= 0) break;
            done += static_cast<std::size_t>(count);
        }
        fchmod(file, 0700);
        close(file);
        good_ = done == bytes.size();
    }
    ~TemporaryProgram() { unlink(path_.c_str()); }
    TemporaryProgram(const TemporaryProgram&) = delete;
    TemporaryProgram& operator=(const TemporaryProgram&) = delete;

    [[nodiscard]] bool good() const { return good_; }
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
    bool good_ = false;
};

}  // namespace

std::string find_qemu() {
    if (const char* path = std::getenv("LKVM_QEMU_USER")) return path;
    std::vector<std::string> folders = {"build/assets", "assets", "../assets"};
    if (const char* assets = std::getenv("LKVM_ASSETS")) folders.insert(folders.begin(), assets);
    for (const std::string& folder : folders) {
        std::string path = folder + "/bin/qemu-loongarch64";
        if (access(path.c_str(), X_OK) == 0) return path;
    }
    return find_program({"qemu-loongarch64", "qemu-loongarch64-static"});
}

RunResult run_qemu(const std::string& qemu, const Image& image, std::size_t cases) {
    RunResult result;
    const TemporaryProgram program(elf_file(image));
    if (!program.good()) {
        result.error = "cannot write a temporary program";
        return result;
    }
    const ProgramResult run = run_program({qemu, "-cpu", "max", program.path()}, "");
    if (run.status != 0 || run.out.size() != cases * sizeof(CaseBlock)) {
        result.error = "qemu-loongarch64 ended with status " + std::to_string(run.status) +
                       " and " + std::to_string(run.out.size()) + " bytes: " + run.err;
        return result;
    }
    result.blocks.resize(cases);
    std::memcpy(result.blocks.data(), run.out.data(), run.out.size());
    return result;
}

}  // namespace lkvm::test::oracle
