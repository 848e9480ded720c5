// SPDX-License-Identifier: Apache-2.0
/*
 * fs_config.c - write a file server's configuration down, and read it.
 *
 * Both ends are the same program, so that there are no versions: a magic word,
 * a byte of flags, and the saved excludes if there are any.
 */
#include "infra/vfs/fs_config.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "infra/sys/fd.h"

#define MAGIC	     "bbox-fs\n"
#define MAGIC_LEN    (sizeof(MAGIC) - 1)
#define FLAG_RO	     0x01U
#define FLAG_EXCLUDE 0x02U
#define FLAG_DIRECT  0x04U
#define FLAGS_ALL    (FLAG_RO | FLAG_EXCLUDE | FLAG_DIRECT)
#define CONFIG_MAX   (MAGIC_LEN + 1 + EXCLUDE_SAVED_MAX) /* bytes */
#define SEALS	     (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

void fs_config_release(struct fs_config *c)
{
	exclude_free(c->exclude);
	*c = FS_CONFIG_INIT;
}

static int encode(const struct fs_config *c, struct buf *out, struct err *err)
{
	unsigned int flags = (c->read_only ? FLAG_RO : 0) |
			     (c->exclude ? FLAG_EXCLUDE : 0) |
			     (c->direct ? FLAG_DIRECT : 0);

	if (buf_adds(out, MAGIC, err) < 0 ||
	    buf_addc(out, (char)flags, err) < 0)
		return -1;
	return c->exclude ? exclude_save(c->exclude, out, err) : 0;
}

int fs_config_write(const struct fs_config *c, struct err *err)
{
	auto_buf struct buf text = BUF_INIT(CONFIG_MAX);
	auto_close int fd = -1;

	if (encode(c, &text, err) < 0)
		return -1;
	fd = fd_memfd("bbox-fs", err);
	if (fd < 0 || fd_write_all(fd, text.data, text.len, err) < 0)
		return -1;
	if (fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		return err_sys(err, errno, "seal the configuration");
	return fd_take(&fd);
}

static int decode(struct span text, struct fs_config *out, struct err *err)
{
	char magic[MAGIC_LEN];
	uint8_t flags;

	if (!span_take(&text, magic, sizeof(magic)) ||
	    memcmp(magic, MAGIC, sizeof(magic)) != 0 ||
	    !span_take_u8(&text, &flags) || (flags & ~FLAGS_ALL) ||
	    ((flags & FLAG_DIRECT) && flags != FLAG_DIRECT) ||
	    (!(flags & FLAG_EXCLUDE) && text.len))
		return err_set(err, ERR_INVALID, "configuration is damaged");
	if ((flags & FLAG_EXCLUDE) &&
	    exclude_load(text, &out->exclude, err) < 0)
		return -1;
	out->read_only = flags & FLAG_RO;
	out->direct = flags & FLAG_DIRECT;
	return 0;
}

int fs_config_read(int fd, struct fs_config *out, struct err *err)
{
	auto_buf struct buf text = BUF_INIT(CONFIG_MAX);

	/* Whoever wrote it shares the file position with us. */
	if (fcntl(fd, F_GET_SEALS) != SEALS || lseek(fd, 0, SEEK_SET) < 0)
		return err_set(err, ERR_INVALID, "configuration is not sealed");
	if (fd_read_all(fd, &text, err) < 0)
		return err_wrap(err, "configuration");
	return decode(buf_span(&text), out, err);
}
