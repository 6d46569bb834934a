// SPDX-License-Identifier: GPL-2.0-or-later
// The first page of the image, twice a header: of Linux's LoongArch boot protocol, and of an EFI
// application (PE32+; Microsoft PE Format §3 to §5). One section holds everything; addresses are
// file offsets. There is no relocation directory: entry.cpp relocates.
asm(R"(
    .section .head, "ax"
    .globl _head
_head:
    .word   0x00005a4d                  # "MZ"
    .word   0
    .dword  _start - _head + 0x200000   # entry, as if loaded at the offset below
    .dword  _end - _head                # size in memory
    .dword  0x200000                    # load offset
    .globl  bundle_slot
bundle_slot:
    .dword  0                           # `lkvm pack --image`: offset of a bundle behind us
    .dword  0, 0
    .word   0x818223cd                  # Linux's magic number
    .word   pe_header - _head

pe_header:
    .word   0x00004550                  # "PE"
    .half   0x6264                      # LoongArch64
    .half   1                           # sections
    .word   0, 0, 0
    .half   section_table - optional_header
    .half   0x0206                      # executable, no line numbers, no debug information

optional_header:
    .half   0x020b                      # PE32+
    .byte   0, 0
    .word   _data_end - _head - 0x1000  # code
    .word   0
    .word   _end - _data_end            # not initialized
    .word   efi_entry - _head
    .word   0x1000                      # start of the code
    .dword  0                           # linked at
    .word   0x1000                      # section alignment
    .word   0x200                       # file alignment
    .half   0, 0, 0, 0, 0, 0
    .word   0
    .word   _end - _head                # size of image
    .word   0x1000                      # size of headers
    .word   0
    .half   10                          # EFI application
    .half   0
    .dword  0, 0, 0, 0
    .word   0
    .word   6                           # data directories, all empty
    .dword  0, 0, 0, 0, 0, 0

section_table:
    .ascii  ".text\0\0\0"
    .word   _end - _head - 0x1000
    .word   0x1000
    .word   _data_end - _head - 0x1000
    .word   0x1000
    .word   0, 0
    .half   0, 0
    .word   0xe00000e0                  # code and data, readable, writable, executable
    .space  40                          # the section that `lkvm pack --image` adds
)");
