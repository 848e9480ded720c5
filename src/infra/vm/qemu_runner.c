// SPDX-License-Identifier: Apache-2.0
/*
 * qemu_runner.c - find QEMU, choose the accelerator, boot.
 */
#include "infra/vm/qemu_runner.h"

#include "base/mem.h"
#include "infra/sys/proc.h"
#include "infra/vm/qemu_accel.h"
#include "infra/vm/qemu_args.h"
#include "infra/vm/qemu_vm.h"

struct qemu_runner {
	struct vm_runner base;
	struct qemu_runner_config config;
	bool warned; /* that there is no KVM */
};

static int find_binary(const struct qemu_runner_config *c, char **out,
		       struct err *err)
{
	if (c->binary) {
		if (proc_find(c->binary, c->path_var, out, ERR_IGNORE) == 0)
			return 0;
		return err_set(err, ERR_NOT_FOUND, "QEMU '%s' not found",
			       c->binary);
	}
	if (proc_find(qemu_program(), c->path_var, out, ERR_IGNORE) == 0)
		return 0;
	if (c->beside &&
	    proc_find(qemu_program(), c->beside, out, ERR_IGNORE) == 0)
		return 0;
	return err_set(err, ERR_NOT_FOUND,
		       "%s is not installed: apt install %s (%d.%d or newer)",
		       qemu_program(), qemu_package(), QEMU_VERSION_MAJOR,
		       QEMU_VERSION_MINOR);
}

static int choose_accel(struct qemu_runner *r, enum vm_accel want,
			enum vm_accel *out, struct err *err)
{
	struct qemu_accel_facts facts;
	const char *reason;

	qemu_accel_probe(&facts);
	if (qemu_accel_choose(want, &facts, out, &reason, err) < 0)
		return -1;
	if (reason && !r->warned)
		progress_warn(r->config.progress,
			      "no KVM, running under slow emulation: %s",
			      reason);
	r->warned |= reason != NULL;
	log_debug(r->config.log, "vm: accelerator '%s'", vm_accel_name(*out));
	return 0;
}

/*
 * Once in many hundred boots under TCG, a processor of the guest loses its
 * timer and the boot never goes on. Nothing of the session has happened by
 * then, so another try costs nothing but time. The windows are long against a
 * boot; the last try has none, for a host that is only that slow.
 */
static const uint32_t stall_ms[] = { 30000, 60000, 0 };

static int boot_patiently(struct qemu_runner *r, struct qemu_boot *boot,
			  const struct vm_config *cfg, struct qemu_vm **out,
			  struct err *err)
{
	for (size_t i = 0;; i++) {
		struct qemu_vm *vm =
			qemu_vm_new(r->config.loop, r->config.log, cfg->name);
		struct err why = ERR_INIT;
		bool stalled;

		boot->stall_ms = stall_ms[i];
		if (qemu_vm_boot(vm, boot, cfg, &why) == 0) {
			*out = vm;
			return 0;
		}
		stalled = vm->stalled;
		vm_free(&vm->base);
		if (!stalled || i + 1 == ARRAY_SIZE(stall_ms)) {
			*err = why;
			return -1;
		}
		progress_warn(r->config.progress,
			      "the guest stalled while it booted, starting it "
			      "again");
	}
}

static int start(struct vm_runner *base, const struct vm_config *cfg,
		 struct vm **out, struct err *err)
{
	struct qemu_runner *r = container_of(base, struct qemu_runner, base);
	auto_free char *binary = NULL;
	struct qemu_boot boot = {
		.loop = r->config.loop,
		.log = r->config.log,
		.file_server = r->config.file_server,
		.path_var = r->config.path_var,
	};
	struct qemu_vm *vm;

	if (vm_config_check(cfg, err) < 0 ||
	    find_binary(&r->config, &binary, err) < 0 ||
	    choose_accel(r, cfg->accel, &boot.accel, err) < 0)
		return -1;
	if (cfg->share_count && !r->config.file_server)
		return err_set(err, ERR_UNSUPPORTED,
			       "there is no file server for shares");
	boot.binary = binary;
	if (boot_patiently(r, &boot, cfg, &vm, err) < 0)
		return -1;
	*out = &vm->base;
	return 0;
}

static const struct vm_runner_ops ops = { .start = start };

struct vm_runner *qemu_runner_new(const struct qemu_runner_config *config)
{
	struct qemu_runner *r = xcalloc(1, sizeof(*r));

	r->base.ops = &ops;
	r->config = *config;
	return &r->base;
}

void qemu_runner_free(struct vm_runner *runner)
{
	if (runner)
		free(container_of(runner, struct qemu_runner, base));
}
