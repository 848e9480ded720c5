// SPDX-License-Identifier: Apache-2.0
/*
 * network.c - the two interfaces and the one route of the guest.
 */
#include "guest/network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <net/route.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "domain/vm/guest_paths.h"
#include "infra/sys/fd.h"

#define INTERFACE   "eth0"
#define PREFIX_MASK (~0U << (32 - GUEST_PREFIX_LEN))

int network_is_there(void *none unused, struct err *err unused)
{
	return if_nametoindex(INTERFACE) != 0;
}

static void set_address(struct sockaddr *out, in_addr_t address_be)
{
	struct sockaddr_in in = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = address_be,
	};

	memcpy(out, &in, sizeof(in));
}

static struct ifreq request_for(const char *name)
{
	struct ifreq r = { .ifr_name = "" };

	memcpy(r.ifr_name, name, strlen(name));
	return r;
}

static int bring_up(int fd, const char *name, struct err *err)
{
	struct ifreq r = request_for(name);

	if (ioctl(fd, SIOCGIFFLAGS, &r) < 0)
		return err_sys(err, errno, "ask for the state of '%s'", name);
	r.ifr_flags = (short)(r.ifr_flags | IFF_UP);
	if (ioctl(fd, SIOCSIFFLAGS, &r) < 0)
		return err_sys(err, errno, "bring up '%s'", name);
	return 0;
}

static int address_interface(int fd, struct err *err)
{
	struct ifreq r = request_for(INTERFACE);

	set_address(&r.ifr_addr, inet_addr(GUEST_ADDRESS));
	if (ioctl(fd, SIOCSIFADDR, &r) < 0)
		return err_sys(err, errno, "set the address of " INTERFACE);
	r = request_for(INTERFACE);
	set_address(&r.ifr_netmask, htonl(PREFIX_MASK));
	if (ioctl(fd, SIOCSIFNETMASK, &r) < 0)
		return err_sys(err, errno, "set the netmask of " INTERFACE);
	return 0;
}

static int add_default_route(int fd, struct err *err)
{
	struct rtentry route = { .rt_flags = RTF_UP | RTF_GATEWAY };

	set_address(&route.rt_dst, INADDR_ANY);
	set_address(&route.rt_genmask, INADDR_ANY);
	set_address(&route.rt_gateway, inet_addr(GUEST_GATEWAY));
	if (ioctl(fd, SIOCADDRT, &route) < 0)
		return err_sys(err, errno, "set the default route");
	return 0;
}

int network_up(struct err *err)
{
	auto_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_sys(err, errno, "open a socket");
	if (bring_up(fd, "lo", err) < 0 || address_interface(fd, err) < 0 ||
	    bring_up(fd, INTERFACE, err) < 0)
		return -1;
	return add_default_route(fd, err);
}
