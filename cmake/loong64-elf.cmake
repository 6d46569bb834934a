# SPDX-License-Identifier: GPL-2.0-or-later
# Toolchain: freestanding LoongArch code for the bare machine. Of the C++ library it takes the
# headers only; no floating-point or vector register is touched.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR loongarch64)
set(LKVM_FREESTANDING ON)
set(LKVM_SYSROOT ${CMAKE_CURRENT_LIST_DIR}/../build/sysroot-loong64 CACHE PATH "loong64 sysroot")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES LKVM_SYSROOT)
get_filename_component(lkvm_include ${LKVM_SYSROOT}/usr/include ABSOLUTE)

set(CMAKE_C_COMPILER clang-19)
set(CMAKE_CXX_COMPILER clang++-19)
set(CMAKE_AR /usr/bin/llvm-ar-19)
set(CMAKE_RANLIB /usr/bin/llvm-ranlib-19)
set(CMAKE_C_COMPILER_TARGET loongarch64-unknown-none-elf)
set(CMAKE_CXX_COMPILER_TARGET loongarch64-unknown-none-elf)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)

set(CMAKE_C_FLAGS_INIT "-mabi=lp64d -mno-lsx -mno-lasx -ffreestanding -fno-pic -fno-pie")
string(APPEND CMAKE_C_FLAGS_INIT " -fno-stack-protector -ffunction-sections -fdata-sections")
# _GNU_SOURCE as on Linux: the C++ library names functions that the C headers hide otherwise.
set(CMAKE_CXX_FLAGS_INIT "${CMAKE_C_FLAGS_INIT} -fno-exceptions -fno-rtti")
string(APPEND CMAKE_CXX_FLAGS_INIT " -fno-threadsafe-statics -nostdinc++ -D_GNU_SOURCE")
string(APPEND CMAKE_CXX_FLAGS_INIT
       " -isystem ${lkvm_include}/cxx -isystem ${lkvm_include}/cxx/loongarch64-linux-gnu")
string(APPEND CMAKE_C_FLAGS_INIT " -isystem ${lkvm_include}")
string(APPEND CMAKE_CXX_FLAGS_INIT " -isystem ${lkvm_include}")
