/*
 * traffic: a TCP workload whose every byte is known.
 *
 *   traffic serve PORT BYTES                      reads until the client has sent all, answers with BYTES bytes, closes
 *   traffic echo PORT                             sends back what it gets until the client has sent all, closes
 *   traffic connect ADDRESS PORT COUNT BYTES      COUNT connections, one after another; each sends BYTES bytes, half-closes
 *                                                 and reads to the end
 *   traffic hold ADDRESS PORT                     opens a connection, prints `holding`, and keeps it until it is ended
 *
 * Servers listen on all addresses, IPv4 and IPv6, and print `listening`. A client prints `LOCAL_PORT sent N received M` for
 * each connection, and ends with status 1 at the first one that fails. Status 2: wrong usage.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK 65536

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static char chunk[CHUNK];

static void fail(const char *what)
{
	fprintf(stderr, "traffic: %s: %s\n", what, strerror(errno));
	exit(1);
}

static long number(const char *text, long most)
{
	char *end;
	errno = 0;
	long value = strtol(text, &end, 10);
	if (errno || end == text || *end || value < 0 || value > most) {
		fprintf(stderr, "traffic: not a number from 0 to %ld: %s\n", most, text);
		exit(2);
	}
	return value;
}

static void send_all(int connection, const char *from, size_t count)
{
	while (count > 0) {
		ssize_t sent = send(connection, from, count, MSG_NOSIGNAL);
		if (sent < 0)
			fail("send");
		from += sent;
		count -= sent;
	}
}

static void send_bytes(int connection, long count)
{
	memset(chunk, 'w', sizeof(chunk));
	for (; count > CHUNK; count -= CHUNK)
		send_all(connection, chunk, CHUNK);
	send_all(connection, chunk, count);
}

static long receive_all(int connection, bool echo)
{
	long total = 0;
	for (;;) {
		ssize_t got = recv(connection, chunk, sizeof(chunk), 0);
		if (got < 0)
			fail("recv");
		if (got == 0)
			return total;
		if (echo)
			send_all(connection, chunk, got);
		total += got;
	}
}

/* One process a connection: a slow client holds nobody up. */
static void serve(long port, long bytes, bool echo)
{
	int on = 1, off = 0;
	union address here = {.v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = in6addr_any}};
	int listener = socket(AF_INET6, SOCK_STREAM, 0);
	if (listener < 0)
		fail("socket");
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(listener, &here.any, sizeof(here.v6)) < 0)
		fail("bind");
	if (listen(listener, 1024) < 0)
		fail("listen");
	printf("listening\n");
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		int connection = accept(listener, NULL, NULL);
		if (connection < 0)
			fail("accept");
		pid_t child = fork();
		if (child < 0)
			fail("fork");
		if (child == 0) {
			receive_all(connection, echo);
			send_bytes(connection, bytes);
			exit(0);
		}
		close(connection);
	}
}

static socklen_t parse_address(const char *text, long port, union address *address)
{
	if (inet_pton(AF_INET, text, &address->v4.sin_addr) == 1) {
		address->v4.sin_family = AF_INET;
		address->v4.sin_port = htons(port);
		return sizeof(address->v4);
	}
	if (inet_pton(AF_INET6, text, &address->v6.sin6_addr) == 1) {
		address->v6.sin6_family = AF_INET6;
		address->v6.sin6_port = htons(port);
		return sizeof(address->v6);
	}
	fprintf(stderr, "traffic: not an address: %s\n", text);
	exit(2);
}

static void connect_once(const union address *there, socklen_t size, long bytes)
{
	union address here = {};
	socklen_t here_size = sizeof(here);
	int connection = socket(there->any.sa_family, SOCK_STREAM, 0);
	if (connection < 0)
		fail("socket");
	if (connect(connection, &there->any, size) < 0)
		fail("connect");
	if (getsockname(connection, &here.any, &here_size) < 0)
		fail("getsockname");
	send_bytes(connection, bytes);
	if (shutdown(connection, SHUT_WR) < 0)
		fail("shutdown");
	long received = receive_all(connection, false);
	/* The port is at the same place in both families. */
	printf("%d sent %ld received %ld\n", ntohs(here.v4.sin_port), bytes, received);
	close(connection);
}

static void hold(const union address *there, socklen_t size)
{
	int connection = socket(there->any.sa_family, SOCK_STREAM, 0);
	if (connection < 0)
		fail("socket");
	if (connect(connection, &there->any, size) < 0)
		fail("connect");
	printf("holding\n");
	for (;;)
		pause();
}

int main(int count, char **words)
{
	/* As the first process of a pod it would not get this signal otherwise. */
	signal(SIGTERM, _exit);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (count == 4 && strcmp(words[1], "serve") == 0) {
		serve(number(words[2], 65535), number(words[3], 1L << 40), false);
	} else if (count == 3 && strcmp(words[1], "echo") == 0) {
		serve(number(words[2], 65535), 0, true);
	} else if (count == 6 && strcmp(words[1], "connect") == 0) {
		union address there = {};
		socklen_t size = parse_address(words[2], number(words[3], 65535), &there);
		long connections = number(words[4], 1L << 40), bytes = number(words[5], 1L << 40);
		for (long done = 0; done < connections; done++)
			connect_once(&there, size, bytes);
		return 0;
	} else if (count == 4 && strcmp(words[1], "hold") == 0) {
		union address there = {};
		hold(&there, parse_address(words[2], number(words[3], 65535), &there));
	}
	fprintf(stderr, "usage: traffic serve PORT BYTES | echo PORT | connect ADDRESS PORT COUNT BYTES | hold ADDRESS PORT\n");
	return 2;
}
