// SPDX-License-Identifier: GPL-2.0-or-later
// What is in a bundle, for people and for programs.
#pragma once

#include <span>
#include <string>

#include <lkvm/bundle.hpp>

namespace lkvm::vmm {

/// A paragraph for each of the checked zones, in the words of `lkvm pack`'s options.
[[nodiscard]] std::string print_bundle(std::span<const bundle::Zone> zones);
/// One line of JSON; docs/lkvm.1 says what is in it.
[[nodiscard]] std::string print_bundle_json(std::span<const bundle::Zone> zones);

}  // namespace lkvm::vmm
