// SPDX-License-Identifier: Apache-2.0
/*
 * replay_main.c - run a fuzz target over a corpus, for any compiler.
 *
 * usage: replay_<name> FILE_OR_DIRECTORY...
 *
 * Each input is copied to memory of its exact size, so that the address
 * sanitizer sees a read beyond its end. Without inputs the test fails: a
 * corpus that got lost must not look like one that passed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "fuzz/fuzz.h"

#define INPUT_MAX ((size_t)4 * 1024 * 1024) /* bytes */

static int replay(int fd, const char *name)
{
	auto_free uint8_t *data = NULL;
	struct stat st;
	size_t len, done = 0;
	ssize_t n;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    (uint64_t)st.st_size > INPUT_MAX)
		return 0;
	len = (size_t)st.st_size;
	data = xmalloc(len);
	while (done < len) {
		n = read(fd, data + done, len - done);
		if (n <= 0) {
			fprintf(stderr, "replay: cannot read '%s'\n", name);
			exit(EXIT_FAILURE);
		}
		done += (size_t)n;
	}
	/* Said before, so that the log names the input that traps. */
	fprintf(stderr, "replay: %s\n", name);
	LLVMFuzzerTestOneInput(data, len);
	return 1;
}

static int replay_directory(const char *path, DIR *dir)
{
	struct dirent *entry;
	int inputs = 0, fd;

	while ((entry = readdir(dir))) {
		fd = openat(dirfd(dir), entry->d_name,
			    O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd < 0) {
			fprintf(stderr, "replay: cannot open '%s' in '%s'\n",
				entry->d_name, path);
			exit(EXIT_FAILURE);
		}
		inputs += replay(fd, entry->d_name);
		close(fd);
	}
	return inputs;
}

static int replay_path(const char *path)
{
	DIR *dir = opendir(path);
	int inputs = 0, fd;

	if (dir) {
		inputs = replay_directory(path, dir);
		closedir(dir);
		return inputs;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		fprintf(stderr, "replay: open '%s': %s\n", path,
			strerror(errno));
		exit(EXIT_FAILURE);
	}
	inputs = replay(fd, path);
	close(fd);
	return inputs;
}

int main(int argc, char **argv)
{
	int inputs = 0;

	for (int i = 1; i < argc; i++)
		inputs += replay_path(argv[i]);
	if (!inputs) {
		fprintf(stderr, "replay: no inputs\n");
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
