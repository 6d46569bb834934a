# SPDX-License-Identifier: GPL-2.0-or-later
# The short front of the CMake build: `make`, `make run`, `make check`; `make help` lists the rest.
.DEFAULT_GOAL := all
MAKEFLAGS += --no-print-directory
# Each step uses all CPUs, and those that fetch share a cache.
.NOTPARALLEL:

BUILD ?= build
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
CONFIGURE = cmake -G Ninja -DCMAKE_C_COMPILER=clang-19 -DCMAKE_CXX_COMPILER=clang++-19 \
	-DLKVM_WERROR=ON
ASSETS = $(BUILD)/assets
CTEST = ctest --output-on-failure --no-tests=error
RUN_ARGS ?= -m 512@0x90000000

.PHONY: all
all: lkvm ## everything for this machine: build/lkvm

.PHONY: deps
deps:
	@cmake/install-deps.sh

$(BUILD)/build.ninja: | deps
	@$(CONFIGURE) -S . -B $(BUILD) -DCMAKE_BUILD_TYPE=Release

.PHONY: lkvm
lkvm: deps $(BUILD)/build.ninja
	@cmake --build $(BUILD) -j $(JOBS) --target lkvm

.PHONY: run
run: lkvm assets ## boot Debian's loong64 kernel to a shell
	@echo "lkvm: leave with 'poweroff' or ctrl-a x" >&2
	@$(BUILD)/lkvm run -k $(ASSETS)/vmlinuz -i $(ASSETS)/initrd.img $(RUN_ARGS)

.PHONY: assets
assets: deps ## guest kernel, initrd and user-mode QEMU under build/assets
	@cmake/fetch-assets.sh $(ASSETS)

.PHONY: rootfs
rootfs: deps ## Debian root file system with compilers and disk tools, build/assets/rootfs.img
	@cmake/make-rootfs.sh $(ASSETS)

.PHONY: userland
userland: assets ## bash, coreutils, perl, python3, openssl of Debian loong64 for a test
	@cmake/make-userland.sh $(ASSETS)

.PHONY: qemu-system
qemu-system: deps ## QEMU's system emulator, for comparisons
	@cmake/fetch-qemu-system.sh $(ASSETS)/qemu-system || \
		echo "lkvm: warning: no QEMU to compare with" >&2

.PHONY: sysroot
sysroot: deps ## headers and libraries for cross-compiling to loong64
	@cmake/sysroot.sh $(BUILD)/sysroot-loong64

.PHONY: loong64
loong64: sysroot ## build/loong64/lkvm, static, for LoongArch hosts
	@cmake -G Ninja -S . -B $(BUILD)/loong64 -DCMAKE_BUILD_TYPE=Release -DLKVM_TESTS=OFF \
		-DLKVM_WERROR=ON -DCMAKE_TOOLCHAIN_FILE=$(CURDIR)/cmake/loong64.cmake \
		-DLKVM_SYSROOT=$(abspath $(BUILD))/sysroot-loong64
	@cmake --build $(BUILD)/loong64 -j $(JOBS)

.PHONY: check
check: deps $(BUILD)/build.ninja assets rootfs userland qemu-system kvm-assets kvm-selftests \
		baremetal firmware zones-assets ## the tests, with all set-up; what CI runs
	@cmake --build $(BUILD) -j $(JOBS)
	@BUILD=$(BUILD) JOBS=$(JOBS) tests/check.sh

.PHONY: check-long
check-long: check qemu-kvm-assets ## soak runs and many boots
	@cd $(BUILD) && $(CTEST) -C long -L long

.PHONY: bench
bench: lkvm assets rootfs qemu-system baremetal kvm-assets qemu-kvm-assets ## speed and memory; PART=cpu|rings|blk|net|kvm|zones: one part
	@cmake --build $(BUILD) -j $(JOBS) --target bench_rings
	@BUILD=$(BUILD) tests/bench/bench.sh $(PART)

.PHONY: fuzz
fuzz: deps ## every fuzz target for FUZZ_SECONDS (60) each
	@BUILD=build-fuzz JOBS=$(JOBS) tests/fuzz/fuzz.sh

.PHONY: format
format: deps ## clang-format on all sources
	@git ls-files '*.cpp' '*.hpp' | xargs -r -P $(JOBS) -n 16 clang-format-19 -i

.PHONY: tidy
tidy: lkvm ## clang-tidy on all sources (slow)
	@git ls-files 'include/*.cpp' 'loongarch/*.cpp' 'virtio/*.cpp' 'vmm/*.cpp' | \
		xargs -r -P $(JOBS) -n 1 clang-tidy-19 -p $(BUILD) --quiet

