// SPDX-License-Identifier: GPL-2.0-or-later
// File operations at random in a directory, each compared with a model in memory.
//   file_stress run DIR SEED COUNT MMAP   COUNT operations; MMAP 1: also through mappings
//   file_stress sum DIR                   one number for names, kinds, modes and contents below DIR
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

enum class Kind { file, link, directory };

struct Node {
    Kind kind = Kind::file;
    std::string content;  // or the target of a link
    mode_t mode = 0644;
    unsigned names = 1;
};
using NodePtr = std::shared_ptr<Node>;

constexpr std::size_t most_bytes = 200'000;

/// Kept open while its name may go or change.
struct Open {
    int fd = -1;
    NodePtr node;
};

class Stress {
public:
    Stress(unsigned seed, bool mappings)
        : random_(seed)
        , mappings_(mappings) {}

    int run(long count) {
        for (done_ = 0; done_ < count && failures_ < 10; ++done_) step();
        check_all();
        std::printf("file_stress: %ld operations, %zu names, %d differences\n", done_,
                    names_.size(), failures_);
        return failures_ == 0 ? 0 : 1;
    }

private:
    std::size_t below(std::size_t limit) { return random_() % limit; }

    std::string random_path() {
        static const std::array<const char*, 5> folders{"", "a/", "b/", "a/c/", "b/deeper/"};
        static const std::array<const char*, 8> leaves{
            "a", "b", "c", "deeper", "one", "two", "a name with spaces", "\xc3\xa4"};
        return std::string(folders[below(folders.size())]) + leaves[below(leaves.size())];
    }
    NodePtr find(const std::string& path) const {
        const auto found = names_.find(path);
        return found == names_.end() ? nullptr : found->second;
    }
    /// The error that an operation on the path's folder gives, 0 if there is such a folder.
    int folder_error(const std::string& path) const {
        for (std::size_t at = path.find('/'); at != std::string::npos;
             at = path.find('/', at + 1)) {
            const NodePtr node = find(path.substr(0, at));
            if (node == nullptr) return ENOENT;
            // Links lead nowhere.
            if (node->kind != Kind::directory) return node->kind == Kind::link ? ENOENT : ENOTDIR;
        }
        return 0;
    }
    bool empty(const std::string& folder) const {
        const auto next = names_.upper_bound(folder + "/");
        return next == names_.end() || next->first.compare(0, folder.size() + 1, folder + "/") != 0;
    }

    void expect(bool same, const char* what, const std::string& path) {
        if (same) return;
        std::printf("file_stress: operation %ld: %s of '%s' (%s)\n", done_, what, path.c_str(),
                    std::strerror(errno));
        ++failures_;
    }
    /// A system call gave `result`; wanted is its error, or 0.
    bool agree(int result, int wanted, const char* what, const std::string& path) {
        const int got = result < 0 ? errno : 0;
        if (got != wanted) {
            std::printf("file_stress: operation %ld: %s of '%s': error %d, expected %d\n", done_,
                        what, path.c_str(), got, wanted);
            ++failures_;
        }
        return got == 0 && wanted == 0;
    }

    void step() {
        const std::string path = random_path();
        const NodePtr node = find(path);
        const bool file = node != nullptr && node->kind == Kind::file;
        switch (below(16)) {
            case 0:
            case 1:
                return create(path, node);
            case 2:
                return make_directory(path, node);
            case 3:
                return make_link(path, node);
            case 4:
                return remove(path, node);
            case 5:
                return rename_to(path, node, random_path());
            case 6:
                return hard_link(path, node, random_path());
            case 7:
                return list(path, node);
            case 8:
                if (below(50) == 0) check_all();
                return check(path, node);
            case 9:
                if (file) return change_size(path, *node);
                return;
            case 10:
                if (file && mappings_) return map(path, *node);
                if (file) return append(path, *node);
                return;
            case 11:
                return use_open(path, node);
            case 12:
                if (node != nullptr && node->kind != Kind::link) return change_mode(path, *node);
                return;
            default:
                if (file) return write(path, *node);
                return;
        }
    }

