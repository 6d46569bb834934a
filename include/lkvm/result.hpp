// SPDX-License-Identifier: GPL-2.0-or-later
// Error codes and Result<T>, the return type of everything that can fail.
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <variant>

#include <lkvm/assert.hpp>

namespace lkvm {

/// Why an operation failed. Text for people is made in vmm/.
enum class ErrorCode : std::uint32_t {
    invalid_argument,
    out_of_range,
    not_found,
    not_supported,
    no_space,
    overlap,
    misaligned,
    bad_format,
    truncated,
    io_error,
    busy,
    permission,
    too_many,
    would_block,
    end_of_file,
};

/// An error code and 32 bits of detail whose meaning the failing function documents.
struct Error {
    ErrorCode code{};
    std::uint32_t detail = 0;

    friend constexpr bool operator==(const Error&, const Error&) = default;
};

/// Value or Error; speaks like std::expected. Accessing the wrong side panics.
template<class T = void>
class [[nodiscard]] Result {
public:
    using value_type = T;

    constexpr Result(T value)
        : state_(std::in_place_index<0>, std::move(value)) {}
    constexpr Result(Error error)
        : state_(std::in_place_index<1>, error) {}

    [[nodiscard]] constexpr bool has_value() const { return state_.index() == 0; }
    constexpr explicit operator bool() const { return has_value(); }

    constexpr T& value() & { return checked(); }
    constexpr const T& value() const& { return const_cast<Result*>(this)->checked(); }
    constexpr T&& value() && { return std::move(checked()); }
    constexpr T& operator*() & { return checked(); }
    constexpr const T& operator*() const& { return value(); }
    constexpr T&& operator*() && { return std::move(checked()); }
    constexpr T* operator->() { return &checked(); }
    constexpr const T* operator->() const { return &value(); }
    constexpr T value_or(T other) const { return has_value() ? value() : std::move(other); }

    [[nodiscard]] constexpr Error error() const {
        const Error* error = std::get_if<1>(&state_);
        LKVM_ASSERT(error != nullptr);
        return *error;
    }

private:
    constexpr T& checked() {
        T* value = std::get_if<0>(&state_);
        LKVM_ASSERT(value != nullptr);
        return *value;
    }

    std::variant<T, Error> state_;
};

/// "Nothing or an error".
template<>
class [[nodiscard]] Result<void> {
public:
    using value_type = void;

    constexpr Result() = default;
    constexpr Result(Error error)
        : error_(error)
        , failed_(true) {}

    [[nodiscard]] constexpr bool has_value() const { return !failed_; }
    constexpr explicit operator bool() const { return has_value(); }
    constexpr void value() const { LKVM_ASSERT(!failed_); }
    [[nodiscard]] constexpr Error error() const {
        LKVM_ASSERT(failed_);
        return error_;
    }

private:
    Error error_{};
    bool failed_ = false;
};

[[nodiscard]] constexpr Error fail(ErrorCode code, std::uint64_t detail = 0) {
    return Error{code, static_cast<std::uint32_t>(detail)};
}

namespace detail {
template<class T>
constexpr decltype(auto) unwrap(Result<T>&& result) {
    if constexpr (!std::is_void_v<T>) return std::move(result).value();
}
}  // namespace detail

}  // namespace lkvm

/// Value of `expression` (a Result), or return its error from the enclosing function.
#define LKVM_TRY(expression)                             \
    __extension__({                                      \
        auto lkvm_result_ = (expression);                \
        if (!lkvm_result_.has_value()) [[unlikely]]      \
            return lkvm_result_.error();                 \
        ::lkvm::detail::unwrap(std::move(lkvm_result_)); \
    })

/// Value of `expression`, which cannot fail: the line above says why. Panics otherwise.
#define LKVM_MUST(expression) ::lkvm::detail::unwrap(expression)
