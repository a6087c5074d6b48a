"""Escapes that the doctor tries: what each does, and which layers stop it alone.

A probe goes through if its code ends without an error. It finds the standard modules it needs loaded, `raw` for system
calls, the `address` of 256 zero bytes, and facts: `folder` (its own, with the files `file` and `private`), `parent` (a
process id), `port` (of a listener on the loopback). It harms nothing when it goes through. Does not cover: side
channels, and holes in the kernel.
"""

from typing import NamedTuple

# Layers by letter: seccomp, rlimits, landlock, empty root, namespaces, user (nobody), capabilities, audit hook, closed
# descriptors, (empty) environment.
LETTERS = {
    "s": "seccomp",
    "r": "rlimits",
    "l": "landlock",
    "e": "empty root",
    "n": "namespaces",
    "u": "nobody",
    "c": "no capabilities",
    "a": "audit hook",
    "d": "closed descriptors",
    "v": "empty environment",
}


class Probe(NamedTuple):
    """One escape. `by`: the letters of the layers that stop it alone, on a kernel that has them in full."""

    name: str
    by: str
    code: str

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that stop it alone."""
        return tuple(LETTERS[letter] for letter in self.by)


PROBES = (
    # -- files
    Probe("read a file", "srlea", "open(folder + '/file').read()"),
    Probe("read a file, raw call", "srle", "raw('openat', -100, folder.encode() + b'/file\\0', 0)"),
    Probe("read a private file", "srleua", "open(folder + '/private').read()"),
    Probe("read the harness's source", "srlea", "open(source).read()"),
    Probe("create a file", "srlea", "open(folder + '/new', 'w')"),
    Probe("flood the disk", "srlea", "open(folder + '/flood', 'wb').write(bytes(2**21))"),
    Probe("append to a file", "srlea", "open(folder + '/file', 'a').write('x')"),
    Probe("truncate a file", "slea", "os.truncate(folder + '/file', 1)"),
    Probe("delete a file", "slea", "os.unlink(folder + '/file')"),
    Probe("rename a file", "slea", "os.rename(folder + '/file', folder + '/other')"),
    Probe("chmod a file", "seua", "os.chmod(folder + '/file', 0o600)"),
    Probe("change a file's times", "seua", "os.utime(folder + '/file', (1, 1))"),
    Probe("chown a file", "seuca", "os.chown(folder + '/file', 1, 1)"),
    Probe("stat a file", "se", "os.stat(folder + '/file')"),
    Probe("list a folder", "srlea", "os.listdir(folder)"),
    Probe("make a folder", "slea", "os.mkdir(folder + '/new')"),
    Probe("make a symbolic link", "slea", "os.symlink('/etc/passwd', folder + '/link')"),
    Probe("make a hard link", "slea", "os.link(folder + '/file', folder + '/link')"),
    Probe("make a named pipe", "sle", "os.mkfifo(folder + '/pipe')"),
    Probe("change the working folder", "sea", "os.chdir(folder)"),
    Probe("find the interpreter", "se", "os.readlink('/proc/self/exe')"),
    # -- the harness's process
    Probe("read the parent's environment", "srleua", "open(f'/proc/{parent}/environ').read()"),
    Probe("read the parent's command line", "srlea", "open(f'/proc/{parent}/cmdline').read()"),
    Probe("signal the parent", "snlua", "os.kill(parent, 0)"),
    Probe("signal the parent, raw call", "snlu", "raw('tgkill', parent, parent, 0)"),
    Probe("hold the parent's process", "srn", "raw('pidfd_open', parent, 0)"),
    Probe("read the parent's limits", "snua", "resource.prlimit(parent, resource.RLIMIT_CPU)"),
    Probe("ask who the parent is", "s", "own = socket.socket(1, 1, 0, 3)\nown.getsockopt(1, 17, 12)\nown.detach()"),
    Probe("read the environment", "v", "os.environ['CANARY']"),
    Probe("use an inherited descriptor", "sd", "os.fstat(4)"),
    Probe("write to standard output", "sd", "os.write(1, b'x')"),
    # -- processes
    Probe("fork", "sa", "os.fork() or os._exit(0)"),
    Probe("fork, past the audit hook", "s", "raw('clone', 17, None, None, None, None) or os._exit(0)"),
    Probe("start a program", "srlea", "subprocess.run(['/bin/true'], check=True)"),
    Probe(
        "become a program",
        "slea",
        "os.set_inheritable(3, True)\n"
        "os.execv('/bin/sh', ['sh', '-c', 'printf %b \"$0\" >&3', ''.join('\\\\0%03o' % byte for byte in frame)])",
    ),
    Probe("start a thread", "s", "threading.Thread(target=int).start()"),
    Probe("be traced", "s", "raw('ptrace', 0, 0, 0, 0)"),
    Probe(
        "read memory through the kernel",
        "s",
        "part = struct.pack('PN', address, 8)\n"
        "raw('process_vm_readv', os.getpid(), part, 1, part, 1, 0)",
    ),
    Probe("outlive the zygote", "s", "raw('prctl', 1, 0)"),
    Probe("spend processor time", "r", "while time.process_time() < 1.15:\n    pass"),
    Probe("choose a processor", "s", "os.sched_setaffinity(0, os.sched_getaffinity(0))"),
    Probe("change its limits", "sa", "resource.setrlimit(resource.RLIMIT_CORE, (0, 0))"),
    Probe("change its user", "su", "os.setuid(0)"),
    Probe("change its root", "suc", "os.chroot('/')"),
    Probe("change its personality", "s", "raw('personality', 0xFFFFFFFF)"),
    # -- network
    Probe("connect to a port", "srnla", "socket.socket().connect(('127.0.0.1', port))"),
    Probe("send a datagram", "srna", "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))"),
    Probe("open a port", "srla", "socket.socket().bind(('127.0.0.1', 0))"),
    Probe("make a socket pair", "sra", "socket.socketpair()"),
    Probe("ask the kernel for its routes", "sra", "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)"),
    # -- memory and descriptors
    Probe("eat memory", "r", "bytearray(2**30)"),
    Probe("eat memory, mapped", "ra", "mmap.mmap(-1, 2**30)"),
    Probe("eat descriptors", "sr", "[os.dup(2) for _ in range(100)]"),
    Probe("make a pipe", "sr", "os.pipe()"),
    Probe("make a memory file", "sr", "os.memfd_create('x')"),
    Probe("make an event descriptor", "sr", "os.eventfd(0)"),
    Probe("poll", "sr", "select.epoll()"),
    Probe("share memory, POSIX", "srlea", "os.close(os.open('/dev/shm', os.O_TMPFILE | os.O_RDWR, 0o600))"),
    Probe("share memory, System V", "s", "raw('shmctl', raw('shmget', 0, 4096, 0o1600), 0, None)"),
    Probe("map memory to execute", "s", "raw('mmap', 0, 4096, 7, 0x22, -1, 0)"),
    Probe("make memory executable", "s", "raw('mprotect', raw('mmap', 0, 4096, 3, 0x22, -1, 0), 4096, 5)"),
    Probe("load a library", "srlea", "ctypes.CDLL('libresolv.so.2')"),
    Probe("control its descriptors", "sa", "fcntl.fcntl(3, fcntl.F_GETFL)"),
    Probe("control a device", "sa", "fcntl.ioctl(2, 0x541B, bytes(4))"),
    # -- the kernel's large doors
    Probe("set up io_uring", "sr", "raw('io_uring_setup', 1, address)"),
    Probe("load a BPF map", "sruc", "raw('bpf', 0, struct.pack('4I', 2, 4, 4, 1).ljust(72, b'\\0'), 72)"),
    Probe("enter a user namespace", "s", "raw('unshare', 0x10000000)"),
    Probe("mount", "s", "raw('unshare', 0x10020000)\nraw('mount', b'none', b'/proc', b'tmpfs', 0, None)"),
    Probe("use a keyring", "s", "raw('keyctl', 0, -3, 1)"),
    Probe("handle page faults", "sr", "raw('userfaultfd', 1)"),
    Probe("call the kernel as x32", "s", "raw(0x40000000 + 39)"),
)
# A few of every family for the loop's own look before its first experiment.
SHORT = frozenset(
    {
        *("read a file", "create a file", "read the parent's environment", "signal the parent", "read the environment"),
        *("use an inherited descriptor", "fork", "start a program", "connect to a port", "eat memory", "make a pipe"),
        *("map memory to execute", "enter a user namespace"),
    }
)
SLOW = frozenset({"spend processor time"})  # a second of it, the least that the kernel limits