    void create(const std::string& path, const NodePtr& node) {
        const mode_t mode = below(2) == 0 ? 0644 : 0600;
        const int fd = ::open(path.c_str(), O_CREAT | O_EXCL | O_RDWR, mode);
        const int wanted = folder_error(path) != 0 ? folder_error(path)
                           : node != nullptr       ? EEXIST
                                                   : 0;
        if (!agree(fd, wanted, "creation", path)) {
            if (fd >= 0) ::close(fd);
            return;
        }
        names_[path] = std::make_shared<Node>(Node{Kind::file, "", mode, 1});
        write_through(fd, path, *names_[path], O_RDWR);
        ::close(fd);
    }
    void make_directory(const std::string& path, const NodePtr& node) {
        const int wanted = folder_error(path) != 0 ? folder_error(path)
                           : node != nullptr       ? EEXIST
                                                   : 0;
        if (agree(::mkdir(path.c_str(), 0755), wanted, "mkdir", path)) {
            names_[path] = std::make_shared<Node>(Node{Kind::directory, "", 0755, 1});
        }
    }
    void make_link(const std::string& path, const NodePtr& node) {
        const std::string target = "nowhere-" + std::to_string(below(1000));
        const int wanted = folder_error(path) != 0 ? folder_error(path)
                           : node != nullptr       ? EEXIST
                                                   : 0;
        if (agree(::symlink(target.c_str(), path.c_str()), wanted, "symlink", path)) {
            names_[path] = std::make_shared<Node>(Node{Kind::link, target, 0777, 1});
        }
    }
    void remove(const std::string& path, const NodePtr& node) {
        if (folder_error(path) != 0) return;
        const bool folder = node != nullptr && node->kind == Kind::directory;
        const int wanted = node == nullptr ? ENOENT : folder && !empty(path) ? ENOTEMPTY : 0;
        const int result = folder ? ::rmdir(path.c_str()) : ::unlink(path.c_str());
        if (!agree(result, wanted, "removal", path)) return;
        --node->names;
        names_.erase(path);
    }
    void rename_to(const std::string& from, const NodePtr& node, const std::string& to) {
        if (node == nullptr || folder_error(from) != 0 || folder_error(to) != 0) return;
        // Into itself, or onto its own folder: errors whose order file systems differ in.
        if (to.starts_with(from + "/") || from.starts_with(to + "/")) return;
        const NodePtr target = find(to);
        const bool folder = node->kind == Kind::directory;
        int wanted = 0;
        if (target != nullptr && target != node) {
            const bool onto_folder = target->kind == Kind::directory;
            if (folder && !onto_folder) wanted = ENOTDIR;
            if (!folder && onto_folder) wanted = EISDIR;
            if (folder && onto_folder && !empty(to)) wanted = ENOTEMPTY;
        }
        if (!agree(::rename(from.c_str(), to.c_str()), wanted, "rename", from)) return;
        if (target == node) return;  // two names of one file stay
        if (target != nullptr) --target->names;
        names_.erase(from);
        names_[to] = node;
        if (!folder) return;
        std::map<std::string, NodePtr> moved;
        for (auto it = names_.lower_bound(from + "/");
             it != names_.end() && it->first.starts_with(from + "/");) {
            moved[to + it->first.substr(from.size())] = it->second;
            it = names_.erase(it);
        }
        names_.merge(moved);
    }
    void hard_link(const std::string& from, const NodePtr& node, const std::string& to) {
        if (node == nullptr || node->kind != Kind::file || folder_error(from) != 0) return;
        const int wanted = folder_error(to) != 0 ? folder_error(to)
                           : find(to) != nullptr ? EEXIST
                                                 : 0;
        if (!agree(::link(from.c_str(), to.c_str()), wanted, "link", from)) return;
        ++node->names;
        names_[to] = node;
    }
    void list(const std::string& path, const NodePtr& node) {
        if (node == nullptr || node->kind != Kind::directory) return;
        std::set<std::string> wanted;
        for (auto it = names_.lower_bound(path + "/");
             it != names_.end() && it->first.starts_with(path + "/"); ++it) {
            const std::string rest = it->first.substr(path.size() + 1);
            if (rest.find('/') == std::string::npos) wanted.insert(rest);
        }
        std::set<std::string> got;
        DIR* const directory = ::opendir(path.c_str());
        expect(directory != nullptr, "opendir", path);
        if (directory == nullptr) return;
        while (const dirent* const entry = ::readdir(directory)) {
            const std::string name = entry->d_name;
            if (name != "." && name != "..") expect(got.insert(name).second, "double entry", path);
        }
        ::closedir(directory);
        expect(got == wanted, "list", path);
    }

