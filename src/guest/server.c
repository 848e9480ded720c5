// SPDX-License-Identifier: Apache-2.0
/*
 * server.c - the SSH server as PID 1 sees it: a socket, and children.
 */
#include "guest/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/span.h"
#include "domain/vm/guest_paths.h"
#include "infra/sys/fd.h"

#define BACKLOG 16

/*
 * One key exchange, the fastest; ciphers that are fast with and without help
 * from the processor. Both have their own authentication, the MAC is for the
 * form.
 */
static const struct {
	enum ssh_bind_options_e option;
	const char *value;
} options[] = {
	{ SSH_BIND_OPTIONS_KEY_EXCHANGE,
	  "curve25519-sha256,curve25519-sha256@libssh.org" },
	{ SSH_BIND_OPTIONS_CIPHERS_C_S,
	  "aes128-gcm@openssh.com,chacha20-poly1305@openssh.com" },
	{ SSH_BIND_OPTIONS_CIPHERS_S_C,
	  "aes128-gcm@openssh.com,chacha20-poly1305@openssh.com" },
	{ SSH_BIND_OPTIONS_HMAC_C_S, "hmac-sha2-256-etm@openssh.com" },
	{ SSH_BIND_OPTIONS_HMAC_S_C, "hmac-sha2-256-etm@openssh.com" },
};

/* Normalises a line "type base64 comment"; NULL when it is no key. */
static char *parse_authorized(struct span line)
{
	struct span type, base64;
	auto_free char *type_text = NULL;
	auto_free char *base64_text = NULL;
	char *text = NULL, *normal = NULL;
	ssh_key key = NULL;

	if (!span_take_until(&line, ' ', &type) ||
	    !span_take_until(&line, ' ', &base64))
		return NULL;
	type_text = xmemdup0(type.p, type.len);
	base64_text = xmemdup0(base64.p, base64.len);
	if (ssh_pki_import_pubkey_base64(base64_text,
					 ssh_key_type_from_name(type_text),
					 &key) != SSH_OK)
		return NULL;
	if (ssh_pki_export_pubkey_base64(key, &text) == SSH_OK) {
		normal = xstrdup(text);
		ssh_string_free_char(text);
	}
	ssh_key_free(key);
	return normal;
}

static int load_authorized(struct server *s, const char *lines, struct err *err)
{
	struct span text = SPAN_STR(lines), line;

	while (!s->authorized && span_take_until(&text, '\n', &line)) {
		if (line.len && *(const char *)line.p != '#')
			s->authorized = parse_authorized(line);
	}
	if (!s->authorized)
		return err_set(err, ERR_INVALID, "no valid authorized key");
	return 0;
}

int server_load_keys(struct server *s, const char *host_key,
		     const char *authorized, struct err *err)
{
	const bool read_config_files = false;
	ssh_key key = NULL;

	if (load_authorized(s, authorized, err) < 0)
		return -1;
	if (ssh_pki_import_privkey_base64(host_key, NULL, NULL, NULL, &key) !=
	    SSH_OK)
		return err_set(err, ERR_INVALID, "host key is not valid");
	s->bind = ssh_bind_new();
	if (!s->bind ||
	    ssh_bind_options_set(s->bind, SSH_BIND_OPTIONS_PROCESS_CONFIG,
				 &read_config_files) < 0 ||
	    ssh_bind_options_set(s->bind, SSH_BIND_OPTIONS_IMPORT_KEY, key) <
		    0) {
		ssh_key_free(key);
		return err_set(err, ERR_INVALID, "host key is not accepted");
	}
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (ssh_bind_options_set(s->bind, options[i].option,
					 options[i].value) < 0)
			return err_set(err, ERR_UNSUPPORTED,
				       "libssh lacks '%s'", options[i].value);
	}
	return 0;
}

int server_listen(struct server *s, struct err *err)
{
	const struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(GUEST_SSH_PORT),
		.sin_addr.s_addr = inet_addr(GUEST_ADDRESS),
	};
	auto_close int fd =
		socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return err_sys(err, errno, "open a socket");
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, BACKLOG) < 0)
		return err_sys(err, errno, "listen on port %d", GUEST_SSH_PORT);
	s->listen_fd = fd_take(&fd);
	return 0;
}

static pid_t *find_slot(struct server *s, pid_t pid)
{
	for (size_t i = 0; i < ARRAY_SIZE(s->connections); i++) {
		if (s->connections[i] == pid)
			return &s->connections[i];
	}
	return NULL;
}

bool server_has_room(const struct server *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(s->connections); i++) {
		if (!s->connections[i])
			return true;
	}
	return false;
}

/*
 * The way in is for the host. What runs in the guest must not use it up, nor
 * try its luck with the parser.
 */
static bool is_from_guest(const struct sockaddr_in *peer)
{
	return peer->sin_addr.s_addr == inet_addr(GUEST_ADDRESS) ||
	       (ntohl(peer->sin_addr.s_addr) >> 24) == IN_LOOPBACKNET;
}

void server_accept(struct server *s)
{
	const struct connection_config config = {
		.bind = s->bind,
		.authorized = s->authorized,
		.base = &s->base,
	};
	struct sockaddr_in peer = { .sin_family = AF_UNSPEC };
	socklen_t len = sizeof(peer);
	pid_t *slot = find_slot(s, 0);
	auto_close int fd = -1;
	const int on = 1;
	pid_t pid;

	assert(slot);
	fd = accept4(s->listen_fd, (struct sockaddr *)&peer, &len,
		     SOCK_CLOEXEC);
	/* The client may be gone again; so may the memory for a child. */
	if (fd < 0 || is_from_guest(&peer))
		return;
	/* Without, small packets only travel less promptly. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	pid = fork();
	if (pid == 0)
		connection_serve(&config, fd);
	if (pid > 0)
		*slot = pid;
}

void server_forget(struct server *s, pid_t pid)
{
	pid_t *slot = find_slot(s, pid);

	if (slot)
		*slot = 0;
}
