// SPDX-License-Identifier: GPL-2.0-or-later
// JSON (RFC 8259) as we write and read it: whole numbers only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace lkvm::vmm {

/// A value; members of objects keep their order.
class Json {
public:
    using Array = std::vector<Json>;
    using Member = std::pair<std::string, Json>;
    using Object = std::vector<Member>;

    Json() = default;
    Json(bool value)
        : value_(value) {}
    Json(std::uint64_t value)
        : value_(value) {}
    Json(unsigned value)
        : value_(std::uint64_t{value}) {}
    Json(std::string value)
        : value_(std::move(value)) {}
    Json(std::string_view value)
        : value_(std::string(value)) {}
    Json(const char* value)
        : value_(std::string(value)) {}
    Json(Array value)
        : value_(std::move(value)) {}
    Json(Object value)
        : value_(std::move(value)) {}

    /// One whole document. Nothing if `text` is not JSON, nested deeper than 32 levels, or has a
    /// number that is not one from 0 to 2^64 - 1.
    [[nodiscard]] static std::optional<Json> parse(std::string_view text);

    /// Without line breaks.
    [[nodiscard]] std::string text() const;

    // Null if the value is of another type.
    [[nodiscard]] const bool* boolean() const { return std::get_if<bool>(&value_); }
    [[nodiscard]] const std::uint64_t* number() const {
        return std::get_if<std::uint64_t>(&value_);
    }
    [[nodiscard]] const std::string* string() const { return std::get_if<std::string>(&value_); }
    [[nodiscard]] const Array* array() const { return std::get_if<Array>(&value_); }
    [[nodiscard]] const Object* object() const { return std::get_if<Object>(&value_); }

    /// The member of an object, or null.
    [[nodiscard]] const Json* find(std::string_view name) const;
    /// The text or number of a member; empty if there is none.
    [[nodiscard]] std::string member_text(std::string_view name) const;

    /// Appends to an object.
    void add(std::string name, Json value);

private:
    void write(std::string& to) const;

    std::variant<std::nullptr_t, bool, std::uint64_t, std::string, Array, Object> value_ = nullptr;
};

}  // namespace lkvm::vmm
