// SPDX-License-Identifier: Apache-2.0
/*
 * guest_memory.c - map what the front end shares, and translate addresses.
 */
#include "infra/vfs/guest_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ckd.h"

static bool overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	return a < b ? b - a < a_size : a - b < b_size;
}

static int check_range(const struct guest_memory *m,
		       const struct guest_range *range, struct err *err)
{
	uint64_t end;

	if (!range->size || ckd_add(&end, range->guest_addr, range->size) ||
	    ckd_add(&end, range->user_addr, range->size) ||
	    ckd_add(&end, range->file_offset, range->size))
		return err_set(err, ERR_PROTOCOL,
			       "memory region of %" PRIu64
			       " bytes is empty or wraps",
			       range->size);
	for (size_t i = 0; i < m->count; i++) {
		const struct guest_range *other = &m->regions[i].range;

		if (overlap(range->guest_addr, range->size, other->guest_addr,
			    other->size) ||
		    overlap(range->user_addr, range->size, other->user_addr,
			    other->size))
			return err_set(err, ERR_PROTOCOL,
				       "memory regions overlap");
	}
	return 0;
}

/* The file keeps the size that was checked for as long as it is mapped. */
static int check_file(int fd, const struct guest_range *range, struct err *err)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;

	if (seals < 0 || (!(seals & F_SEAL_SHRINK) &&
			  fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) < 0))
		return err_set(err, ERR_PROTOCOL,
			       "memory region's file may shrink");
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "stat memory region's file");
	if (range->file_offset + range->size > (uint64_t)st.st_size)
		return err_set(err, ERR_PROTOCOL,
			       "memory region exceeds its file");
	return 0;
}

int guest_memory_add(struct guest_memory *m, const struct guest_range *range,
		     int fd, struct err *err)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	const uint64_t skip = range->file_offset & (page - 1);
	struct guest_region *region = &m->regions[m->count];
	void *map;

	if (m->count == GUEST_REGIONS_MAX)
		return err_set(err, ERR_LIMIT, "more than %zu memory regions",
			       GUEST_REGIONS_MAX);
	if (check_range(m, range, err) < 0 || check_file(fd, range, err) < 0)
		return -1;
	/* Like its users, the memory is the guest's to fill. */
	map = mmap(NULL, (size_t)(range->size + skip), PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_NORESERVE, fd,
		   (off_t)(range->file_offset - skip));
	if (map == MAP_FAILED)
		return err_sys(err, errno, "map memory region");
	region->range = *range;
	region->map = map;
	region->map_len = (size_t)(range->size + skip);
	region->host = (unsigned char *)map + skip;
	m->count++;
	return 0;
}

/* Cannot fail for what mmap() returned. */
static void unmap(struct guest_region *region)
{
	int r = munmap(region->map, region->map_len);

	assert(!r);
}

int guest_memory_remove(struct guest_memory *m, const struct guest_range *range,
			struct err *err)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct guest_range *have = &m->regions[i].range;

		if (have->guest_addr != range->guest_addr ||
		    have->user_addr != range->user_addr ||
		    have->size != range->size)
			continue;
		unmap(&m->regions[i]);
		m->regions[i] = m->regions[--m->count];
		return 0;
	}
	return err_set(err, ERR_PROTOCOL,
		       "no memory region at 0x%" PRIx64 " to remove",
		       range->guest_addr);
}

void guest_memory_release(struct guest_memory *m)
{
	while (m->count)
		unmap(&m->regions[--m->count]);
}

void *guest_memory_find(const struct guest_memory *m, uint64_t guest_addr,
			size_t len, size_t *out_len)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct guest_region *r = &m->regions[i];
		uint64_t offset = guest_addr - r->range.guest_addr;
		uint64_t left;

		if (guest_addr < r->range.guest_addr || offset >= r->range.size)
			continue;
		left = r->range.size - offset;
		*out_len = left < len ? (size_t)left : len;
		return r->host + offset;
	}
	return NULL;
}

void *guest_memory_at_user(const struct guest_memory *m, uint64_t user_addr,
			   size_t len)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct guest_region *r = &m->regions[i];
		uint64_t offset = user_addr - r->range.user_addr;

		if (user_addr >= r->range.user_addr && offset < r->range.size &&
		    len <= r->range.size - offset)
			return r->host + offset;
	}
	return NULL;
}
