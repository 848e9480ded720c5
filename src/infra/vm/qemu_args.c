// SPDX-License-Identifier: Apache-2.0
/*
 * qemu_args.c - how QEMU is called.
 *
 * Theory of operation
 *
 * The guest gets a serial console and virtio devices, nothing else: each
 * further device is code that a hostile guest can attack, and under TCG every
 * one that the kernel probes costs boot time.
 *
 * With KVM the machine is "microvm". Its clock calibration hangs now and then
 * under TCG on a loaded host, so that TCG gets "q35", whose HPET must stay on
 * for the same reason; what q35 has beyond that is switched off. Both have a
 * PCI Express bus, so the devices are the same. Eight share a slot, as one
 * bus has too few slots for an image of many layers.
 */
#include "infra/vm/qemu_args.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "domain/vm/guest_paths.h"

/* Locally administered. */
#define GUEST_MAC "02:62:62:6f:78:02"

#define FUNCTIONS_PER_SLOT 8U
#define FIRST_SLOT	   1U

struct machine {
	const char *options; /* of -machine, without the memory backend */
	const char *bios;    /* NULL means QEMU's own choice */
	const char *cpu;
	const char *accel;
	const char *kernel_options;
};

#if defined(__x86_64__)
#define PROGRAM	       "qemu-system-x86_64"
#define PACKAGE	       "qemu-system-x86"
#define KERNEL_OPTIONS "console=ttyS0 8250.nr_uarts=1 reboot=t"
static const struct machine machine_kvm = {
	.options = "microvm,acpi=on,pcie=on,rtc=on,isa-serial=on,pit=off,"
		   "pic=off",
	.bios = "qboot.rom",
	.cpu = "host",
	.accel = "kvm",
	.kernel_options = KERNEL_OPTIONS,
};
static const struct machine machine_tcg = {
	.options = "q35,hpet=on,sata=off,smbus=off,usb=off,i8042=off,"
		   "vmport=off,smm=off",
	.bios = "qboot.rom",
	.cpu = "max",
	.accel = "tcg,thread=multi,tb-size=512",
	/*
	 * Calibrating the delay loop takes a tenth of a boot, and on a loaded
	 * host it is where boots have hung. The loop counts ticks of the
	 * host's TSC; 4 GHz makes delays long enough everywhere.
	 */
	.kernel_options = KERNEL_OPTIONS " lpj=16000000",
};
#elif defined(__aarch64__)
#define PROGRAM	       "qemu-system-aarch64"
#define PACKAGE	       "qemu-system-arm"
#define KERNEL_OPTIONS "console=ttyAMA0"
static const struct machine machine_kvm = {
	.options = "virt,gic-version=max",
	.cpu = "host",
	.accel = "kvm",
	.kernel_options = KERNEL_OPTIONS,
};
static const struct machine machine_tcg = {
	.options = "virt,gic-version=max",
	.cpu = "max",
	.accel = "tcg,thread=multi,tb-size=512",
	.kernel_options = KERNEL_OPTIONS,
};
#else
#error "no QEMU machine is known for this architecture"
#endif

/*
 * A panic restarts, which ends QEMU (-no-reboot). The self-tests of the
 * crypto code take a fifth of a boot under TCG. virtio devices reach all of
 * the memory, so nothing needs the 64 MiB of bounce buffers.
 */
#define KERNEL_OPTIONS_ALL                                             \
	"rdinit=/init panic=-1 cryptomgr.notests random.trust_cpu=on " \
	"swiotlb=noforce audit=0 nowatchdog"

struct builder {
	struct strv *argv;
	unsigned int devices; /* on the bus so far */
};

const char *qemu_program(void)
{
	return PROGRAM;
}

const char *qemu_package(void)
{
	return PACKAGE;
}

/* In QEMU's option lists a comma is written twice; the caller frees. */
static char *quote(const char *value)
{
	char *out = xmalloc(2 * strlen(value) + 1), *p = out;

	for (; *value; value++) {
		if (*value == ',')
			*p++ = ',';
		*p++ = *value;
	}
	*p = '\0';
	return out;
}

static void add2(struct builder *b, const char *option, const char *value)
{
	strv_add(b->argv, option);
	strv_add(b->argv, value);
}

/* A device on the PCI bus; @options start with a comma or are empty. */
static void add_device(struct builder *b, const char *driver,
		       const char *options)
{
	unsigned int slot = FIRST_SLOT + b->devices / FUNCTIONS_PER_SLOT;
	unsigned int function = b->devices % FUNCTIONS_PER_SLOT;

	strv_add(b->argv, "-device");
	strv_addf(b->argv, "%s,addr=%02x.%x%s%s", driver, slot, function,
		  function ? "" : ",multifunction=on", options);
	b->devices++;
}

static void add_chardev(struct builder *b, const char *id, int fd)
{
	strv_add(b->argv, "-chardev");
	strv_addf(b->argv, "socket,id=%s,fd=%d", id, fd);
}

