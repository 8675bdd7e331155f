"""Remote control of real sockets, for tests that tell a connection's life step by step.

One JSON object per line on stdin: {"op": "connect", "timeout": 5, "args": {...}}, and its answer as one line on stdout:
{"value": ...} or {"error": "ECONNREFUSED", "message": ...}. Requests are served in order, one at a time. Sockets are named
by their file descriptors. The end of stdin ends the process, and so closes its sockets.
"""

import array
import ctypes
import errno
import fcntl
import json
import os
import select
import signal
import socket
import struct
import sys
import termios
import time
from contextlib import ExitStack

SO_COOKIE, SO_NETNS_COOKIE = 57, 71
RECEIVE_TIMEOUT, SEND_TIMEOUT = 20, 21  # SO_RCVTIMEO, SO_SNDTIMEO
TIMEVAL = struct.Struct("ll")
TCP_FASTOPEN, TCP_SYNCNT, TCP_USER_TIMEOUT = 23, 7, 18
TCP_REPAIR, TCP_REPAIR_QUEUE, TCP_QUEUE_SEQ, TCP_REPAIR_OFF_NO_WP = 19, 20, 21, -1
RECEIVE_QUEUE, SEND_QUEUE = 1, 2
PATTERN = memoryview(bytes(range(256)) * 256)
STATES = ("", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE", "CLOSE_WAIT",
          "LAST_ACK", "LISTEN", "CLOSING", "NEW_SYN_RECV")
# struct tcp_info of linux/tcp.h up to bytes_retrans: each field that a test compares with, and its place in the struct.
TCP_INFO = struct.Struct("=8B24I4Q6I4Q2I2Q")
TCP_INFO_FIELDS = {"options": 5, "snd_mss": 10, "unacked": 12, "rtt": 23, "rttvar": 24, "total_retrans": 31,
                   "bytes_acked": 34, "bytes_received": 35, "segs_out": 36, "segs_in": 37, "min_rtt": 39,
                   "data_segs_in": 40, "data_segs_out": 41, "bytes_sent": 48, "bytes_retrans": 49}


