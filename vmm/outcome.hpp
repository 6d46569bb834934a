// SPDX-License-Identifier: GPL-2.0-or-later
// Results of hosted code whose errors are told to the user.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "vmm/exit_code.hpp"

namespace lkvm::vmm {

/// One line for the user, without "error:", and how lkvm ends because of it.
struct Failure {
    ExitCode code = ExitCode::setup_error;
    std::string message;
};

[[nodiscard]] inline Failure setup_failure(std::string message) {
    return Failure{ExitCode::setup_error, std::move(message)};
}
[[nodiscard]] inline Failure usage_failure(std::string message) {
    return Failure{ExitCode::usage_error, std::move(message)};
}

/// Value or Failure; speaks like lkvm::Result.
template<class T = void>
class [[nodiscard]] Outcome {
public:
    Outcome(T value)
        : state_(std::in_place_index<0>, std::move(value)) {}
    Outcome(Failure failure)
        : state_(std::in_place_index<1>, std::move(failure)) {}

    [[nodiscard]] bool has_value() const { return state_.index() == 0; }
    explicit operator bool() const { return has_value(); }
    [[nodiscard]] T& value() & { return std::get<0>(state_); }
    [[nodiscard]] const T& value() const& { return std::get<0>(state_); }
    [[nodiscard]] T&& value() && { return std::get<0>(std::move(state_)); }
    [[nodiscard]] const Failure& failure() const { return std::get<1>(state_); }

private:
    std::variant<T, Failure> state_;
};

template<>
class [[nodiscard]] Outcome<void> {
public:
    Outcome() = default;
    Outcome(Failure failure)
        : failure_(std::move(failure)) {}

    [[nodiscard]] bool has_value() const { return !failure_.has_value(); }
    explicit operator bool() const { return has_value(); }
    void value() const {}
    [[nodiscard]] const Failure& failure() const { return failure_.value(); }

private:
    std::optional<Failure> failure_;
};

}  // namespace lkvm::vmm

/// Value of `expression` (an Outcome), or return its failure from the enclosing function.
#define LKVM_CHECK(expression)                       \
    __extension__({                                  \
        auto lkvm_outcome_ = (expression);           \
        if (!lkvm_outcome_.has_value()) [[unlikely]] \
            return lkvm_outcome_.failure();          \
        std::move(lkvm_outcome_).value();            \
    })
