// SPDX-License-Identifier: GPL-2.0-or-later
// All LSX and LASX instructions without floating-point arithmetic.
#pragma once

#include "loongarch/soft/sem_simd_arithmetic.hpp"
#include "loongarch/soft/sem_simd_compare.hpp"
#include "loongarch/soft/sem_simd_logic.hpp"
#include "loongarch/soft/sem_simd_memory.hpp"
#include "loongarch/soft/sem_simd_move.hpp"
#include "loongarch/soft/sem_simd_narrow.hpp"
#include "loongarch/soft/sem_simd_shift.hpp"
#include "loongarch/soft/sem_simd_shuffle.hpp"
#include "loongarch/soft/sem_simd_widen.hpp"
