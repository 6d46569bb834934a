// SPDX-License-Identifier: GPL-2.0-or-later
// Requests of 9P2000.L, from bytes to types.
#include "virtio/p9/request.hpp"

#include <cstring>

#include <lkvm/assert.hpp>
#include <lkvm/endian.hpp>

namespace lkvm::virtio::p9 {

namespace {

enum class NameUse : std::uint8_t { walk, entry };

/// Takes fields off the front. After the first error every field is zero and the error stays, so
/// that a decoder looks at it once, at the end.
class Fields {
public:
    explicit Fields(std::span<const std::byte> bytes)
        : bytes_(bytes) {}

    [[nodiscard]] std::uint8_t u8() { return take<std::uint8_t>(); }
    [[nodiscard]] std::uint16_t u16() { return take<std::uint16_t>(); }
    [[nodiscard]] std::uint32_t u32() { return take<std::uint32_t>(); }
    [[nodiscard]] std::uint64_t u64() { return take<std::uint64_t>(); }

    [[nodiscard]] std::string_view text(std::size_t limit = max_path) {
        const std::uint16_t length = u16();
        if (length > bytes_.size()) fail_with(ErrorCode::truncated);
        if (failed_) return {};
        // Characters may alias anything.
        const std::string_view found{reinterpret_cast<const char*>(bytes_.data()), length};
        bytes_ = bytes_.subspan(length);
        if (length > limit) fail_with(ErrorCode::out_of_range);
        if (found.find('\0') != std::string_view::npos) fail_with(ErrorCode::bad_format);
        return failed_ ? std::string_view{} : found;
    }

    [[nodiscard]] std::string_view name(NameUse use = NameUse::entry) {
        const std::string_view found = text(max_name);
        const bool dots = found == "." || found == "..";
        if (found.empty() || found.find('/') != std::string_view::npos ||
            (dots && use == NameUse::entry)) {
            fail_with(ErrorCode::invalid_argument);
        }
        return failed_ ? std::string_view{} : found;
    }

    [[nodiscard]] LockType lock_type() {
        const std::uint8_t value = u8();
        if (value > static_cast<std::uint8_t>(LockType::unlock)) fail_with(ErrorCode::bad_format);
        return failed_ ? LockType::unlock : static_cast<LockType>(value);
    }

    [[nodiscard]] Time time() {
        const std::uint64_t seconds = u64();
        return Time{seconds, u64()};
    }

    void fail_with(ErrorCode code) {
        if (!failed_) code_ = code;
        failed_ = true;
    }
    [[nodiscard]] bool failed() const { return failed_; }
    [[nodiscard]] ErrorCode code() const { return code_; }

private:
    template<class T>
    T take() {
        if (failed_ || bytes_.size() < sizeof(T)) {
            fail_with(ErrorCode::truncated);
            return 0;
        }
        Endian<T, std::endian::little> value;
        std::memcpy(&value, bytes_.data(), sizeof(T));
        bytes_ = bytes_.subspan(sizeof(T));
        return value;
    }

