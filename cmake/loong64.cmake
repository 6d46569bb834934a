# SPDX-License-Identifier: GPL-2.0-or-later
# Toolchain: hosted programs for LoongArch Linux, static, with this machine's clang and the sysroot
# that cmake/sysroot.sh makes.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR loongarch64)
set(LKVM_SYSROOT ${CMAKE_CURRENT_LIST_DIR}/../build/sysroot-loong64 CACHE PATH "loong64 sysroot")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES LKVM_SYSROOT)
get_filename_component(CMAKE_SYSROOT ${LKVM_SYSROOT} ABSOLUTE)

set(CMAKE_C_COMPILER clang-19)
set(CMAKE_CXX_COMPILER clang++-19)
set(CMAKE_AR /usr/bin/llvm-ar-19)
set(CMAKE_RANLIB /usr/bin/llvm-ranlib-19)
set(CMAKE_C_COMPILER_TARGET loongarch64-linux-gnu)
set(CMAKE_CXX_COMPILER_TARGET loongarch64-linux-gnu)
set(lkvm_cxx ${CMAKE_SYSROOT}/usr/include/cxx)
set(CMAKE_CXX_FLAGS_INIT
    "-nostdinc++ -isystem ${lkvm_cxx} -isystem ${lkvm_cxx}/loongarch64-linux-gnu")
set(CMAKE_EXE_LINKER_FLAGS_INIT
    "-fuse-ld=lld-19 -static -B${CMAKE_SYSROOT}/usr/lib -L${CMAKE_SYSROOT}/usr/lib")

set(CMAKE_FIND_ROOT_PATH ${CMAKE_SYSROOT})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
