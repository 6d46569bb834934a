# SPDX-License-Identifier: GPL-2.0-or-later
# Freestanding build: everything of the core and libfdt as one relocatable object, core.o, whose
# undefined symbols and registers tests/lint/freestanding.sh looks at.
set(core "")
foreach(library lkvm_isa lkvm_platform lkvm_boot lkvm_virtio)
  get_target_property(type ${library} TYPE)
  if(type STREQUAL "STATIC_LIBRARY")
    list(APPEND core ${library})
  endif()
endforeach()
set(core_files "")
foreach(library IN LISTS core)
  list(APPEND core_files $<TARGET_FILE:${library}>)
endforeach()
find_program(LKVM_LD NAMES ld.lld-19 REQUIRED)
add_custom_command(
  OUTPUT core.o
  COMMAND ${LKVM_LD} -r --whole-archive ${core_files} --no-whole-archive
          ${LKVM_SYSROOT}/usr/lib/libfdt.a -o core.o
  DEPENDS ${core}
  COMMENT "Linking the freestanding core"
  VERBATIM)
add_custom_target(core ALL DEPENDS core.o)