    std::span<const std::byte> bytes_;
    ErrorCode code_{};
    bool failed_ = false;
};

// Initializer lists are evaluated from left to right, which is the order on the wire.

Request decode_walk(Fields& in) {
    Walk walk{.fid = in.u32(), .new_fid = in.u32(), .names = {}};
    const std::uint16_t count = in.u16();
    if (count > max_walk) in.fail_with(ErrorCode::out_of_range);
    for (std::uint16_t i = 0; i < count && !in.failed(); ++i) {
        walk.names[walk.name_count++] = in.name(NameUse::walk);
    }
    return walk;
}

Request decode_attach(Fields& in) {
    Attach attach{.fid = in.u32(), .auth_fid = in.u32(), .tree = {}};
    static_cast<void>(in.text());  // the user's name; Linux sends the number too
    attach.tree = in.text();
    attach.uid = in.u32();
    return attach;
}

Request decode_set_attributes(Fields& in) {
    return SetAttributes{.fid = in.u32(),
                         .valid = in.u32(),
                         .mode = in.u32(),
                         .uid = in.u32(),
                         .gid = in.u32(),
                         .size = in.u64(),
                         .atime = in.time(),
                         .mtime = in.time()};
}

Request decode_lock(Fields& in) {
    return Lock{.fid = in.u32(),
                .type = in.lock_type(),
                .flags = in.u32(),
                .start = in.u64(),
                .length = in.u64(),
                .process = in.u32(),
                .client = in.text()};
}

Request decode_get_lock(Fields& in) {
    return GetLock{.fid = in.u32(),
                   .type = in.lock_type(),
                   .start = in.u64(),
                   .length = in.u64(),
                   .process = in.u32(),
                   .client = in.text()};
}

Request decode_make_node(Fields& in) {
    return MakeNode{.directory = in.u32(),
                    .name = in.name(),
                    .mode = in.u32(),
                    .major = in.u32(),
                    .minor = in.u32(),
                    .gid = in.u32()};
}

/// Requests that name an entry of a directory.
Request decode_entry(MessageType type, Fields& in) {
    switch (type) {
        case MessageType::lcreate:
            return Create{.fid = in.u32(),
                          .name = in.name(),
                          .flags = in.u32(),
                          .mode = in.u32(),
                          .gid = in.u32()};
        case MessageType::symlink:
            return Symlink{
                .directory = in.u32(), .name = in.name(), .target = in.text(), .gid = in.u32()};
        case MessageType::mknod:
            return decode_make_node(in);
        case MessageType::mkdir:
            return MakeDirectory{
                .directory = in.u32(), .name = in.name(), .mode = in.u32(), .gid = in.u32()};
        case MessageType::link:
            return Link{.directory = in.u32(), .fid = in.u32(), .name = in.name()};
        case MessageType::rename:
            return Rename{.fid = in.u32(), .directory = in.u32(), .name = in.name()};
        case MessageType::renameat:
            return RenameAt{.old_directory = in.u32(),
                            .old_name = in.name(),
                            .new_directory = in.u32(),
                            .new_name = in.name()};
        default:
            return UnlinkAt{.directory = in.u32(), .name = in.name(), .flags = in.u32()};
    }
}

Request decode(MessageType type, Fields& in) {
    switch (type) {
        case MessageType::version:
            return Version{.msize = in.u32(), .version = in.text()};
        case MessageType::auth:
            return Auth{};
        case MessageType::attach:
            return decode_attach(in);
        case MessageType::flush:
            return Flush{.old_tag = in.u16()};
        case MessageType::walk:
            return decode_walk(in);
        case MessageType::lopen:
            return Open{.fid = in.u32(), .flags = in.u32()};
        case MessageType::read:
            return Read{.fid = in.u32(), .offset = in.u64(), .count = in.u32()};
        case MessageType::write:
            return Write{.fid = in.u32(), .offset = in.u64(), .count = in.u32()};
        case MessageType::readdir:
            return ReadDirectory{.fid = in.u32(), .offset = in.u64(), .count = in.u32()};
        case MessageType::clunk:
            return Clunk{.fid = in.u32()};
        case MessageType::remove:
            return Remove{.fid = in.u32()};
        case MessageType::getattr:
            return GetAttributes{.fid = in.u32(), .mask = in.u64()};
        case MessageType::setattr:
            return decode_set_attributes(in);
        case MessageType::statfs:
            return StatFs{.fid = in.u32()};
        case MessageType::readlink:
            return ReadLink{.fid = in.u32()};
        case MessageType::fsync:
            return Fsync{.fid = in.u32(), .data_only = in.u32() != 0};
        case MessageType::lock:
            return decode_lock(in);
        case MessageType::getlock:
            return decode_get_lock(in);
        case MessageType::xattrwalk:
            return XattrWalk{.fid = in.u32(), .new_fid = in.u32(), .attribute = in.text()};
        case MessageType::xattrcreate:
            return XattrCreate{
                .fid = in.u32(), .attribute = in.text(), .size = in.u64(), .flags = in.u32()};
        case MessageType::lcreate:
        case MessageType::symlink:
        case MessageType::mknod:
        case MessageType::mkdir:
        case MessageType::link:
        case MessageType::rename:
        case MessageType::renameat:
        case MessageType::unlinkat:
            return decode_entry(type, in);
        case MessageType::lerror:
            break;
    }
    in.fail_with(ErrorCode::not_supported);
    return Auth{};
}

}  // namespace

Header decode_header(std::span<const std::byte> bytes) {
    LKVM_ASSERT(bytes.size() >= header_size);
    Fields in(bytes);
    return Header{.size = in.u32(), .type = in.u8(), .tag = in.u16()};
}

Result<Request> decode_request(std::uint8_t type, std::span<const std::byte> body) {
    Fields in(body);
    // A value outside the enumeration takes none of the cases.
    const Request request = decode(static_cast<MessageType>(type), in);
    if (in.failed()) return fail(in.code(), type);
    return request;
}

}  // namespace lkvm::virtio::p9