.PHONY: install
install: lkvm ## into PREFIX (/usr/local), below DESTDIR
	@DESTDIR=$(DESTDIR) cmake --install $(BUILD) --prefix $(or $(PREFIX),/usr/local)

.PHONY: clean
clean: ## remove what was built; what was fetched stays in the cache
	@rm -rf $(BUILD) build-asan build-fuzz

.PHONY: kvm-assets
kvm-assets: assets loong64 ## the initrd with the loong64 lkvm and a guest for it
	@cmake/make-kvm-initrd.sh $(ASSETS) $(BUILD)/loong64/lkvm $(BUILD)/sysroot-loong64

.PHONY: kvm-selftests
kvm-selftests: assets sysroot ## the kernel's own tests of KVM, cross-built
	@cmake/make-kvm-selftests.sh $(ASSETS) $(BUILD)/sysroot-loong64 || \
		echo "lkvm: warning: none of the kernel's tests of KVM" >&2

.PHONY: qemu-kvm-assets
qemu-kvm-assets: assets ## the initrd with Debian's QEMU for loong64, another client of KVM
	@cmake/make-qemu-kvm-initrd.sh $(ASSETS)

.PHONY: run-kvm
run-kvm: lkvm kvm-assets ## Debian under KVM, in Debian on the software CPU's --lvz
	@echo "lkvm: 'poweroff' leaves the inner guest, then the outer one; or ctrl-a x" >&2
	@$(BUILD)/lkvm run --lvz -k $(ASSETS)/vmlinuz -i $(ASSETS)/kvm.img -m 1G@0x90000000 -c 2 \
		-p 'lkvm.then=shell lkvm.run="lkvm run -k /guest/vmlinuz -i /guest/initrd.img -m 512@0x90000000 -c 2"'

.PHONY: firmware
firmware: deps ## real firmware, to start the bare-metal hypervisor on
	@cmake/fetch-firmware.sh $(ASSETS)/firmware || echo "lkvm: warning: no firmware" >&2

.PHONY: baremetal
baremetal: sysroot ## build/baremetal/lkvm-zones.efi and .elf, the bare-metal hypervisor
	@cmake -G Ninja -S . -B $(BUILD)/baremetal -DCMAKE_BUILD_TYPE=MinSizeRel -DLKVM_WERROR=ON \
		-DCMAKE_TOOLCHAIN_FILE=$(CURDIR)/cmake/loong64-elf.cmake \
		-DLKVM_SYSROOT=$(abspath $(BUILD))/sysroot-loong64
	@cmake --build $(BUILD)/baremetal -j $(JOBS) --target zones
	@tests/guest/bare/build.sh $(BUILD)/baremetal tests/guest/zone/*.cpp tests/bench/zones/*.cpp

.PHONY: zones-assets
zones-assets: assets loong64 ## the initrd with the loong64 lkvm, for zones that manage others
	@cmake/make-zones-initrd.sh $(ASSETS) $(BUILD)/loong64/lkvm

# What a zone's initrd does before the shell.
address = lkvm.then=shell lkvm.run="ip addr add 10.0.0.$(1)/24 dev eth0 && ip link set eth0 up"

.PHONY: run-zones
run-zones: lkvm zones-assets baremetal ## two Debian zones and a bare one on a five-CPU board
	@$(BUILD)/lkvm pack -o $(BUILD)/zones.img \
		--zone linux0 -k $(ASSETS)/vmlinuz -i $(ASSETS)/zones.img -m 512@0x90000000 -c 2 \
			--rng -n mode=zones,net=lan --control -p '$(call address,1)' \
		--zone linux1 -k $(ASSETS)/vmlinuz -i $(ASSETS)/initrd.img -m 512@0x90000000 -c 2 \
			--rng -n mode=zones,net=lan -p '$(call address,2)' \
		--zone heart -k $(BUILD)/baremetal/heartbeat.elf -m 64@0x90000000
	@echo "lkvm: ctrl-] 0, 1 and 2 switch between the zones, ctrl-a x leaves;" >&2
	@echo "lkvm: in zone 0 try 'lkvm list', 'lkvm stop heart' and 'ping 10.0.0.2'" >&2
	@$(BUILD)/lkvm run --lvz -k $(BUILD)/baremetal/lkvm-zones.elf -i $(BUILD)/zones.img \
		-m 2G@0x90000000 -c 5

.PHONY: deb
deb: ## a Debian package of lkvm: build/deb/lkvm_*.deb
	@cmake/install-deps.sh debhelper dpkg-dev fakeroot
	@cmake/make-deb.sh $(BUILD)/deb

.PHONY: help
help:
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile
