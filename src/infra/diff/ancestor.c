// SPDX-License-Identifier: Apache-2.0
/*
 * ancestor.c - look for the base of a change among the blobs of git.
 */
#include "infra/diff/ancestor.h"

#include <git2.h>
#include <string.h>

#include "base/mem.h"
#include "domain/workspace/paths.h"
#include "infra/sys/hash.h"

static bool take_blob(git_repository *repo, const git_oid *id, const char *hash,
		      struct buf *out)
{
	char found[SHA256_HEX_SIZE];
	git_odb *odb = NULL;
	git_blob *blob = NULL;
	git_object_t type;
	bool taken = false;
	size_t len;

	if (git_repository_odb(&odb, repo))
		return false;
	/* Asked first, so that nothing huge is loaded. */
	if (!git_odb_read_header(&len, &type, odb, id) &&
	    type == GIT_OBJECT_BLOB && len <= out->max &&
	    !git_blob_lookup(&blob, repo, id)) {
		const void *p = git_blob_rawcontent(blob);

		len = (size_t)git_blob_rawsize(blob);
		hash_sha256(p, len, found);
		taken = !strcmp(found, hash) &&
			!buf_add(out, p, len, ERR_IGNORE);
		git_blob_free(blob);
	}
	git_odb_free(odb);
	return taken;
}

static bool take_from_index(git_repository *repo, const char *path,
			    const char *hash, struct buf *out)
{
	const git_index_entry *entry;
	git_index *index = NULL;
	bool taken;

	if (git_repository_index(&index, repo))
		return false;
	entry = git_index_get_bypath(index, path, GIT_INDEX_STAGE_NORMAL);
	taken = entry && take_blob(repo, &entry->id, hash, out);
	git_index_free(index);
	return taken;
}

static bool take_from_head(git_repository *repo, const char *path,
			   const char *hash, struct buf *out)
{
	git_object *tree = NULL;
	git_tree_entry *entry = NULL;
	bool taken = false;

	if (git_revparse_single(&tree, repo, "HEAD^{tree}"))
		return false;
	if (!git_tree_entry_bypath(&entry, (git_tree *)tree, path)) {
		taken = take_blob(repo, git_tree_entry_id(entry), hash, out);
		git_tree_entry_free(entry);
	}
	git_object_free(tree);
	return taken;
}

/* The path as the repository, which may begin further up, names it. */
static char *path_in(git_repository *repo, const char *original,
		     const char *path)
{
	const char *workdir = git_repository_workdir(repo);
	auto_free char *top = workdir ? path_clean(workdir) : NULL;
	auto_free char *full = xasprintf("%s/%s", original, path);
	const char *below = top ? path_below(top, full) : NULL;

	return below ? xstrdup(below) : NULL;
}

void ancestor_find(const char *original, const struct change *change,
		   struct buf *out)
{
	auto_free char *path = NULL;
	git_repository *repo = NULL;

	if (!change->base_known || change->base_type != CHANGE_FILE ||
	    !change->base_hash[0] ||
	    git_repository_open_ext(&repo, original, 0, NULL))
		return;
	path = path_in(repo, original, change->path);
	if (path && !take_from_index(repo, path, change->base_hash, out))
		discard(take_from_head(repo, path, change->base_hash, out));
	git_repository_free(repo);
}
