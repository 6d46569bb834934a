// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/life/output_mux.hpp"

#include <lkvm/assert.hpp>

namespace lkvm::hv {
namespace {

// What put_next() says at most: an end of line, a name in brackets, an end of line.
constexpr std::size_t longest_step = 2 + (1 + sizeof(bundle::Zone::name) + 2) + 2;
static_assert(longest_step <= OutputMux::least_taken);

}  // namespace

/// Bytes for the port.
class OutputMux::Out {
public:
    explicit Out(std::span<char> room)
        : room_(room) {}
    void put(char c) { room_[size_++] = c; }
    void put(std::string_view text) {
        for (const char c : text) put(c);
    }
    [[nodiscard]] bool has_room() const { return room_.size() - size_ >= longest_step; }
    [[nodiscard]] std::size_t size() const { return size_; }

private:
    std::span<char> room_;
    std::size_t size_ = 0;
};

void OutputMux::Queue::push(char c) {
    text[(first + size) % capacity] = c;
    ++size;
    if (c == '\n') ++lines;
}

char OutputMux::Queue::pop() {
    const char c = text[first];
    first = (first + 1) % capacity;
    --size;
    if (c == '\n') --lines;
    return c;
}

bool OutputMux::Queue::has_text() const {
    return size != 0 && text[first] != '\n' && text[first] != line_of_hypervisor;
}

void OutputMux::name_zone(std::size_t zone, std::string_view name) {
    queues_[zone].name = name;
    if (zones_ <= zone) zones_ = zone + 1;
}

bool OutputMux::write(std::size_t zone, std::span<const std::byte> bytes) {
    Queue& queue = queues_[zone];
    LKVM_ASSERT(bytes.size() <= most_written);
    if (bytes.size() > capacity - queue.size || capacity - queue.size - bytes.size() < reserve) {
        return false;
    }
    if (zone == owner_) patience_ = most_patience;
    for (const std::byte byte : bytes) {
        const auto c = static_cast<char>(byte);
        if (c != '\r') queue.push(c);  // comes with the end of the line
    }
    return true;
}

bool OutputMux::line(std::size_t source, std::string_view text) {
    Queue& queue = queues_[source];
    if (text.size() > most_written) text = text.substr(0, most_written);
    if (text.size() + 2 > capacity - queue.size) return false;
    queue.push(line_of_hypervisor);
    for (const char c : text) {
        if (c != '\r' && c != '\n') queue.push(c);
    }
    queue.push('\n');
    return true;
}

bool OutputMux::is_ready(std::size_t source) const {
    const Queue& queue = queues_[source];
    return queue.lines != 0 || queue.size >= longest_line || (source == focus_ && queue.size != 0);
}

bool OutputMux::has_more() const {
    for (std::size_t source = 0; source < queues_.size(); ++source) {
        if (is_ready(source)) return true;
    }
    return false;
}

/// Whose turn it is; false: nobody's.
bool OutputMux::choose() {
    const bool goes_on = in_line_ && queues_[current_].size != 0;
    if (in_line_ && turn_ < longest_turn) {
        if (goes_on) return true;
        if (patience_ != 0) return false;
    }
    turn_ = 0;  // the next turn begins: nobody is looked for at every byte
    const std::size_t last = current_ == hypervisor ? zones_ : current_;
    for (std::size_t i = 1; i <= zones_ + 1; ++i) {
        const std::size_t next = (last + i) % (zones_ + 1);
        const std::size_t source = next == zones_ ? hypervisor : next;
        if (!is_ready(source)) continue;
        current_ = source;
        return true;
    }
    return goes_on;
}

void OutputMux::begin_line(std::string_view name, Out& out) {
    if (!name.empty()) {
        out.put('[');
        out.put(name);
        out.put("] ");
    }
    in_line_ = true;
    owner_ = current_;
    turn_ = 0;
}

void OutputMux::end_line(Out& out) {
    out.put("\r\n");
    in_line_ = false;
}

void OutputMux::put_next(Out& out) {
    Queue& queue = queues_[current_];
    const char c = queue.pop();
    if (in_line_ && (owner_ != current_ || c == line_of_hypervisor)) end_line(out);
    if (c == line_of_hypervisor) return begin_line("zones", out);
    if (!in_line_) begin_line(prefixes_ ? queue.name : std::string_view{}, out);
    if (c == '\n') return end_line(out);
    ++turn_;
    out.put(c);
    while (queue.has_text() && turn_ < longest_turn && out.has_room()) {
        ++turn_;
        out.put(queue.pop());
    }
}

std::size_t OutputMux::take(std::span<char> room) {
    Out out{room};
    while (out.has_room() && choose()) put_next(out);
    return out.size();
}

}  // namespace lkvm::hv
