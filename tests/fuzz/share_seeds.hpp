// SPDX-License-Identifier: GPL-2.0-or-later
// First inputs of p9_fuzz and vsock_fuzz: sessions of a sane guest, and some that play tricks.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "tests/fuzz/p9_fuzz.hpp"
#include "tests/fuzz/virtio_seeds.hpp"
#include "tests/fuzz/vsock_fuzz.hpp"
#include "virtio/p9/protocol.hpp"
#include "virtio/vsock/packet.hpp"

namespace lkvm::test {

/// Host steps with arguments.
class StepSeed {
public:
    explicit StepSeed(std::vector<std::uint8_t> head)
        : bytes(std::move(head)) {}

    StepSeed& number(std::uint64_t value, unsigned size) {
        for (unsigned i = 0; i < size; ++i, value >>= 8) {
            bytes.push_back(static_cast<std::uint8_t>(value));
        }
        return *this;
    }
    StepSeed& text(std::string_view value) {
        number(value.size(), 2);
        bytes.insert(bytes.end(), value.begin(), value.end());
        return *this;
    }
    StepSeed& step(std::uint64_t what) { return number(6, 1).number(what, 1); }

    StepSeed& message(virtio::p9::MessageType type, const StepSeed& body, bool any_fid = false) {
        step(any_fid ? fuzz::p9_any_fid : 0).number(static_cast<std::uint8_t>(type), 1);
        number(body.bytes.size(), 2);
        bytes.insert(bytes.end(), body.bytes.begin(), body.bytes.end());
        return *this;
    }
    StepSeed& vsock(fuzz::VsockStep what, unsigned which = 0) {
        constexpr auto count = static_cast<unsigned>(fuzz::VsockStep::count);
        return step(static_cast<unsigned>(what) + which * count);
    }
    StepSeed& packet(virtio::vsock::Operation operation, std::uint64_t length,
                     std::uint32_t port = 0, unsigned flags = 0) {
        vsock(fuzz::VsockStep::send).number(static_cast<unsigned>(operation) + flags * 16, 1);
        return number(7, 1).number(port, 4).number(65536, 4).number(0, 4).number(length, 2);
    }

    std::vector<std::uint8_t> bytes;
};

inline void add_p9_seeds(std::vector<NamedSeed>& seeds) {
    using Type = virtio::p9::MessageType;
    constexpr auto body = [] { return StepSeed({}); };
    constexpr auto walk = [body](unsigned from, unsigned to, std::vector<std::string_view> names) {
        StepSeed made = body().number(from, 4).number(to, 4).number(names.size(), 2);
        for (const std::string_view name : names) made.text(name);
        return made;
    };
    for (const std::uint8_t format : {std::uint8_t{0}, std::uint8_t{1}}) {
        const auto session = [&] {
            StepSeed made({0, format});
            made.message(Type::version, body().number(8192, 4).text("9P2000.L"), true);
            return made.message(
                Type::attach,
                body().number(0, 4).number(virtio::p9::no_fid, 4).text("").text("").number(0, 4));
        };
        const auto add = [&](std::string_view name, const StepSeed& seed) {
            seeds.push_back(
                {std::string("p9_fuzz/").append(name) + (format != 0 ? "p" : ""), seed.bytes});
        };
        StepSeed reads = session();
        reads.message(Type::walk, walk(0, 1, {"file"}));
        reads.message(Type::lopen, body().number(1, 4).number(2, 4));
        reads.message(Type::read, body().number(1, 4).number(0, 8).number(100, 4));
        reads.message(Type::write, body().number(1, 4).number(3, 8).number(4, 4).number(0, 4));
        reads.message(Type::getattr, body().number(1, 4).number(0x7ff, 8));
        reads.message(Type::fsync, body().number(1, 4).number(0, 4));
        reads.message(Type::statfs, body().number(0, 4));
        add("file", reads.message(Type::clunk, body().number(1, 4)));
        StepSeed lists = session();
        lists.message(Type::walk, walk(0, 1, {}));
        lists.message(Type::lopen, body().number(1, 4).number(0x10000, 4));
        add("list", lists.message(Type::readdir, body().number(1, 4).number(0, 8).number(4096, 4)));
        StepSeed makes = session();
        makes.message(Type::mkdir, body().number(0, 4).text("new").number(0755, 4).number(0, 4));
        makes.message(Type::symlink,
                      body().number(0, 4).text("link").text("../secret").number(0, 4));
        makes.message(Type::mknod,
                      body().number(0, 4).text("pipe").number(0010644, 4).number(0, 8));
        makes.message(Type::walk, walk(0, 1, {"file"}));
        makes.message(Type::link, body().number(0, 4).number(1, 4).text("hard"));
        makes.message(Type::rename, body().number(1, 4).number(0, 4).text("other"));
        makes.message(Type::renameat, body().number(0, 4).text("new").number(0, 4).text("moved"));
        makes.message(Type::unlinkat, body().number(0, 4).text("moved").number(0x200, 4));
        StepSeed attributes = body().number(1, 4).number(0x1ff, 4).number(0600, 4);
        makes.message(Type::setattr,
                      attributes.number(0, 8).number(5, 8).number(1, 8).number(2, 8));
        makes.message(Type::remove, body().number(1, 4));
        add("entries", makes);
        StepSeed creates = session();
        creates.message(Type::walk, walk(0, 1, {"folder"}));
        creates.message(Type::lcreate,
                        body().number(1, 4).text("f").number(0102, 4).number(0644, 4).number(0, 4));
        creates.message(Type::lock, body().number(1, 4).number(1, 1).number(0, 24).text("me"));
        add("create", creates.message(Type::flush, body().number(0, 2)));
        StepSeed escapes = session();
        escapes.message(Type::walk, walk(0, 1, {"folder", "..", "..", "secret"}));
        escapes.message(Type::walk, walk(0, 2, {"folder", "above", "secret"}));
        escapes.message(Type::walk, walk(0, 3, {"up"}));
        escapes.message(Type::readlink, body().number(3, 4));
        escapes.message(Type::lopen, body().number(3, 4).number(0, 4));
        escapes.message(Type::read, body().number(3, 4).number(0, 8).number(100, 4));
        escapes.message(Type::renameat,
                        body().number(0, 4).text("file").number(0, 4).text("../file"));
        add("escape", escapes.message(Type::link, body().number(0, 4).number(3, 4).text("hard")));
    }
}

inline void add_vsock_seeds(std::vector<NamedSeed>& seeds) {
    using Step = fuzz::VsockStep;
    using virtio::vsock::Operation;
    for (const std::uint8_t format : {std::uint8_t{0}, std::uint8_t{1}}) {
        const std::string mark = format != 0 ? "p" : "";
        StepSeed guest({format});
        for (unsigned i = 0; i < 4; ++i) guest.vsock(Step::space, i);
        guest.packet(Operation::request, 0).vsock(Step::accept);
        guest.packet(Operation::data, 1000).vsock(Step::read).vsock(Step::write);
        guest.vsock(Step::serve).packet(Operation::credit_request, 0);
        guest.packet(Operation::shutdown, 0, 0, virtio::vsock::shutdown_send);
        guest.vsock(Step::shutdown, 1).vsock(Step::serve);
        seeds.push_back(
            {"vsock_fuzz/guest-connects" + mark, guest.packet(Operation::shutdown, 0, 0, 3).bytes});
        StepSeed host({format});
        for (unsigned i = 0; i < 4; ++i) host.vsock(Step::space, i);
        host.vsock(Step::connect).number(7, 2).vsock(Step::serve);
        host.packet(Operation::response, 0, 1u << 30).vsock(Step::serve).vsock(Step::write);
        host.vsock(Step::serve).packet(Operation::data, 100, 1u << 30).vsock(Step::read);
        seeds.push_back(
            {"vsock_fuzz/host-connects" + mark, host.packet(Operation::reset, 0, 1u << 30).bytes});
        StepSeed nobody({format});
        nobody.vsock(Step::space).packet(Operation::request, 0, 99).vsock(Step::connect);
        seeds.push_back(
            {"vsock_fuzz/nobody" + mark, nobody.number(0xffff, 2).vsock(Step::serve).bytes});
    }
}

inline std::vector<NamedSeed> share_seeds() {
    std::vector<NamedSeed> seeds;
    add_p9_seeds(seeds);
    add_vsock_seeds(seeds);
    return seeds;
}

}  // namespace lkvm::test
