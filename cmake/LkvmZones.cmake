# SPDX-License-Identifier: GPL-2.0-or-later
# Freestanding build: the bare-metal hypervisor, as ELF file and as image for firmware and for Linux's
# boot protocol.
lkvm_library(lkvm_zones CORE DIRS baremetal LINK lkvm_isa lkvm_platform lkvm_boot lkvm_virtio)
target_compile_definitions(lkvm_zones PRIVATE LKVM_VERSION="${PROJECT_VERSION}")
# The assembler takes gcsr* only with LVZ; no code is generated for it.
target_compile_options(lkvm_zones PRIVATE "SHELL:-Xclang -target-feature -Xclang +lvz")
# The image is built for size, but for what runs at every exit.
set(exit_sources baremetal/cpu/vcpu.cpp baremetal/cpu/instruction_count.cpp
  baremetal/trap/mmio_decode.cpp baremetal/trap/sensitive.cpp
  loongarch/platform/irqchip/interrupt_chips.cpp loongarch/platform/irqchip/ipi.cpp
  loongarch/platform/irqchip/eiointc.cpp loongarch/platform/irqchip/pch_pic.cpp
  loongarch/platform/uart16550.cpp virtio/transport_mmio.cpp)
set_source_files_properties(${exit_sources} PROPERTIES COMPILE_OPTIONS -O2)
add_custom_command(
  OUTPUT lkvm-zones.elf
  COMMAND ${LKVM_LD} -pie --no-dynamic-linker -z notext -z norelro --gc-sections
          --apply-dynamic-relocs
          -T ${PROJECT_SOURCE_DIR}/baremetal/image.ld --whole-archive $<TARGET_FILE:lkvm_zones>
          --no-whole-archive $<TARGET_FILE:lkvm_virtio> $<TARGET_FILE:lkvm_boot> $<TARGET_FILE:lkvm_platform>
          $<TARGET_FILE:lkvm_isa> ${LKVM_SYSROOT}/usr/lib/libfdt.a -o lkvm-zones.elf
  DEPENDS lkvm_zones lkvm_virtio lkvm_boot lkvm_platform lkvm_isa ${PROJECT_SOURCE_DIR}/baremetal/image.ld
  COMMENT "Linking lkvm-zones.elf"
  VERBATIM)
find_program(LKVM_OBJCOPY NAMES llvm-objcopy-19 REQUIRED)
add_custom_command(
  OUTPUT lkvm-zones.efi
  COMMAND ${LKVM_OBJCOPY} -O binary lkvm-zones.elf lkvm-zones.efi
  DEPENDS lkvm-zones.elf
  COMMENT "Making lkvm-zones.efi"
  VERBATIM)
add_custom_target(zones ALL DEPENDS lkvm-zones.elf lkvm-zones.efi)
