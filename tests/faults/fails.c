/* A disk that fills up, a process that is killed: at the n-th write below a folder.

   Loaded before libc (LD_PRELOAD), so that it holds for Python, Arrow, Rust and SQLite
   alike. `arm` says where, at which write and what happens; `writes` how many there were.
*/
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

static char folder[PATH_MAX];
static int at = 0, how = 0;     /* how: an errno, or minus a signal */
static int *count = NULL;       /* shared with the parent, for after a kill */

int *shared_count(void) {
    if (!count)
        count = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return count;
}
void arm(const char *where, int n, int what) {
    strncpy(folder, where, PATH_MAX - 1);
    at = n;
    how = what;
    *shared_count() = 0;
}
int writes(void) { return *shared_count(); }

static int below(const char *path) {
    char whole[PATH_MAX * 2];
    if (!folder[0] || !path) return 0;
    if (path[0] != '/') {
        if (!getcwd(whole, PATH_MAX)) return 0;
        strcat(whole, "/");
        strncat(whole, path, PATH_MAX - 1);
        path = whole;
    }
    return !strncmp(path, folder, strlen(folder));
}
static int open_below(int fd) {
    char link[64], path[PATH_MAX];
    ssize_t n;
    if (!folder[0]) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    n = readlink(link, path, sizeof path - 1);
    if (n <= 0) return 0;
    path[n] = 0;
    return below(path);
}
/* 0: go on; 1: fail with errno; 2: half of this write, and then the fault. */
static int faulty(void) {
    int n = ++*shared_count();
    if (!at || n < at) return 0;
    if (how > 0) {
        errno = how;
        return n == at ? 2 : 1;
    }
    return n == at ? 2 : 0;
}
static int strike(int verdict) {
    if (!verdict) return 0;
    if (how < 0) {
        kill(getpid(), -how);
        return 0;
    }
    errno = how;
    return 1;
}
#define REAL(name) static __typeof__(name) *real; if (!real) real = dlsym(RTLD_NEXT, #name)

ssize_t write(int fd, const void *from, size_t n) {
    REAL(write);
    int verdict = open_below(fd) ? faulty() : 0;
    if (verdict == 2 && n > 1) {
        ssize_t done = real(fd, from, n / 2);
        if (how < 0) { strike(2); done += real(fd, (const char *)from + n / 2, n - n / 2); }
        return done;
    }
    if (strike(verdict)) return -1;
    return real(fd, from, n);
}
#define WRITES(name, off) \
ssize_t name(int fd, const void *from, size_t n, off place) { \
    REAL(name); \
    if (open_below(fd) && strike(faulty())) return -1; \
    return real(fd, from, n, place); \
}
WRITES(pwrite, off_t)
WRITES(pwrite64, off64_t)
ssize_t writev(int fd, const struct iovec *from, int n) {
    REAL(writev);
    if (open_below(fd) && strike(faulty())) return -1;
    return real(fd, from, n);
}
#define SYNCS(name) int name(int fd) { \
    REAL(name); \
    if (open_below(fd) && strike(faulty())) return -1; \
    return real(fd); \
}
SYNCS(fsync)
SYNCS(fdatasync)
#define OPENS(name) int name(const char *path, int flags, ...) { \
    REAL(name); \
    va_list rest; va_start(rest, flags); int mode = va_arg(rest, int); va_end(rest); \
    if ((flags & (O_CREAT | O_TRUNC)) && below(path) && strike(faulty())) return -1; \
    return real(path, flags, mode); \
}
OPENS(open)
OPENS(open64)
#define OPENS_AT(name) int name(int at_fd, const char *path, int flags, ...) { \
    REAL(name); \
    va_list rest; va_start(rest, flags); int mode = va_arg(rest, int); va_end(rest); \
    if ((flags & (O_CREAT | O_TRUNC)) && at_fd == AT_FDCWD && below(path) \
        && strike(faulty())) return -1; \
    return real(at_fd, path, flags, mode); \
}
OPENS_AT(openat)
OPENS_AT(openat64)
int rename(const char *from, const char *to) {
    REAL(rename);
    if (below(to) && strike(faulty())) return -1;
    return real(from, to);
}
int link(const char *from, const char *to) {
    REAL(link);
    if (below(to) && strike(faulty())) return -1;
    return real(from, to);
}
int linkat(int a, const char *from, int b, const char *to, int flags) {
    REAL(linkat);
    if (below(to) && strike(faulty())) return -1;
    return real(a, from, b, to, flags);
}
int mkdir(const char *path, mode_t mode) {
    REAL(mkdir);
    if (below(path) && strike(faulty())) return -1;
    return real(path, mode);
}
