// SPDX-License-Identifier: Apache-2.0
/*
 * qemu_args_test.c - the complete command line, and what may not change it.
 */
#include "infra/vm/qemu_args.h"

#include <string.h>

#include "base/mem.h"
#include "support/check.h"

static struct image test_image(size_t layers)
{
	struct image image = IMAGE_INIT;

	for (size_t i = 0; i < layers; i++)
		image.layers[i].path = xasprintf("/cache/%zu,x.sqfs", i);
	image.layer_count = layers;
	return image;
}

static struct qemu_args test_args(const struct image *image)
{
	return (struct qemu_args){
		.binary = "/usr/bin/qemu",
		.name = "bbox-1,process=x",
		.accel = VM_ACCEL_TCG,
		.cpus = 2,
		.mem_mib = 4096,
		.kernel_path = "/cache/vmlinux",
		.image = image,
		.initrd_fd = 10,
		.scratch_fd = 11,
		.console_fd = 12,
		.control_fd = 13,
		.qmp_fd = 14,
		.shares = { { .tag = "workspace", .vhost_fd = 15 } },
		.share_count = 1,
	};
}

#if defined(__x86_64__)
static void test_whole_command_line(void **state unused)
{
	/* clang-format off */
	/* Long values stand in two pieces. */
	/* NOLINTBEGIN(bugprone-suspicious-missing-comma) */
	static const char *const want[] = {
		"/usr/bin/qemu",
		"-name", "bbox-1,,process=x",
		"-no-user-config",
		"-nodefaults",
		"-no-reboot",
		"-display", "none",
		"-sandbox",
		"on,obsolete=deny,elevateprivileges=deny,spawn=deny,"
		"resourcecontrol=deny",
		"-machine",
		"q35,hpet=on,sata=off,smbus=off,usb=off,i8042=off,"
		"vmport=off,smm=off,memory-backend=ram",
		"-bios", "qboot.rom",
		"-accel", "tcg,thread=multi,tb-size=512",
		"-cpu", "max",
		"-smp", "2",
		"-m", "4096M",
		"-object", "memory-backend-memfd,id=ram,size=4096M,share=on",
		"-kernel", "/cache/vmlinux",
		"-initrd", "/proc/self/fd/10",
		"-append",
		"console=ttyS0 8250.nr_uarts=1 reboot=t lpj=16000000 "
		"rdinit=/init panic=-1 cryptomgr.notests random.trust_cpu=on "
		"swiotlb=noforce audit=0 nowatchdog quiet",
		"-chardev", "socket,id=qmp,fd=14",
		"-mon", "chardev=qmp,mode=control",
		"-chardev", "socket,id=console,fd=12",
		"-serial", "chardev:console",
		"-chardev", "socket,id=control,fd=13",
		"-device",
		"virtio-serial-pci,addr=01.0,multifunction=on,"
		"disable-legacy=on,max_ports=2",
		"-device",
		"virtserialport,chardev=control,name=org.bbox.control",
		"-device", "virtio-rng-pci,addr=01.1,disable-legacy=on",
		"-blockdev",
		"driver=raw,node-name=layer0,read-only=on,file.driver=file,"
		"file.aio=threads,file.filename=/cache/0,,x.sqfs",
		"-device",
		"virtio-blk-pci,addr=01.2,disable-legacy=on,drive=layer0,"
		"serial=layer0,rerror=report,werror=report",
		"-add-fd", "fd=11,set=1",
		"-blockdev",
		"driver=raw,node-name=scratch,cache.no-flush=on,"
		"file.driver=file,file.aio=threads,file.locking=off,"
		"file.filename=/dev/fdset/1",
		"-device",
		"virtio-blk-pci,addr=01.3,disable-legacy=on,drive=scratch,"
		"serial=scratch,rerror=report,werror=report",
		"-netdev",
		"user,id=net,ipv6=off,net=192.168.127.0/24,"
		"host=192.168.127.1,dns=192.168.127.3",
		"-device",
		"virtio-net-pci,addr=01.4,disable-legacy=on,netdev=net,"
		"romfile=,mac=02:62:62:6f:78:02",
		"-chardev", "socket,id=share0,fd=15",
		"-device",
		"vhost-user-fs-pci,addr=01.5,chardev=share0,queue-size=1024,"
		"tag=workspace",
	};
	/* NOLINTEND(bugprone-suspicious-missing-comma) */
	/* clang-format on */
	struct image image = test_image(1);
	struct qemu_args a = test_args(&image);
	auto_strv struct strv argv = STRV_INIT;

	qemu_args_build(&a, &argv);
	for (size_t i = 0; i < ARRAY_SIZE(want) && i < argv.n; i++)
		CHECK(!strcmp(argv.v[i], want[i]), "%zu: '%s', want '%s'", i,
		      argv.v[i], want[i]);
	CHECK(argv.n == ARRAY_SIZE(want), "%zu arguments", argv.n);
	image_release(&image);
}

static void test_kvm_gets_microvm(void **state unused)
{
	struct image image = test_image(1);
	struct qemu_args a = test_args(&image);
	auto_strv struct strv argv = STRV_INIT;

	a.accel = VM_ACCEL_KVM;
	qemu_args_build(&a, &argv);
	CHECK(strv_contains(&argv, "microvm,acpi=on,pcie=on,rtc=on,"
				   "isa-serial=on,pit=off,pic=off,"
				   "memory-backend=ram"),
	      "machine");
	CHECK(strv_contains(&argv, "kvm"), "accelerator");
	CHECK(strv_contains(&argv, "host"), "CPU");
	image_release(&image);
}
#endif

/* The last argument that starts with @prefix. */
static const char *last_with(const struct strv *argv, const char *prefix)
{
	const char *found = NULL;

	for (size_t i = 0; i < argv->n; i++) {
		if (!strncmp(argv->v[i], prefix, strlen(prefix)))
			found = argv->v[i];
	}
	return found;
}

static void test_devices_fill_slots(void **state unused)
{
	struct image image = test_image(IMAGE_LAYERS_MAX);
	struct qemu_args a = test_args(&image);
	auto_strv struct strv argv = STRV_INIT;
	const char *share;

	a.share_count = VM_SHARES_MAX;
	for (size_t i = 0; i < VM_SHARES_MAX; i++)
		a.shares[i] = (struct qemu_share_arg){ "t", 20 };
	qemu_args_build(&a, &argv);
	/* 4 devices, 32 layers, 8 shares: the last is number 44. */
	share = last_with(&argv, "vhost-user-fs-pci");
	CHECK(share && strstr(share, "addr=06.3,"), "'%s'", share);
	CHECK(last_with(&argv, "virtio-net-pci,addr=05.3,"), "network");
	image_release(&image);
}

static void test_debug_is_verbose(void **state unused)
{
	struct image image = test_image(1);
	struct qemu_args a = test_args(&image);
	auto_strv struct strv argv = STRV_INIT;

	a.debug = true;
	qemu_args_build(&a, &argv);
	CHECK(strv_contains(&argv, "guest_errors,unimp"), "no -d");
	CHECK(strstr(last_with(&argv, "console="), "ignore_loglevel"),
	      "kernel is quiet");
	image_release(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#if defined(__x86_64__)
		cmocka_unit_test(test_whole_command_line),
		cmocka_unit_test(test_kvm_gets_microvm),
#endif
		cmocka_unit_test(test_devices_fill_slots),
		cmocka_unit_test(test_debug_is_verbose),
	};

	return RUN_TESTS(tests);
}
