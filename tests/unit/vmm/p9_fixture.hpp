// SPDX-License-Identifier: GPL-2.0-or-later
// A shared directory with a guest's side that sends any message it likes.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <lkvm/endian.hpp>

#include "tests/support/virtio/driver.hpp"
#include "virtio/p9/device.hpp"
#include "vmm/host/p9/p9_server.hpp"

#include <stdlib.h>

namespace lkvm::test {

namespace p9 = virtio::p9;
using p9::MessageType;

/// Fields of a message.
class Fields {
public:
    Fields& number(std::uint64_t value, unsigned size) {
        for (unsigned i = 0; i < size; ++i) bytes.push_back(static_cast<std::byte>(value >> 8 * i));
        return *this;
    }
    Fields& u32(std::uint64_t value) { return number(value, 4); }
    Fields& u64(std::uint64_t value) { return number(value, 8); }
    Fields& text(std::string_view value) {
        number(value.size(), 2);
        const auto raw = std::as_bytes(std::span{value});
        bytes.insert(bytes.end(), raw.begin(), raw.end());
        return *this;
    }
    std::vector<std::byte> bytes;
};

struct Answer {
    std::uint8_t type = 0;
    std::vector<std::byte> body;

    [[nodiscard]] std::uint64_t number(std::size_t at, unsigned size) const {
        std::uint64_t value = 0;
        EXPECT_LE(at + size, body.size());
        for (unsigned i = 0; i < size && at + i < body.size(); ++i) {
            value |= std::to_integer<std::uint64_t>(body[at + i]) << 8 * i;
        }
        return value;
    }
    /// The error number, 0 if it is none.
    [[nodiscard]] int error() const {
        constexpr std::uint8_t error_type = 7;  // Rlerror
        return type == error_type ? static_cast<int>(number(0, 4)) : 0;
    }
    [[nodiscard]] std::string text(std::size_t at) const {
        std::string value;
        for (const std::byte byte : std::span{body}.subspan(at)) {
            value += static_cast<char>(byte);
        }
        return value;
    }
};

/// FOLDER/secret, FOLDER/outside/secret and the shared FOLDER/share with a file, a folder and links
/// that lead out.
class P9Fixture {
public:
    static constexpr std::size_t max_files = 32;
    static constexpr std::string_view secret = "a secret";

    explicit P9Fixture(bool read_only = false) {
        std::string made = testing::TempDir() + "p9-XXXXXX";
        EXPECT_NE(::mkdtemp(made.data()), nullptr);
        folder = made;
        std::filesystem::create_directories(folder / "outside");
        std::filesystem::create_directories(share() / "folder");
        write(folder / "secret", secret);
        write(folder / "outside/secret", secret);
        write(share() / "file", "some text");
        std::filesystem::create_symlink("../secret", share() / "up");
        std::filesystem::create_symlink(folder / "outside", share() / "out");
        auto opened = vmm::SharedDirectory::open({share().string(), "tag", read_only});
        EXPECT_TRUE(opened.has_value());
        server = std::make_unique<vmm::P9Server>(std::move(opened).value(), max_files);
        device = std::make_unique<p9::P9Device>(ram.memory, "tag", *server);
        driver = std::make_unique<DriverHarness>(ram, *device);
        driver->start(0);
    }
    ~P9Fixture() {
        EXPECT_TRUE(driver->transport.reset());
        EXPECT_EQ(server->fid_count(), 0u);
        EXPECT_EQ(content(folder / "secret"), secret);
        EXPECT_EQ(content(folder / "outside/secret"), secret);
        std::filesystem::remove_all(folder);
    }
    P9Fixture(const P9Fixture&) = delete;
    P9Fixture& operator=(const P9Fixture&) = delete;

    [[nodiscard]] std::filesystem::path share() const { return folder / "share"; }

    static void write(const std::filesystem::path& path, std::string_view text) {
        std::ofstream(path) << text;
    }
    static std::string content(const std::filesystem::path& path) {
        std::ifstream file(path);
        return {std::istreambuf_iterator<char>(file), {}};
    }

    /// A message whose header says `size`, 0: the right one.
    Answer send(std::uint8_t type, const Fields& body, std::uint32_t size = 0) {
        Fields message;
        message.u32(size != 0 ? size : p9::header_size + body.bytes.size());
        message.number(type, 1).number(7, 2);
        message.bytes.insert(message.bytes.end(), body.bytes.begin(), body.bytes.end());
        ram.put_bytes(request, message.bytes);
        driver->ring(0).add({{request, static_cast<std::uint32_t>(message.bytes.size()), false},
                             {reply, reply_room, true}});
        driver->kick(0);
        const auto used = driver->ring(0).poll();
        EXPECT_TRUE(used.has_value());
        const std::uint32_t got = used.has_value() ? used->length : 0;
        EXPECT_GE(got, p9::header_size);
        EXPECT_EQ(ram.get<Le32>(reply), got);
        EXPECT_EQ(ram.get<Le16>(Gpa{reply.value + 5}), 7);
        Answer answer;
        answer.type = ram.get<std::uint8_t>(Gpa{reply.value + 4});
        answer.body = ram.bytes(Gpa{reply.value + p9::header_size}, got - p9::header_size);
        return answer;
    }
    Answer send(MessageType type, const Fields& body) {
        return send(static_cast<std::uint8_t>(type), body);
    }

    Answer version() { return send(MessageType::version, Fields().u32(8192).text("9P2000.L")); }
    Answer attach(std::uint32_t fid = 0, std::string_view tree = "") {
        return send(MessageType::attach,
                    Fields().u32(fid).u32(p9::no_fid).text("").text(tree).u32(0));
    }
    /// A session with fid 0 for the share.
    void begin() {
        EXPECT_EQ(version().error(), 0);
        EXPECT_EQ(attach().error(), 0);
    }
    Answer walk(std::uint32_t from, std::uint32_t to, std::vector<std::string_view> names) {
        Fields body;
        body.u32(from).u32(to).number(names.size(), 2);
        for (const std::string_view name : names) body.text(name);
        return send(MessageType::walk, body);
    }
    Answer open(std::uint32_t fid, std::uint32_t flags = 0) {
        return send(MessageType::lopen, Fields().u32(fid).u32(flags));
    }
    Answer read(std::uint32_t fid) {
        return send(MessageType::read, Fields().u32(fid).u64(0).u32(1000));
    }
    Answer write_to(std::uint32_t fid, std::string_view text) {
        Fields body = Fields().u32(fid).u64(0).u32(text.size());
        const auto raw = std::as_bytes(std::span{text});
        body.bytes.insert(body.bytes.end(), raw.begin(), raw.end());
        return send(MessageType::write, body);
    }
    Answer clunk(std::uint32_t fid) { return send(MessageType::clunk, Fields().u32(fid)); }
    Answer set(std::uint32_t fid, std::uint32_t valid, std::uint32_t mode, std::uint64_t size) {
        return send(
            MessageType::setattr,
            Fields().u32(fid).u32(valid).u32(mode).u64(0).u64(size).u64(1).u64(2).u64(3).u64(4));
    }

    std::filesystem::path folder;
    TestRam ram;
    std::unique_ptr<vmm::P9Server> server;
    std::unique_ptr<p9::P9Device> device;
    std::unique_ptr<DriverHarness> driver;

private:
    static constexpr std::uint32_t reply_room = 0x4000;

    const Gpa request = ram.allocate(0x4000);
    const Gpa reply = ram.allocate(reply_room);
};

}  // namespace lkvm::test
