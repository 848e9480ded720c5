/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xdg.h - where bbox keeps its files (XDG Base Directory Specification 0.8).
 */
#ifndef BBOX_INFRA_SYS_XDG_H
#define BBOX_INFRA_SYS_XDG_H

#include "base/err.h"

struct xdg_dirs {
	char *home;   /* owned like all: $HOME, else the passwd entry */
	char *config; /* $XDG_CONFIG_HOME/broodbox or ~/.config/broodbox */
	char *state;  /* $XDG_STATE_HOME/broodbox or ~/.local/state/broodbox */
	char *cache;  /* $XDG_CACHE_HOME/broodbox or ~/.cache/broodbox */
};

#define XDG_DIRS_INIT ((struct xdg_dirs){ .home = NULL })

/* Relative XDG values are ignored. ERR_NOT_FOUND when there is no home. */
must_check int xdg_dirs_find(struct xdg_dirs *out, struct err *err);
void xdg_dirs_release(struct xdg_dirs *d);

#endif /* BBOX_INFRA_SYS_XDG_H */