class Failure(Exception):
    """A failure of the harness' own; one of the kernel's is an OSError."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def protocol(mptcp):
    return socket.IPPROTO_MPTCP if mptcp else socket.IPPROTO_TCP


def batches(count, size):
    """`count` as a sum of numbers up to `size`."""
    return [min(size, count - begun) for begun in range(0, count, size)]


def endpoint(name):
    return {"address": name[0], "port": name[1]}


def queued(sock, request):
    """Bytes in the receive queue (FIONREAD) or not yet acknowledged (TIOCOUTQ)."""
    count = array.array("i", [0])
    fcntl.ioctl(sock.fileno(), request, count)
    return count[0]


def tcp_info(sock):
    raw = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO.size)
    fields = TCP_INFO.unpack(raw.ljust(TCP_INFO.size, b"\0"))
    return {"state": STATES[fields[0]], **{name: fields[place] for name, place in TCP_INFO_FIELDS.items()}}


class Peer:
    def __init__(self, sockets=None):
        self.sockets = sockets or {}
        self.children = {}
        self.held = []
        self.inbox = None
        self.deadline = 0.0

    # The protocol

    def run(self, requests, responses):
        for line in requests:
            request = json.loads(line)
            self.deadline = time.monotonic() + request["timeout"]
            try:
                response = {"value": getattr(self, "op_" + request["op"])(**request["args"])}
            except Failure as failure:
                response = {"error": failure.code, "message": str(failure)}
            except BlockingIOError:
                response = {"error": "LAB_TIMEOUT", "message": "the kernel gave up waiting"}
            except OSError as error:
                # Python's own time-outs carry no errno; the kernel's ETIMEDOUT does.
                response = {"error": errno.errorcode.get(error.errno, "LAB_TIMEOUT"), "message": str(error)}
            responses.write(json.dumps(response) + "\n")
            responses.flush()

    def left(self):
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise Failure("LAB_TIMEOUT", "the operation took too long")
        return left

    def keep(self, sock):
        number = sock.fileno()
        self.sockets[number] = sock
        return number

    def ready(self, number):
        """The socket, with this request's time limit."""
        sock = self.sockets[number]
        sock.settimeout(self.left())
        return sock

    def described(self, number):
        sock = self.sockets[number]
        try:
            remote = endpoint(sock.getpeername())
        except OSError:
            remote = None
        return {"number": number, "local": endpoint(sock.getsockname()), "remote": remote}

    def poll(self, sock, events):
        poller = select.poll()
        poller.register(sock, events)
        if not poller.poll(self.left() * 1000):
            raise Failure("LAB_TIMEOUT", "the socket did not become ready")

    # Opening

    def op_listen(self, address, port, backlog, dual_stack, fast_open, mptcp):
        sock = socket.socket(family_of(address), socket.SOCK_STREAM, protocol(mptcp))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if dual_stack else 1)
        if fast_open:
            sock.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN, fast_open)
        sock.bind((address, port))
        sock.listen(backlog)
        return self.described(self.keep(sock))

    def op_accept(self, number):
        return self.described(self.keep(self.ready(number).accept()[0]))

    def op_connect(self, address, port, source, fast_open, syn_retries, user_timeout, mptcp, wait):
        sock = socket.socket(family_of(address), socket.SOCK_STREAM, protocol(mptcp))
        number = self.keep(sock)
        try:
            if syn_retries is not None:
                sock.setsockopt(socket.IPPROTO_TCP, TCP_SYNCNT, syn_retries)
            if user_timeout is not None:
                sock.setsockopt(socket.IPPROTO_TCP, TCP_USER_TIMEOUT, user_timeout)
            if source is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                sock.bind((source["address"], source["port"]))
            sock.setblocking(False)
            sent = 0
            try:
                if fast_open:
                    sent = sock.sendto(PATTERN[:fast_open], socket.MSG_FASTOPEN, (address, port))
                else:
                    sock.connect((address, port))
            except BlockingIOError:
                pass
            if not wait:
                return self.described(number)
            self.op_connected(number)
            self.ready(number).sendall(PATTERN[:fast_open - sent])
            return self.described(number)
        except (OSError, Failure):
            self.op_close(number)
            raise

    def op_connected(self, number):
        self.poll(self.sockets[number], select.POLLOUT)
        self.raise_error(number)
        return self.described(number)

    def raise_error(self, number):
        code = self.sockets[number].getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))

    # Data

    def op_send(self, number, count):
        return self.give(self.ready(number), count)

    def give(self, sock, count):
        for start in range(0, count, len(PATTERN)):
            self.left()
            sock.sendall(PATTERN[:count - start])
        return count

    def op_receive(self, number, count):
        """Exactly `count` bytes, or all to the end when it is None; returns how many came."""
        return self.take(self.ready(number), count)

    def take(self, sock, count):
        received = 0
        while count is None or received < count:
            self.left()
            data = sock.recv(len(PATTERN) if count is None else min(len(PATTERN), count - received))
            if not data and count is not None:
                raise Failure("EOF", f"the stream ended after {received} of {count} bytes")
            if not data:
                break
            received += len(data)
        return received

    # Many connections, so many at once, as fast as one process can: blocking calls, which the kernel times out. The more
    # there are at once, the less often the two sides wait for each other.

    def op_serve(self, number, connections, at_once, receive, send):
        listener = self.sockets[number]
        listener.settimeout(None)
        received = sent = 0
        for together in batches(connections, at_once):
            with ExitStack() as stack:
                accepted = []
                for _ in range(together):
                    self.limit(listener, RECEIVE_TIMEOUT)
                    accepted.append(stack.enter_context(listener.accept()[0]))
                for each in accepted:
                    self.limit(each, RECEIVE_TIMEOUT, SEND_TIMEOUT)
                    received += self.take(each, receive)
                    sent += self.give(each, send)
                for each in accepted:
                    received += self.take(each, None)
        return {"connections": connections, "sent": sent, "received": received}

    def op_burst(self, address, port, connections, at_once, per_second, send, receive):
        family = family_of(address)
        sent = received = done = 0
        began = time.monotonic()
        for together in batches(connections, at_once):
            if per_second > 0:
                time.sleep(max(0, began + done / per_second - time.monotonic()))
            with ExitStack() as stack:
                opened = [stack.enter_context(socket.socket(family)) for _ in range(together)]
                for each in opened:
                    self.limit(each, RECEIVE_TIMEOUT, SEND_TIMEOUT)
                    each.connect((address, port))
                    sent += self.give(each, send)
                for each in opened:
                    received += self.take(each, receive)
            done += together
        return {"connections": connections, "sent": sent, "received": received}

    def limit(self, sock, *options):
        left = self.left()
        limit = TIMEVAL.pack(int(left), int(left % 1 * 1_000_000) or 1)
        for option in options:
            sock.setsockopt(socket.SOL_SOCKET, option, limit)

    # Many connections at once, which this peer holds beside its others

    def op_hold_open(self, connections, **connect):
        for _ in range(connections):
            self.held.append(self.op_connect(**connect)["number"])

    def op_hold_accepted(self, number, connections):
        for _ in range(connections):
            self.held.append(self.op_accept(number)["number"])

    def op_held_send(self, count):
        for number in self.held:
            self.op_send(number, count)

    def op_held_receive(self, count):
        for number in self.held:
            self.op_receive(number, count)

    def op_held_close(self):
        for number in self.held:
            self.op_close(number)
        self.held = []

    # Closing

    def op_disconnect(self, number):
        """connect() to AF_UNSPEC: the connection is given up, and the socket can be used again."""
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.connect(number, struct.pack("16x"), 16):
            raise OSError(ctypes.get_errno(), "disconnect")

    def op_shutdown(self, number, how):
        self.sockets[number].shutdown({"read": 0, "write": 1, "both": 2}[how])

    def op_close(self, number):
        self.sockets.pop(number).close()

    def op_reset(self, number):
        sock = self.sockets.pop(number)
        sock.setsockopt(1, 13, struct.pack("ii", 1, 0))  # SOL_SOCKET, SO_LINGER: on, for 0 seconds
        sock.close()

    # Looking

    def op_info(self, number):
        return tcp_info(self.sockets[number])

    def op_cookies(self, number):
        """The kernel's u64 ids of the socket and of its namespace, as text: JSON numbers are not wide enough."""
        values = [self.sockets[number].getsockopt(1, name, 8) for name in (SO_COOKIE, SO_NETNS_COOKIE)]
        return [str(int.from_bytes(value, sys.byteorder)) for value in values]

    def op_sequences(self, number):
        """The next sequence number of either direction, as checkpoint and restore reads it; nothing is sent for it."""
        sock = self.sockets[number]
        sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
        next_numbers = []
        for queue in (SEND_QUEUE, RECEIVE_QUEUE):
            sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR_QUEUE, queue)
            next_numbers.append(sock.getsockopt(socket.IPPROTO_TCP, TCP_QUEUE_SEQ) & 0xffffffff)
        sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, TCP_REPAIR_OFF_NO_WP)
        return next_numbers

    def op_wait(self, number, state=None, unread=None, unacked=None):
        """The kernel has no event for these, so this looks every millisecond."""
        sock = self.sockets[number]
        while ((state is not None and tcp_info(sock)["state"] != state)
               or (unread is not None and queued(sock, termios.FIONREAD) < unread)
               or (unacked is not None and queued(sock, termios.TIOCOUTQ) > unacked)):
            self.left()
            time.sleep(0.001)

    def op_wait_error(self, number):
        self.poll(self.sockets[number], 0)
        self.raise_error(number)
        raise Failure("NO_ERROR", "the connection ended without an error")

    # Sharing

    def op_pass_bind(self, path):
        self.inbox = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.inbox.bind(path)

    def op_pass_send(self, number, path):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.settimeout(self.left())
            channel.connect(path)
            socket.send_fds(channel, [b"socket"], [number])

    def op_pass_take(self):
        with self.inbox as inbox:
            inbox.settimeout(self.left())
            fds = socket.recv_fds(inbox, 16, 1)[1]
            os.unlink(inbox.getsockname())
        return self.described(self.keep(socket.socket(fileno=fds[0])))

    def op_fork(self, number):
        mine, theirs = socket.socketpair()
        pid = os.fork()
        if pid:
            theirs.close()
            self.children[pid] = mine.makefile("rw")
            mine.close()
            return pid
        # The child keeps the one socket and its channel; copies of anything else would keep it open.
        kept = self.sockets.pop(number)
        for other in [mine, *self.sockets.values(), *self.children.values(), sys.stdin, sys.stdout]:
            other.close()
        channel = theirs.makefile("rw")
        Peer({number: kept}).run(channel, channel)
        os._exit(0)

    def op_relay(self, child, op, args):
        channel = self.children[child]
        request = {"op": op, "args": args, "timeout": self.left()}
        channel.write(json.dumps(request) + "\n")
        channel.flush()
        line = channel.readline()
        response = json.loads(line) if line else {"error": "EXITED", "message": f"child {child} has ended"}
        if "error" in response:
            raise Failure(response["error"], response["message"])
        return response["value"]


if __name__ == "__main__":
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps the children
    executable = os.path.basename(os.readlink("/proc/self/exe"))
    print(json.dumps({"value": {"pid": os.getpid(), "executable": executable}}), flush=True)
    Peer().run(sys.stdin, sys.stdout)