    void check(const std::string& path, const NodePtr& node) {
        struct stat found{};
        const int folder = folder_error(path);
        const int wanted = folder != 0 ? folder : node == nullptr ? ENOENT : 0;
        if (!agree(::lstat(path.c_str(), &found), wanted, "lstat", path)) return;
        if (node->kind == Kind::directory) return expect(S_ISDIR(found.st_mode), "kind", path);
        expect(found.st_nlink == node->names, "number of names", path);
        if (node->kind == Kind::link) {
            std::array<char, 100> target{};
            expect(S_ISLNK(found.st_mode), "kind", path);
            static_cast<void>(::readlink(path.c_str(), target.data(), target.size() - 1) < 0);
            return expect(node->content == target.data(), "target", path);
        }
        expect(S_ISREG(found.st_mode), "kind", path);
        expect((found.st_mode & 07777) == node->mode, "mode", path);
        expect(static_cast<std::size_t>(found.st_size) == node->content.size(), "size", path);
        const int fd = ::open(path.c_str(), O_RDONLY);
        expect(fd >= 0, "opening", path);
        compare(fd, path, *node);
        ::close(fd);
    }
    void compare(int fd, const std::string& path, const Node& node) {
        std::vector<char> bytes(most_bytes + 1);
        std::size_t size = 0;
        ssize_t part = 0;
        while ((part = ::pread(fd, bytes.data() + size,
                               std::min<std::size_t>(50'000, bytes.size() - size),
                               static_cast<off_t>(size))) > 0) {
            size += static_cast<std::size_t>(part);
        }
        expect(part == 0, "reading", path);
        expect(std::string(bytes.data(), size) == node.content, "content", path);
    }
    void check_all() {
        for (const auto& [path, node] : names_) {
            check(path, node);
            list(path, node);
        }
    }

    std::string random_bytes(std::size_t size) {
        std::string bytes(size, '\0');
        const std::uint32_t seed = static_cast<std::uint32_t>(random_());
        for (std::size_t i = 0; i < size; ++i) {
            bytes[i] =
                static_cast<char>((static_cast<std::uint32_t>(i) + seed) * 2654435761u >> 24);
        }
        return bytes;
    }
    void write(const std::string& path, Node& node) {
        if (below(40) == 0) return rewrite(path, node);
        const int fd = ::open(path.c_str(), O_RDWR);
        expect(fd >= 0, "opening", path);
        write_through(fd, path, node, O_RDWR);
        ::close(fd);
    }
    void rewrite(const std::string& path, Node& node) {
        const int fd = ::open(path.c_str(), O_RDWR | O_TRUNC | O_CREAT, 0644);
        expect(fd >= 0, "truncating", path);
        node.content.clear();
        write_through(fd, path, node, O_RDWR);
        ::close(fd);
    }
    void append(const std::string& path, Node& node) {
        const int fd = ::open(path.c_str(), O_WRONLY | O_APPEND);
        expect(fd >= 0, "opening", path);
        if (node.content.size() < most_bytes / 2) {
            const std::string bytes = random_bytes(1 + below(5000));
            expect(::write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()),
                   "appending", path);
            node.content += bytes;
        }
        ::close(fd);
    }
    void write_through(int fd, const std::string& path, Node& node, int) {
        const std::size_t at = below(most_bytes / 2);
        const std::string bytes = random_bytes(1 + below(below(8) == 0 ? most_bytes / 2 : 3000));
        expect(::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at)) ==
                   static_cast<ssize_t>(bytes.size()),
               "writing", path);
        if (node.content.size() < at + bytes.size()) node.content.resize(at + bytes.size());
        node.content.replace(at, bytes.size(), bytes);
        if (below(4) == 0) expect(::fsync(fd) == 0, "fsync", path);
        if (below(4) == 0) compare(fd, path, node);
    }
    void change_size(const std::string& path, Node& node) {
        const std::size_t size = below(most_bytes);
        expect(::truncate(path.c_str(), static_cast<off_t>(size)) == 0, "truncate", path);
        node.content.resize(size);
    }
    void change_mode(const std::string& path, Node& node) {
        static const std::array<mode_t, 4> modes{0644, 0600, 0755, 0777};
        const mode_t mode = node.kind == Kind::directory ? 0755 : modes[below(modes.size())];
        expect(::chmod(path.c_str(), mode) == 0, "chmod", path);
        node.mode = mode;
    }
    void map(const std::string& path, Node& node) {
        if (node.content.empty()) return;
        const int fd = ::open(path.c_str(), O_RDWR);
        const std::size_t size = node.content.size();
        void* const place = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        expect(place != MAP_FAILED, "mmap", path);
        if (place != MAP_FAILED) {
            char* const bytes = static_cast<char*>(place);
            expect(std::memcmp(bytes, node.content.data(), size) == 0, "mapped content", path);
            const std::size_t at = below(size);
            const std::string change =
                random_bytes(1 + below(std::min<std::size_t>(size - at, 9000)));
            std::memcpy(bytes + at, change.data(), change.size());
            node.content.replace(at, change.size(), change);
            expect(::msync(place, size, MS_SYNC) == 0, "msync", path);
            ::munmap(place, size);
        }
        ::close(fd);
    }
    /// Opens something for later, or uses and closes what was opened before.
    void use_open(const std::string& path, const NodePtr& node) {
        Open& slot = opened_[below(opened_.size())];
        if (slot.fd < 0) {
            if (node == nullptr || node->kind != Kind::file) return;
            slot.fd = ::open(path.c_str(), O_RDWR);
            expect(slot.fd >= 0, "opening", path);
            slot.node = node;
            return;
        }
        compare(slot.fd, "(kept open)", *slot.node);
        write_through(slot.fd, "(kept open)", *slot.node, O_RDWR);
        ::close(slot.fd);
        slot = {};
    }

    std::mt19937 random_;
    const bool mappings_;
    std::map<std::string, NodePtr> names_;
    std::array<Open, 6> opened_{};
    long done_ = 0;
    int failures_ = 0;
};

