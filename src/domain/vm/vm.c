// SPDX-License-Identifier: Apache-2.0
/*
 * vm.c - is a microVM asked for that can exist?
 */
#include "domain/vm/vm.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "domain/workspace/paths.h"

#define MEM_MIB_MIN	 128U	      /* kernel and initramfs need that much */
#define HOSTNAME_LEN_MAX ((size_t)63) /* one DNS label */
#define TAG_LEN_MAX	 ((size_t)36) /* virtio-fs, VIRTIO 1.2, 5.11.4 */
#define FILES_MAX	 ((size_t)4096)

#define TYPE_MASK 0170000U
#define TYPE_DIR  0040000U
#define TYPE_REG  0100000U
#define TYPE_LINK 0120000U

static const char *const accel_names[] = {
	[VM_ACCEL_AUTO] = "auto",
	[VM_ACCEL_KVM] = "kvm",
	[VM_ACCEL_TCG] = "tcg",
};
static_assert(ARRAY_SIZE(accel_names) == VM_ACCEL_COUNT,
	      "accel_names[] and enum vm_accel differ");

const char *vm_accel_name(enum vm_accel accel)
{
	return accel < VM_ACCEL_COUNT ? accel_names[accel] : "unknown";
}

int vm_accel_parse(const char *text, enum vm_accel *out, struct err *err)
{
	auto_free char *shown = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(accel_names); i++) {
		if (!strcmp(text, accel_names[i])) {
			*out = (enum vm_accel)i;
			return 0;
		}
	}
	shown = text_visible(text);
	return err_set(err, ERR_INVALID,
		       "accelerator '%s' is none of auto, kvm, tcg", shown);
}

static int check_present(const struct vm_config *cfg, struct err *err)
{
	const struct {
		const char *name, *value;
	} fields[] = {
		{ "name", cfg->name },
		{ "data_dir", cfg->data_dir },
		{ "initramfs_path", cfg->initramfs_path },
		{ "hostname", cfg->hostname },
		{ "authorized_key", cfg->authorized_key },
		{ "host_key", cfg->host_key },
	};

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (!fields[i].value || !*fields[i].value)
			return err_set(err, ERR_INVALID, "vm: no %s",
				       fields[i].name);
	}
	if (!cfg->kernel || !cfg->kernel->image_path)
		return err_set(err, ERR_INVALID, "vm: no kernel");
	if (!cfg->image || !cfg->image->layer_count)
		return err_set(err, ERR_INVALID, "vm: no image layers");
	return 0;
}

static int check_range(const char *name, uint32_t value, uint32_t least,
		       uint32_t most, struct err *err)
{
	if (value < least || value > most)
		return err_set(err, ERR_LIMIT, "vm: %s %u is not %u to %u",
			       name, value, least, most);
	return 0;
}

static int check_sizes(const struct vm_config *cfg, struct err *err)
{
	if (check_range("cpus", cfg->cpus, 1, VM_CPUS_MAX, err) < 0 ||
	    check_range("mem_mib", cfg->mem_mib, MEM_MIB_MIN, VM_MEM_MIB_MAX,
			err) < 0 ||
	    check_range("tmp_mib", cfg->tmp_mib, 0, VM_TMP_MIB_MAX, err) < 0)
		return -1;
	if (cfg->image->layer_count > IMAGE_LAYERS_MAX)
		return err_set(err, ERR_LIMIT, "vm: more than %d image layers",
			       IMAGE_LAYERS_MAX);
	if (cfg->share_count > VM_SHARES_MAX)
		return err_set(err, ERR_LIMIT, "vm: more than %d shares",
			       VM_SHARES_MAX);
	if (cfg->file_count > FILES_MAX)
		return err_set(err, ERR_LIMIT, "vm: more than %zu files",
			       FILES_MAX);
	return 0;
}

