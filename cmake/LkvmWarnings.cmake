# SPDX-License-Identifier: GPL-2.0-or-later
# Compiler warnings and sanitizers of every target (style §13).
function(lkvm_warnings target)
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast -Wcast-align
    -Wcast-qual -Wnon-virtual-dtor -Woverloaded-virtual -Wnull-dereference -Wdouble-promotion
    -Wformat=2 -Wimplicit-fallthrough -Wundef -Wmissing-prototypes)
  if(LKVM_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(LKVM_SANITIZE)
    # vptr wants type information, which the core does not have.
    target_compile_options(${target} PRIVATE -fsanitize=${LKVM_SANITIZE} -fno-sanitize=vptr
                                             -fno-sanitize-recover=all -fno-omit-frame-pointer)
    if(LKVM_SANITIZE MATCHES "address" AND CMAKE_CXX_COMPILER_ID MATCHES "Clang")
      # clang 19 cannot compile the interpreter's calling convention with dynamic allocas.
      target_compile_options(${target} PRIVATE "SHELL:-mllvm -asan-stack-dynamic-alloca=0")
    endif()
    target_link_options(${target} PUBLIC -fsanitize=${LKVM_SANITIZE})
  endif()
endfunction()

# Build type of sanitized test runs: fast enough to compile and run, with line numbers.
set(CMAKE_CXX_FLAGS_SANITIZE "-O1 -gline-tables-only")
set(CMAKE_C_FLAGS_SANITIZE "-O1 -gline-tables-only")
