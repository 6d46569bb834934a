// SPDX-License-Identifier: GPL-2.0-or-later
// A shared directory as any guest may treat it: requests, mistakes, and ways out that are none.
#include "vmm/host/p9/p9_server.hpp"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <thread>

#include "tests/unit/vmm/p9_fixture.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lkvm::test {
namespace {

namespace fs = std::filesystem;

TEST(P9, ReadsAndWritesFiles) {
    P9Fixture share;
    share.begin();
    EXPECT_EQ(share.walk(0, 1, {"file"}).error(), 0);
    EXPECT_EQ(share.open(1, 2).error(), 0);
    EXPECT_EQ(share.read(1).text(4), "some text");
    EXPECT_EQ(share.write_to(1, "SOME").number(0, 4), 4u);
    EXPECT_EQ(P9Fixture::content(share.share() / "file"), "SOME text");
    EXPECT_EQ(share.clunk(1).error(), 0);
    EXPECT_EQ(share.read(1).error(), EBADF);
}

TEST(P9, MakesAndRemovesEntries) {
    P9Fixture share;
    share.begin();
    share.walk(0, 1, {});
    const Answer made =
        share.send(MessageType::lcreate, Fields().u32(1).text("new").u32(0102).u32(0640).u32(0));
    EXPECT_EQ(made.error(), 0);
    EXPECT_EQ(share.write_to(1, "x").error(), 0);
    EXPECT_EQ(P9Fixture::content(share.share() / "new"), "x");
    EXPECT_EQ(fs::status(share.share() / "new").permissions(), fs::perms{0640});
    EXPECT_EQ(share.send(MessageType::mkdir, Fields().u32(0).text("d").u32(0755).u32(0)).error(),
              0);
    EXPECT_EQ(
        share.send(MessageType::renameat, Fields().u32(0).text("new").u32(0).text("d/e")).error(),
        EINVAL);
    share.walk(0, 2, {"d"});
    EXPECT_EQ(
        share.send(MessageType::renameat, Fields().u32(0).text("new").u32(2).text("e")).error(), 0);
    // The open file goes on under its new name.
    EXPECT_EQ(share.read(1).text(4), "x");
    EXPECT_EQ(P9Fixture::content(share.share() / "d/e"), "x");
    EXPECT_EQ(share.send(MessageType::unlinkat, Fields().u32(0).text("d").u32(0x200)).error(),
              ENOTEMPTY);
    EXPECT_EQ(share.send(MessageType::unlinkat, Fields().u32(2).text("e").u32(0)).error(), 0);
    EXPECT_EQ(share.read(1).text(4), "x");
    EXPECT_EQ(share.send(MessageType::unlinkat, Fields().u32(0).text("d").u32(0x200)).error(), 0);
}

TEST(P9, NamesAreSingleComponents) {
    P9Fixture share;
    share.begin();
    for (const std::string_view name : {"", ".", "..", "../x", "a/b", "/etc"}) {
        const auto mkdir = Fields().u32(0).text(name).u32(0755).u32(0);
        EXPECT_EQ(share.send(MessageType::mkdir, mkdir).error(), EINVAL) << name;
        const auto symlink = Fields().u32(0).text(name).text("t").u32(0);
        EXPECT_EQ(share.send(MessageType::symlink, symlink).error(), EINVAL) << name;
        const auto unlink = Fields().u32(0).text(name).u32(0);
        EXPECT_EQ(share.send(MessageType::unlinkat, unlink).error(), EINVAL) << name;
        const auto from = Fields().u32(0).text(name).u32(0).text("x");
        EXPECT_EQ(share.send(MessageType::renameat, from).error(), EINVAL) << name;
        const auto to = Fields().u32(0).text("file").u32(0).text(name);
        EXPECT_EQ(share.send(MessageType::renameat, to).error(), EINVAL) << name;
    }
    EXPECT_EQ(share.walk(0, 1, {"a/b"}).error(), EINVAL);
    EXPECT_EQ(share.walk(0, 1, {std::string(256, 'x')}).error(), ENAMETOOLONG);
}

TEST(P9, TheShareIsItsOwnParent) {
    P9Fixture share;
    share.begin();
    const std::string root = share.attach(9).text(0);
    EXPECT_EQ(share.walk(0, 1, {"..", ".."}).text(2), root + root);
    EXPECT_EQ(share.walk(0, 2, {"..", "secret"}).number(0, 2), 1u);
    EXPECT_EQ(share.walk(0, 3, {"folder", "..", "..", "secret"}).number(0, 2), 3u);
    EXPECT_EQ(share.clunk(3).error(), EBADF);
}

TEST(P9, AttachesOnlyToFoldersInside) {
    P9Fixture share;
    share.begin();
    EXPECT_EQ(share.attach(1, "folder").error(), 0);
    EXPECT_EQ(share.attach(2, "/folder/../folder").error(), 0);
    EXPECT_EQ(share.attach(3, "../../..").error(), 0);
    EXPECT_EQ(share.walk(3, 4, {"file"}).error(), 0);
    EXPECT_EQ(share.attach(5, "../outside").error(), ENOENT);
    EXPECT_NE(share.attach(5, "out").error(), 0);
    EXPECT_NE(share.attach(5, "out/secret").error(), 0);
    EXPECT_EQ(share.attach(5, "file").error(), ENOTDIR);
}

TEST(P9, LinksAreTextOnly) {
    P9Fixture share;
    share.begin();
    EXPECT_EQ(share.walk(0, 1, {"up"}).number(2, 1), p9::qid_type::symlink);
    EXPECT_EQ(share.send(MessageType::readlink, Fields().u32(1)).text(2), "../secret");
    EXPECT_EQ(share.open(1).error(), ELOOP);
    EXPECT_EQ(share.open(1, 01000 | 1).error(), ELOOP);
    // A walk stops at the link.
    EXPECT_EQ(share.walk(0, 2, {"out", "secret"}).number(0, 2), 1u);
    share.walk(0, 2, {"out"});
    EXPECT_EQ(share.walk(2, 3, {"secret"}).error(), ENOTDIR);
    EXPECT_EQ(share.walk(2, 3, {".."}).error(), ENOTDIR);
    // Creating does not go through one either.
    share.walk(0, 4, {});
    const auto create = Fields().u32(4).text("up").u32(01102).u32(0644).u32(0);
    EXPECT_EQ(share.send(MessageType::lcreate, create).error(), ELOOP);
    const auto below = Fields().u32(2).text("new").u32(0102).u32(0644).u32(0);
    EXPECT_EQ(share.send(MessageType::lcreate, below).error(), ENOTDIR);
    EXPECT_EQ(share.send(MessageType::mkdir, Fields().u32(2).text("new").u32(0755).u32(0)).error(),
              ENOTDIR);
}

TEST(P9, AttributesOfALinkAreNotThoseOfItsTarget) {
    P9Fixture share;
    share.begin();
    share.walk(0, 1, {"up"});
    struct stat before{};
    struct stat after{};
    ASSERT_EQ(::stat((share.folder / "secret").c_str(), &before), 0);
    EXPECT_NE(share.set(1, p9::set_flag::mode, 0777, 0).error(), 0);
    EXPECT_NE(share.set(1, p9::set_flag::size, 0, 0).error(), 0);
    static_cast<void>(share.set(1, p9::set_flag::mtime | p9::set_flag::mtime_given, 0, 0));
    static_cast<void>(share.set(1, p9::set_flag::uid | p9::set_flag::gid, 0, 0));
    ASSERT_EQ(::stat((share.folder / "secret").c_str(), &after), 0);
    EXPECT_EQ(after.st_mode, before.st_mode);
    EXPECT_EQ(after.st_size, before.st_size);
    EXPECT_EQ(after.st_mtim.tv_sec, before.st_mtim.tv_sec);
    EXPECT_EQ(after.st_ctim.tv_nsec, before.st_ctim.tv_nsec);
}

TEST(P9, AHardLinkToALinkIsALink) {
    P9Fixture share;
    share.begin();
    share.walk(0, 1, {"up"});
    static_cast<void>(share.send(MessageType::link, Fields().u32(0).u32(1).text("hard")).error());
    EXPECT_FALSE(fs::is_regular_file(fs::symlink_status(share.share() / "hard")));
    EXPECT_EQ(fs::hard_link_count(share.folder / "secret"), 1u);
}

TEST(P9, DeviceNodesCannotBeMade) {
    P9Fixture share;
    share.begin();
    for (const mode_t type : {mode_t{S_IFBLK}, mode_t{S_IFCHR}, mode_t{S_IFDIR}, mode_t{S_IFLNK}}) {
        const auto node = Fields().u32(0).text("node").u32(type | 0666).u32(1).u32(3).u32(0);
        EXPECT_EQ(share.send(MessageType::mknod, node).error(), EPERM);
    }
    const auto fifo = Fields().u32(0).text("fifo").u32(S_IFIFO | 0666).u32(0).u32(0).u32(0);
    EXPECT_EQ(share.send(MessageType::mknod, fifo).error(), 0);
    // Opening one would wait for a writer.
    share.walk(0, 1, {"fifo"});
    EXPECT_EQ(share.open(1).error(), ENXIO);
}

TEST(P9, ALostRaceLeadsNowhere) {
    P9Fixture share;
    share.begin();
    const fs::path inside = share.share();
    fs::create_directory(inside / "there");
    P9Fixture::write(inside / "there/secret", "harmless");
    std::atomic<bool> stop{false};
    // "x" is a folder, nothing, a link that leads out, nothing...
    std::thread racer([&] {
        while (!stop) {
            fs::rename(inside / "there", inside / "x");
            fs::rename(inside / "x", inside / "there");
            fs::create_symlink("../outside", inside / "l");
            fs::rename(inside / "l", inside / "x");
            fs::remove(inside / "x");
        }
    });
    unsigned found = 0;
    // Long enough to have seen both sides; the machine may be busy.
    constexpr unsigned tries = 3000;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    for (unsigned i = 0; i < tries || found < 10; ++i) {
        if (std::chrono::steady_clock::now() > deadline) break;
        const Answer walked = share.walk(0, 1, {"x", "secret"});
        const bool there = walked.error() == 0 && walked.number(0, 2) == 2;
        if (there && share.open(1).error() == 0) {
            EXPECT_EQ(share.read(1).text(4), "harmless");
            ++found;
        }
        if (there) share.clunk(1);
        // And in two steps, between which the name changes its meaning.
        if (share.walk(0, 2, {"x"}).error() != 0) continue;
        const auto create = Fields().u32(2).text("made").u32(0102).u32(0644).u32(0);
        static_cast<void>(share.send(MessageType::lcreate, create));
        share.clunk(2);
    }
    stop = true;
    racer.join();
    EXPECT_GT(found, 0u);
    EXPECT_FALSE(fs::exists(share.folder / "outside/made"));
}

TEST(P9, ReadOnlyIsReadOnly) {
    P9Fixture share(true);
    share.begin();
    share.walk(0, 1, {"file"});
    const auto name = [](std::string_view text) { return Fields().u32(0).text(text); };
    const std::pair<MessageType, Fields> changes[] = {
        {MessageType::lcreate, name("n").u32(0102).u32(0644).u32(0)},
        {MessageType::symlink, name("n").text("t").u32(0)},
        {MessageType::mknod, name("n").u32(S_IFIFO).u32(0).u32(0).u32(0)},
        {MessageType::mkdir, name("n").u32(0755).u32(0)},
        {MessageType::link, Fields().u32(0).u32(1).text("n")},
        {MessageType::rename, Fields().u32(1).u32(0).text("n")},
        {MessageType::renameat, name("file").u32(0).text("n")},
        {MessageType::unlinkat, name("file").u32(0)},
        {MessageType::lopen, Fields().u32(1).u32(2)},
        {MessageType::lopen, Fields().u32(1).u32(01000)},
        {MessageType::remove, Fields().u32(1)},
    };
    EXPECT_EQ(share.set(1, p9::set_flag::mode, 0600, 0).error(), EROFS);
    EXPECT_EQ(share.set(1, p9::set_flag::size, 0, 0).error(), EROFS);
    for (const auto& [type, body] : changes) {
        EXPECT_EQ(share.send(type, body).error(), EROFS) << static_cast<int>(type);
    }
    share.walk(0, 2, {"file"});
    EXPECT_EQ(share.open(2).error(), 0);
    EXPECT_EQ(share.read(2).text(4), "some text");
    EXPECT_NE(share.write_to(2, "x").error(), 0);
    EXPECT_EQ(P9Fixture::content(share.share() / "file"), "some text");
}

TEST(P9, RemovesOnlyWhatWasMeant) {
    P9Fixture share;
    share.begin();
    share.walk(0, 1, {"file"});
    fs::rename(share.share() / "file", share.share() / "moved");
    P9Fixture::write(share.share() / "file", "another");
    EXPECT_EQ(share.send(MessageType::remove, Fields().u32(1)).error(), ESTALE);
    EXPECT_EQ(P9Fixture::content(share.share() / "file"), "another");
    EXPECT_EQ(share.clunk(1).error(), EBADF);  // the fid is gone in any case
    EXPECT_EQ(share.send(MessageType::remove, Fields().u32(0)).error(), EBUSY);
}

TEST(P9, AGuestHoldsABoundedNumberOfFiles) {
    P9Fixture share;
    share.begin();
    std::uint32_t fid = 1;
    while (share.walk(0, fid, {"file"}).error() == 0) ++fid;
    EXPECT_EQ(fid, P9Fixture::max_files + 1);
    EXPECT_EQ(share.walk(0, fid, {"file"}).error(), ENFILE);
    EXPECT_EQ(share.clunk(5).error(), 0);
    EXPECT_EQ(share.walk(0, fid, {"file"}).error(), 0);
    // A new session has them all again.
    share.begin();
    EXPECT_EQ(share.server->fid_count(), 1u);
    EXPECT_EQ(share.walk(0, 1, {"file"}).error(), 0);
}

TEST(P9, NothingWorksBeforeAVersion) {
    P9Fixture share;
    EXPECT_EQ(share.attach().error(), EPROTO);
    EXPECT_EQ(share.send(MessageType::version, Fields().u32(8192).text("9P2000")).text(6),
              "unknown");
    EXPECT_EQ(share.attach().error(), EPROTO);
    EXPECT_EQ(share.send(MessageType::version, Fields().u32(100).text("9P2000.L")).error(),
              EMSGSIZE);
    EXPECT_EQ(
        share.send(MessageType::version, Fields().u32(UINT32_MAX).text("9P2000.L")).number(0, 4),
        p9::max_msize);
    EXPECT_EQ(share.attach().error(), 0);
}

TEST(P9, MistakesGetErrors) {
    P9Fixture share;
    share.begin();
    for (unsigned type = 0; type < 256; ++type) {
        const Answer answer = share.send(static_cast<std::uint8_t>(type), Fields());
        EXPECT_TRUE(answer.error() != 0 || answer.type == type + 1) << type;
    }
    share.begin();
    // Every message cut short.
    const Fields whole = Fields().u32(0).u32(1).number(2, 2).text("folder").text("x");
    for (std::size_t size = 0; size < whole.bytes.size(); ++size) {
        Fields cut;
        cut.bytes.assign(whole.bytes.begin(),
                         whole.bytes.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_EQ(share.send(MessageType::walk, cut).error(), EPROTO) << size;
    }
    // Sizes that the chain does not have, or no header fits in.
    EXPECT_EQ(share.send(116, Fields().u32(0), 1000).error(), EPROTO);
    EXPECT_EQ(share.send(116, Fields().u32(0), 6).error(), EPROTO);
    share.walk(0, 1, {"file"});
    share.open(1, 2);
    EXPECT_EQ(share.send(MessageType::write, Fields().u32(1).u64(0).u32(100)).error(), EPROTO);
    EXPECT_EQ(share.send(MessageType::write, Fields().u32(1).u64(UINT64_MAX).u32(0)).error(),
              EINVAL);
    EXPECT_EQ(share.walk(0, 1, {}).error(), EBADF);  // the number is taken
    EXPECT_EQ(share.walk(0, p9::no_fid, {}).error(), EBADF);
    EXPECT_EQ(share.walk(1, 1, {}).error(), EBUSY);  // it is open
    EXPECT_EQ(share.open(1).error(), EBADF);
    EXPECT_EQ(share.open(77).error(), EBADF);
}

TEST(P9, AResetInTheMiddleForgetsTheSession) {
    P9Fixture share;
    share.begin();
    share.walk(0, 1, {"file"});
    share.open(1);
    ASSERT_TRUE(share.driver->transport.reset());
    EXPECT_EQ(share.server->fid_count(), 0u);
    share.driver->start(0);
    EXPECT_EQ(share.read(1).error(), EPROTO);
    share.begin();
    EXPECT_EQ(share.walk(0, 1, {"file"}).error(), 0);
}

TEST(SharedDirectory, TheProcessesOfTheHostAreNotFiles) {
    EXPECT_FALSE(vmm::SharedDirectory::open({"/proc", "tag", false}).has_value());
    EXPECT_FALSE(vmm::SharedDirectory::open({"/proc/self", "tag", true}).has_value());
    const auto root = vmm::SharedDirectory::open({"/", "tag", true});
    ASSERT_TRUE(root.has_value());
    const auto proc = root.value().find(root.value().root(), "proc");
    ASSERT_FALSE(proc.has_value());
    EXPECT_EQ(proc.error().detail, static_cast<std::uint32_t>(EACCES));
}

}  // namespace
}  // namespace lkvm::test