/* Non-empty, and nothing but [A-Za-z0-9-], and @more unless it comes first. */
static bool is_plain(const char *s, size_t len_max, const char *more)
{
	size_t i;

	for (i = 0; s[i]; i++) {
		if ((s[i] >= 'a' && s[i] <= 'z') ||
		    (s[i] >= 'A' && s[i] <= 'Z') ||
		    (s[i] >= '0' && s[i] <= '9'))
			continue;
		if (!i || !strchr(more, s[i]))
			return false;
	}
	return i > 0 && i <= len_max;
}

static int check_share_mode(const struct vm_share *s, struct err *err)
{
	if ((unsigned int)s->mode >= VM_SHARE_MODE_COUNT)
		return err_set(err, ERR_INVALID, "vm: share '%s': unknown mode",
			       s->tag);
	if (s->mode == VM_SHARE_COW &&
	    (!s->state_dir || s->state_dir[0] != '/'))
		return err_set(err, ERR_INVALID,
			       "vm: share '%s': state_dir is not absolute",
			       s->tag);
	/* Such a server is QEMU's, and hides nothing. */
	if (s->mode == VM_SHARE_RW && s->exclude)
		return err_set(err, ERR_INVALID,
			       "vm: share '%s': cannot hide anything", s->tag);
	return 0;
}

static int check_shares(const struct vm_config *cfg, struct err *err)
{
	for (size_t i = 0; i < cfg->share_count; i++) {
		const struct vm_share *s = &cfg->shares[i];

		/* QEMU gets the tag as an option's value: no commas. */
		if (!s->tag || !is_plain(s->tag, TAG_LEN_MAX, "-_."))
			return err_set(err, ERR_INVALID,
				       "vm: share %zu: bad tag", i);
		if (!s->path || s->path[0] != '/')
			return err_set(err, ERR_INVALID,
				       "vm: share '%s': path is not absolute",
				       s->tag);
		if (s->mount_at &&
		    (s->mount_at[0] != '/' || !path_is_plain(s->mount_at + 1)))
			return err_set(err, ERR_INVALID,
				       "vm: share '%s': bad mount point",
				       s->tag);
		if (check_share_mode(s, err) < 0)
			return -1;
		for (size_t k = 0; k < i; k++) {
			if (!strcmp(cfg->shares[k].tag, s->tag))
				return err_set(err, ERR_INVALID,
					       "vm: share '%s' is given twice",
					       s->tag);
		}
	}
	return 0;
}

static int check_files(const struct vm_config *cfg, struct err *err)
{
	for (size_t i = 0; i < cfg->file_count; i++) {
		const struct vm_file *f = &cfg->files[i];
		uint32_t type = f->mode & TYPE_MASK;

		if (!f->path || !path_is_plain(f->path))
			return err_set(err, ERR_INVALID,
				       "vm: file %zu: bad path", i);
		if (type != TYPE_REG && type != TYPE_DIR && type != TYPE_LINK)
			return err_set(err, ERR_INVALID,
				       "vm: file '%s': bad type", f->path);
		if (f->len && !f->data)
			return err_set(err, ERR_INVALID,
				       "vm: file '%s': no data", f->path);
	}
	return 0;
}

int vm_config_check(const struct vm_config *cfg, struct err *err)
{
	if (check_present(cfg, err) < 0 || check_sizes(cfg, err) < 0)
		return -1;
	if (cfg->accel >= VM_ACCEL_COUNT)
		return err_set(err, ERR_INVALID, "vm: unknown accelerator");
	if (cfg->data_dir[0] != '/')
		return err_set(err, ERR_INVALID,
			       "vm: data_dir '%s' is not absolute",
			       cfg->data_dir);
	if (!is_plain(cfg->hostname, HOSTNAME_LEN_MAX, "-"))
		return err_set(err, ERR_INVALID, "vm: bad hostname");
	if (check_shares(cfg, err) < 0)
		return -1;
	return check_files(cfg, err);
}
