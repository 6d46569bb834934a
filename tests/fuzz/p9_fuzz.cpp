// SPDX-License-Identifier: GPL-2.0-or-later
// The 9P device with the real file server against any guest. A file beside the shared directory
// must neither change nor show up in the guest's memory.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

#include "tests/fuzz/p9_fuzz.hpp"
#include "tests/fuzz/virtio_machine.hpp"
#include "virtio/p9/device.hpp"
#include "vmm/host/p9/p9_server.hpp"

namespace {

namespace fs = std::filesystem;
using namespace lkvm;
using namespace lkvm::test;

constexpr std::size_t max_files = 64;

/// SCRATCH/secret, and SCRATCH/share with something in it. Made anew for every input.
class Scratch {
public:
    Scratch() {
        std::string folder = (fs::temp_directory_path() / "p9-fuzz-XXXXXX").string();
        LKVM_ASSERT(::mkdtemp(folder.data()) != nullptr);
        root_ = folder;
        // Nothing that an input could spell.
        std::random_device random;
        for (int i = 0; i < 6; ++i) secret_ += std::to_string(random()) + '-';
        std::ofstream(root_ / "secret") << secret_;
    }
    ~Scratch() {
        clear();
        fs::remove_all(root_);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    [[nodiscard]] fs::path share() const { return root_ / "share"; }
    [[nodiscard]] const std::string& secret() const { return secret_; }

    void make() {
        clear();
        fs::create_directories(share() / "folder");
        std::ofstream(share() / "file") << "some text\n";
        fs::create_symlink("../secret", share() / "up");
        fs::create_symlink(root_ / "secret", share() / "out");
        fs::create_directory_symlink("..", share() / "folder" / "above");
    }
    [[nodiscard]] bool intact() const {
        std::ifstream file(root_ / "secret");
        const std::string content(std::istreambuf_iterator<char>(file), {});
        const auto entries = std::distance(fs::directory_iterator(root_), {});
        return content == secret_ && entries == 2;
    }

private:
    void clear() const {
        // The guest may have taken our own permissions away.
        std::error_code ignored;
        fs::permissions(share(), fs::perms::owner_all, ignored);
        for (auto it = fs::recursive_directory_iterator(share(), ignored); it != end(it);
             it.increment(ignored)) {
            if (it->is_directory(ignored) && !it->is_symlink(ignored)) {
                fs::permissions(it->path(), fs::perms::owner_all, ignored);
            }
        }
        fs::remove_all(share());
    }

    fs::path root_;
    std::string secret_;
};

/// A message as in p9_fuzz.hpp: into RAM, and to the device.
void send(FuzzRam& ram, VirtioMachine& machine, FuzzInput& input, std::uint8_t what) {
    const auto type = input.take<std::uint8_t>();
    const auto body = input.bytes(input.take<std::uint16_t>() % fuzz::p9_most_body);
    const std::size_t size = virtio::p9::header_size + body.size();
    const auto at = [&](std::size_t offset) -> std::byte& {
        return ram.bytes()[fuzz::p9_request_place + offset];
    };
    for (std::size_t i = 0; i < 4; ++i) at(i) = static_cast<std::byte>(size >> 8 * i);
    at(4) = static_cast<std::byte>(type);
    at(5) = at(6) = std::byte{0};
    for (std::size_t i = 0; i < body.size(); ++i) {
        at(virtio::p9::header_size + i) = static_cast<std::byte>(body[i]);
    }
    // A fid comes first in nearly all, and only small ones are likely to exist.
    if ((what & fuzz::p9_any_fid) == 0) {
        for (std::size_t i = 1; i < 4 && i < body.size(); ++i) {
            at(virtio::p9::header_size + i) = std::byte{0};
        }
    }
    const auto room = static_cast<std::uint32_t>(what % 4 == 3 ? 16 : fuzz::p9_reply_room);
    const std::array<VirtioMachine::Piece, 2> pieces{
        {{fuzz::p9_request_place, static_cast<std::uint32_t>(size), false},
         {fuzz::p9_reply_place, room, true}}};
    machine.offer(0, pieces);
}

bool contains(std::span<const std::byte> bytes, const std::string& text) {
    const auto same = [](std::byte byte, char letter) {
        return byte == static_cast<std::byte>(letter);
    };
    return std::search(bytes.begin(), bytes.end(), text.begin(), text.end(), same) != bytes.end();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static FuzzRam ram;
    static Scratch scratch;
    scratch.make();
    FuzzInput input(data, size);
    const bool read_only = input.take<std::uint8_t>() % 4 == 3;
    {
        auto shared = vmm::SharedDirectory::open({scratch.share().string(), "fuzz", read_only});
        LKVM_ASSERT(shared.has_value());
        vmm::P9Server server(std::move(shared).value(), max_files);
        virtio::p9::P9Device device(ram.memory(), "fuzz", server);
        VirtioMachine machine(ram, device, input);
        machine.set_up(UINT64_MAX);
        machine.play([&](std::uint8_t what) { send(ram, machine, input, what); });
        machine.finish();
        LKVM_ASSERT(server.fid_count() == 0);
    }
    LKVM_ASSERT(scratch.intact());
    LKVM_ASSERT(!contains(ram.bytes(), scratch.secret()));
    return 0;
}
