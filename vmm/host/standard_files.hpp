// SPDX-License-Identifier: GPL-2.0-or-later
// Standard input, output and error of a program that was started without some of them.
#pragma once

namespace lkvm::vmm {

/// Occupies the numbers 0 to 2 that are closed, so that no disk, kernel or socket that is opened
/// later becomes the guest's console. Reading input and writing output fail as before. First of
/// all, before anything else is opened.
void occupy_standard_files();

}  // namespace lkvm::vmm
