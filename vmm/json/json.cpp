// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/json/json.hpp"

#include <charconv>

namespace lkvm::vmm {
namespace {

constexpr unsigned deepest = 32;

void append_utf8(std::string& to, std::uint32_t code) {
    const auto put = [&to](std::uint32_t byte) { to += static_cast<char>(byte); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xc0 | code >> 6);
        put(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        put(0xe0 | code >> 12);
        put(0x80 | (code >> 6 & 0x3f));
        put(0x80 | (code & 0x3f));
    } else {
        put(0xf0 | code >> 18);
        put(0x80 | (code >> 12 & 0x3f));
        put(0x80 | (code >> 6 & 0x3f));
        put(0x80 | (code & 0x3f));
    }
}

void append_quoted(std::string& to, std::string_view text) {
    to += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            to += '\\';
            to += c;
        } else if (c == '\n') {
            to += "\\n";
        } else if (byte < 0x20) {
            constexpr std::string_view digits = "0123456789abcdef";
            to += "\\u00";
            to += digits[byte >> 4];
            to += digits[byte & 0xf];
        } else {
            to += c;
        }
    }
    to += '"';
}

class Parser {
public:
    explicit Parser(std::string_view text)
        : rest_(text) {}

    std::optional<Json> document() {
        std::optional<Json> value = read_value(0);
        skip_space();
        if (!rest_.empty()) return std::nullopt;
        return value;
    }

private:
    void skip_space() {
        while (!rest_.empty() &&
               std::string_view{" \t\r\n"}.find(rest_[0]) != std::string_view::npos)
            rest_.remove_prefix(1);
    }
    bool take(std::string_view word) {
        if (!rest_.starts_with(word)) return false;
        rest_.remove_prefix(word.size());
        return true;
    }
    bool take_after_space(char c) {
        skip_space();
        return take({&c, 1});
    }

    std::optional<Json> read_value(unsigned depth) {
        if (depth > deepest) return std::nullopt;
        skip_space();
        if (take("null")) return Json();
        if (take("true")) return Json(true);
        if (take("false")) return Json(false);
        if (take("{")) return read_object(depth);
        if (take("[")) return read_array(depth);
        if (rest_.starts_with('"')) {
            std::optional<std::string> text = read_string();
            if (!text.has_value()) return std::nullopt;
            return Json(std::move(*text));
        }
        return read_number();
    }

    std::optional<Json> read_number() {
        std::uint64_t value = 0;
        const char* const begin = rest_.data();
        const auto result = std::from_chars(begin, begin + rest_.size(), value);
        const auto length = static_cast<std::size_t>(result.ptr - begin);
        if (result.ec != std::errc{} || (length > 1 && rest_[0] == '0')) return std::nullopt;
        rest_.remove_prefix(length);
        if (!rest_.empty() && std::string_view{".eE"}.find(rest_[0]) != std::string_view::npos) {
            return std::nullopt;
        }
        return Json(value);
    }

    std::optional<Json> read_array(unsigned depth) {
        Json::Array values;
        if (take_after_space(']')) return Json(std::move(values));
        do {
            std::optional<Json> value = read_value(depth + 1);
            if (!value.has_value()) return std::nullopt;
            values.push_back(std::move(*value));
        } while (take_after_space(','));
        if (!take_after_space(']')) return std::nullopt;
        return Json(std::move(values));
    }

    std::optional<Json> read_object(unsigned depth) {
        Json::Object members;
        if (take_after_space('}')) return Json(std::move(members));
        do {
            skip_space();
            std::optional<std::string> name = read_string();
            if (!name.has_value() || !take_after_space(':')) return std::nullopt;
            std::optional<Json> value = read_value(depth + 1);
            if (!value.has_value()) return std::nullopt;
            members.emplace_back(std::move(*name), std::move(*value));
        } while (take_after_space(','));
        if (!take_after_space('}')) return std::nullopt;
        return Json(std::move(members));
    }

    std::optional<std::uint32_t> read_hex4() {
        std::uint32_t value = 0;
        if (rest_.size() < 4) return std::nullopt;
        const auto result = std::from_chars(rest_.data(), rest_.data() + 4, value, 16);
        if (result.ec != std::errc{} || result.ptr != rest_.data() + 4) return std::nullopt;
        rest_.remove_prefix(4);
        return value;
    }

    bool read_escape(std::string& to) {
        if (rest_.empty()) return false;
        const char kind = rest_[0];
        rest_.remove_prefix(1);
        constexpr std::string_view kinds = "\"\\/bfnrt";
        constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
        if (const std::size_t found = kinds.find(kind); found != std::string_view::npos) {
            to += meanings[found];
            return true;
        }
        if (kind != 'u') return false;
        const auto first = read_hex4();
        if (!first.has_value() || (*first & 0xfc00) == 0xdc00) return false;
        if ((*first & 0xfc00) != 0xd800) {
            append_utf8(to, *first);
            return true;
        }
        if (!take("\\u")) return false;
        const auto second = read_hex4();
        if (!second.has_value() || (*second & 0xfc00) != 0xdc00) return false;
        append_utf8(to, 0x10000 + ((*first & 0x3ff) << 10 | (*second & 0x3ff)));
        return true;
    }

    std::optional<std::string> read_string() {
        if (!take("\"")) return std::nullopt;
        std::string text;
        for (;;) {
            if (rest_.empty()) return std::nullopt;
            const char c = rest_[0];
            rest_.remove_prefix(1);
            if (c == '"') return text;
            if (static_cast<unsigned char>(c) < 0x20) return std::nullopt;
            if (c != '\\') {
                text += c;
            } else if (!read_escape(text)) {
                return std::nullopt;
            }
        }
    }

    std::string_view rest_;
};

}  // namespace

std::optional<Json> Json::parse(std::string_view text) {
    return Parser(text).document();
}

std::string Json::text() const {
    std::string result;
    write(result);
    return result;
}

void Json::write(std::string& to) const {
    if (const bool* const truth = boolean()) {
        to += *truth ? "true" : "false";
    } else if (const std::uint64_t* const count = number()) {
        to += std::to_string(*count);
    } else if (const std::string* const characters = string()) {
        append_quoted(to, *characters);
    } else if (const Array* const values = array()) {
        char separator = '[';
        for (const Json& value : *values) {
            to += std::exchange(separator, ',');
            value.write(to);
        }
        to += values->empty() ? "[]" : "]";
    } else if (const Object* const members = object()) {
        char separator = '{';
        for (const auto& [name, member] : *members) {
            to += std::exchange(separator, ',');
            append_quoted(to, name);
            to += ':';
            member.write(to);
        }
        to += members->empty() ? "{}" : "}";
    } else {
        to += "null";
    }
}

const Json* Json::find(std::string_view name) const {
    const Object* const members = object();
    if (members == nullptr) return nullptr;
    for (const auto& [member, value] : *members) {
        if (member == name) return &value;
    }
    return nullptr;
}

std::string Json::member_text(std::string_view name) const {
    const Json* const member = find(name);
    if (member == nullptr) return {};
    if (const std::string* const text = member->string()) return *text;
    return member->text();
}

void Json::add(std::string name, Json value) {
    if (std::holds_alternative<std::nullptr_t>(value_)) value_ = Object{};
    if (Object* const members = std::get_if<Object>(&value_)) {
        members->emplace_back(std::move(name), std::move(value));
    }
}

}  // namespace lkvm::vmm
