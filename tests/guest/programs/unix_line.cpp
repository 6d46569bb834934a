// SPDX-License-Identifier: GPL-2.0-or-later
// unix-line SOCKET WORD...: sends the words as one line to a unix socket and prints the answer,
// which an empty line ends.
#include <cstdio>
#include <cstring>
#include <string>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int count, char** arguments) {
    if (count < 3) return 2;
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, arguments[1], sizeof(address.sun_path) - 1);
    const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
    if (fd < 0 || ::connect(fd, generic, sizeof(address)) != 0) {
        std::perror("unix-line");
        return 1;
    }
    std::string line;
    for (int i = 2; i < count; ++i) line += std::string(i == 2 ? "" : " ") + arguments[i];
    line += '\n';
    if (::write(fd, line.data(), line.size()) != static_cast<ssize_t>(line.size())) return 1;
    std::string answer;
    char byte = 0;
    while (answer != "\n" && (answer.size() < 2 || answer.substr(answer.size() - 2) != "\n\n")) {
        if (::read(fd, &byte, 1) != 1) return 1;
        answer += byte;
    }
    std::fputs(answer.c_str(), stdout);
    return 0;
}