/// FNV-1a.
void mix(std::uint64_t& sum, const void* bytes, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) {
        sum = (sum ^ static_cast<const unsigned char*>(bytes)[i]) * 0x100000001b3;
    }
}

void add_folder(std::uint64_t& sum, const std::string& folder) {
    std::set<std::string> names;
    DIR* const directory = ::opendir(folder.c_str());
    if (directory == nullptr) return std::perror(folder.c_str());
    while (const dirent* const entry = ::readdir(directory)) names.insert(entry->d_name);
    ::closedir(directory);
    for (const std::string& name : names) {
        if (name == "." || name == "..") continue;
        const std::string path = folder + "/" + name;
        struct stat found{};
        if (::lstat(path.c_str(), &found) != 0) std::perror(path.c_str());
        const std::uint64_t mode = found.st_mode;
        mix(sum, name.data(), name.size());
        mix(sum, &mode, sizeof(mode));
        std::vector<char> bytes(1 << 16);
        if (S_ISDIR(found.st_mode)) add_folder(sum, path);
        if (S_ISLNK(found.st_mode)) {
            mix(sum, bytes.data(),
                static_cast<std::size_t>(::readlink(path.c_str(), bytes.data(), bytes.size())));
        }
        if (!S_ISREG(found.st_mode)) continue;
        const int fd = ::open(path.c_str(), O_RDONLY);
        ssize_t size = 0;
        while ((size = ::read(fd, bytes.data(), bytes.size())) > 0) {
            mix(sum, bytes.data(), static_cast<std::size_t>(size));
        }
        ::close(fd);
    }
}

}  // namespace

int main(int argc, char** argv) {
    const std::string command = argc > 2 ? argv[1] : "";
    if (command == "sum") {
        std::uint64_t sum = 0xcbf29ce484222325;
        add_folder(sum, argv[2]);
        std::printf("%016llx\n", static_cast<unsigned long long>(sum));
        return 0;
    }
    if (command != "run" || argc != 6 || ::chdir(argv[2]) != 0) {
        std::fprintf(stderr, "file_stress: see the source for its arguments\n");
        return 2;
    }
    ::umask(0);
    return Stress(static_cast<unsigned>(std::atoi(argv[3])), std::atoi(argv[5]) != 0)
        .run(std::atol(argv[4]));
}