static void add_machine(struct builder *b, const struct qemu_args *a,
			const struct machine *m)
{
	auto_free char *name = quote(a->name);

	add2(b, "-name", name);
	/* No configuration of the user's or the system's, no devices of
	 * QEMU's own choice. */
	strv_add(b->argv, "-no-user-config");
	strv_add(b->argv, "-nodefaults");
	strv_add(b->argv, "-no-reboot");
	add2(b, "-display", "none");
	add2(b, "-sandbox",
	     "on,obsolete=deny,elevateprivileges=deny,"
	     "spawn=deny,resourcecontrol=deny");
	strv_add(b->argv, "-machine");
	strv_addf(b->argv, "%s,memory-backend=ram", m->options);
	if (m->bios)
		add2(b, "-bios", m->bios);
	add2(b, "-accel", m->accel);
	add2(b, "-cpu", m->cpu);
	strv_add(b->argv, "-smp");
	strv_addf(b->argv, "%" PRIu32, a->cpus);
	strv_add(b->argv, "-m");
	strv_addf(b->argv, "%" PRIu32 "M", a->mem_mib);
	/* The file servers map it: hence shared. */
	strv_add(b->argv, "-object");
	strv_addf(b->argv,
		  "memory-backend-memfd,id=ram,size=%" PRIu32 "M,share=on",
		  a->mem_mib);
}

static void add_kernel(struct builder *b, const struct qemu_args *a,
		       const struct machine *m)
{
	add2(b, "-kernel", a->kernel_path);
	strv_add(b->argv, "-initrd");
	strv_addf(b->argv, "/proc/self/fd/%d", a->initrd_fd);
	strv_add(b->argv, "-append");
	strv_addf(b->argv, "%s %s %s", m->kernel_options, KERNEL_OPTIONS_ALL,
		  a->debug ? "ignore_loglevel" : "quiet");
}

static void add_channels(struct builder *b, const struct qemu_args *a)
{
	add_chardev(b, "qmp", a->qmp_fd);
	add2(b, "-mon", "chardev=qmp,mode=control");
	add_chardev(b, "console", a->console_fd);
	add2(b, "-serial", "chardev:console");
	add_chardev(b, "control", a->control_fd);
	add_device(b, "virtio-serial-pci", ",disable-legacy=on,max_ports=2");
	add2(b, "-device",
	     "virtserialport,chardev=control,name=" GUEST_CONTROL_PORT);
}

static void add_disk_device(struct builder *b, const char *node)
{
	auto_free char *options =
		xasprintf(",disable-legacy=on,drive=%s,serial=%s,"
			  "rerror=report,werror=report",
			  node, node);

	/* An error is the guest's to handle; by default QEMU would stop it. */
	add_device(b, "virtio-blk-pci", options);
}

static void add_disks(struct builder *b, const struct qemu_args *a)
{
	for (size_t i = 0; i < a->image->layer_count; i++) {
		auto_free char *path = quote(a->image->layers[i].path);
		auto_free char *node = xasprintf(GUEST_SERIAL_LAYER "%zu", i);

		strv_add(b->argv, "-blockdev");
		strv_addf(b->argv,
			  "driver=raw,node-name=%s,read-only=on,"
			  "file.driver=file,file.aio=threads,"
			  "file.filename=%s",
			  node, path);
		add_disk_device(b, node);
	}
	/* Thrown away after the session: nothing in it needs to last. */
	strv_add(b->argv, "-add-fd");
	strv_addf(b->argv, "fd=%d,set=1", a->scratch_fd);
	add2(b, "-blockdev",
	     "driver=raw,node-name=" GUEST_SERIAL_SCRATCH
	     ",cache.no-flush=on,file.driver=file,file.aio=threads,"
	     "file.locking=off,file.filename=/dev/fdset/1");
	add_disk_device(b, GUEST_SERIAL_SCRATCH);
}

static void add_network(struct builder *b)
{
	/* The empty romfile: nobody boots from the network. */
	add2(b, "-netdev",
	     "user,id=" QEMU_NETDEV ",ipv6=off,net=192.168.127.0/24,"
	     "host=" GUEST_GATEWAY ",dns=" QEMU_GUEST_DNS);
	add_device(b, "virtio-net-pci",
		   ",disable-legacy=on,netdev=" QEMU_NETDEV
		   ",romfile=,mac=" GUEST_MAC);
}

/*
 * The guest's driver puts a page into each descriptor: QEMU's 128 would keep
 * its requests below half a MiB.
 */
#define SHARE_QUEUE_SIZE "1024"

static void add_shares(struct builder *b, const struct qemu_args *a)
{
	for (size_t i = 0; i < a->share_count; i++) {
		auto_free char *tag = quote(a->shares[i].tag);
		auto_free char *id = xasprintf("share%zu", i);
		auto_free char *options = xasprintf(
			",chardev=%s,queue-size=" SHARE_QUEUE_SIZE ",tag=%s",
			id, tag);

		add_chardev(b, id, a->shares[i].vhost_fd);
		add_device(b, "vhost-user-fs-pci", options);
	}
}

void qemu_args_build(const struct qemu_args *a, struct strv *out)
{
	const struct machine *m =
		a->accel == VM_ACCEL_KVM ? &machine_kvm : &machine_tcg;
	struct builder b = { .argv = out };

	strv_add(out, a->binary);
	add_machine(&b, a, m);
	add_kernel(&b, a, m);
	add_channels(&b, a);
	add_device(&b, "virtio-rng-pci", ",disable-legacy=on");
	add_disks(&b, a);
	add_network(&b);
	add_shares(&b, a);
	if (a->debug)
		add2(&b, "-d", "guest_errors,unimp");
}
