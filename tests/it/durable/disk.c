/* A disk that can lose its power, be full, and fail: preloaded into the gateway.
 *
 * What is done to the files of one folder is written to a journal as it is done, each sync once it
 * has returned. Whoever reads the journal can tell what a disk without power would have kept.
 *
 *     DISK_FOLDER   the folder, absolute, without symbolic links
 *     DISK_JOURNAL  where the journal goes; none is kept without it
 *     DISK_STATE    a file of two numbers of 8 bytes, as this machine writes them: how many bytes
 *                   the files may have together, 0 for no limit, and how long a sync takes, in us;
 *                   UINT64_MAX: no sync succeeds.
 *                   May change at any time.
 *
 * A record is five numbers of 8 bytes (kind, inode, a, length of the name, length of the data),
 * then the name, then the data.
 *
 * Not seen: system calls that are made without the C library, and writes through mappings.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { OPENED = 1, WRITTEN, CUT, SYNCED, NAMES_SYNCED, RENAMED, UNLINKED, SYNC_BEGUN };
enum { DESCRIPTORS = 65536, STATE = 16, SYNC_US = 2000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char folder[PATH_MAX];
static size_t folder_length;
static int journal = -1;
static uint64_t syncs;
static volatile uint64_t *space, *sync_us;
static uint64_t used;
/* Of each descriptor of a file in the folder, or of the folder itself. */
static uint64_t inodes[DESCRIPTORS];
static char is_folder[DESCRIPTORS];

#define NEXT(name) \
    static __typeof__(name) *next; \
    if (!next) next = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static int ours(const char *path) {
    return folder_length && !strncmp(path, folder, folder_length) &&
           (path[folder_length] == '/' || path[folder_length] == 0);
}

/* `path` from the root, as far as text goes. */
static int absolute(const char *path, char *out) {
    if (path[0] == '/') return snprintf(out, PATH_MAX, "%s", path) < PATH_MAX;
    char here[PATH_MAX];
    if (!getcwd(here, sizeof here)) return 0;
    return snprintf(out, PATH_MAX, "%s/%s", here, path) < PATH_MAX;
}

/* With the lock held. */
static void record(uint64_t kind, uint64_t inode, uint64_t a, const char *name, const void *data, size_t length) {
    if (journal < 0) return;
    size_t name_length = name ? strlen(name) : 0;
    uint64_t head[5] = {kind, inode, a, name_length, length};
    struct iovec parts[3] = {{head, sizeof head}, {(void *)name, name_length}, {(void *)data, length}};
    if (syscall(SYS_writev, journal, parts, 3) != (long)(sizeof head + name_length + length)) abort();
}

static uint64_t tracked(int fd) {
    return fd >= 0 && fd < DESCRIPTORS ? inodes[fd] : 0;
}

static uint64_t size_of(int fd) {
    struct stat at;
    return syscall(SYS_fstat, fd, &at) ? 0 : (uint64_t)at.st_size;
}

/* With the lock held: whether the file may be `size` bytes long, and if so it counts. */
static int room(int fd, uint64_t size) {
    uint64_t now = size_of(fd);
    if (size <= now) return 1;
    if (space && *space && used + (size - now) > *space) return 0;
    used += size - now;
    return 1;
}

__attribute__((constructor)) static void begin(void) {
    const char *where = getenv("DISK_FOLDER"), *to = getenv("DISK_JOURNAL"), *state = getenv("DISK_STATE");
    if (!where) return;
    snprintf(folder, sizeof folder, "%s", where);
    if (to) journal = syscall(SYS_openat, AT_FDCWD, to, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (state) {
        int fd = syscall(SYS_openat, AT_FDCWD, state, O_RDWR | O_CLOEXEC, 0);
        volatile uint64_t *map = mmap(NULL, STATE, PROT_READ, MAP_SHARED, fd, 0);
        if (fd >= 0 && map != MAP_FAILED) space = map, sync_us = map + 1;
    }
    DIR *files = opendir(folder);
    struct dirent *file;
    struct stat at;
    while (files && (file = readdir(files)))
        if (!fstatat(dirfd(files), file->d_name, &at, AT_SYMLINK_NOFOLLOW) && S_ISREG(at.st_mode)) used += at.st_size;
    if (files) closedir(files);
    folder_length = strlen(folder);
}

static int opened(int fd, int flags) {
    if (fd < 0 || fd >= DESCRIPTORS || !folder_length) return fd;
    char link[64], path[PATH_MAX];
    struct stat at;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0 || syscall(SYS_fstat, fd, &at)) return fd;
    path[length] = 0;
    pthread_mutex_lock(&lock);
    inodes[fd] = 0;
    if (ours(path)) {
        inodes[fd] = at.st_ino;
        is_folder[fd] = S_ISDIR(at.st_mode);
        if (S_ISREG(at.st_mode)) {
            record(OPENED, at.st_ino, 0, path, NULL, 0);
            if (flags & O_TRUNC) record(CUT, at.st_ino, 0, NULL, NULL, 0);
        } else if (S_ISDIR(at.st_mode)) {
            record(OPENED, at.st_ino, 1, path, NULL, 0);
        }
    }
    pthread_mutex_unlock(&lock);
    return fd;
}

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        NEXT(name); \
        va_list rest; \
        va_start(rest, flags); \
        int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, int) : 0; \
        va_end(rest); \
        return opened(next(path, flags, mode), flags); \
    }
#define OPENAT(name) \
    int name(int at, const char *path, int flags, ...) { \
        NEXT(name); \
        va_list rest; \
        va_start(rest, flags); \
        int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, int) : 0; \
        va_end(rest); \
        return opened(next(at, path, flags, mode), flags); \
    }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

int close(int fd) {
    NEXT(close);
    if (tracked(fd)) inodes[fd] = 0;
    return next(fd);
}

int dup2(int from, int to) {
    NEXT(dup2);
    int done = next(from, to);
    if (done >= 0 && done < DESCRIPTORS) {
        inodes[done] = tracked(from);
        is_folder[done] = tracked(from) && is_folder[from];
    }
    return done;
}

static ssize_t written(int fd, const void *data, size_t length, int64_t offset) {
    pthread_mutex_lock(&lock);
    uint64_t place = offset < 0 ? (uint64_t)syscall(SYS_lseek, fd, 0, SEEK_CUR) : (uint64_t)offset;
    if (offset < 0 && (fcntl(fd, F_GETFL) & O_APPEND)) place = size_of(fd);
    ssize_t done = -1;
    if (room(fd, place + length)) {
        /* First the journal: a write that a kill cuts off was never synced. */
        record(WRITTEN, inodes[fd], place, NULL, data, length);
        done = offset < 0 ? syscall(SYS_write, fd, data, length) : syscall(SYS_pwrite64, fd, data, length, offset);
        if (done != (ssize_t)length) abort();
    } else {
        errno = ENOSPC;
    }
    pthread_mutex_unlock(&lock);
    return done;
}

ssize_t write(int fd, const void *data, size_t length) {
    NEXT(write);
    return tracked(fd) ? written(fd, data, length, -1) : next(fd, data, length);
}

#define PWRITE(name, offset_type) \
    ssize_t name(int fd, const void *data, size_t length, offset_type offset) { \
        NEXT(name); \
        return tracked(fd) ? written(fd, data, length, offset) : next(fd, data, length, offset); \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

static int cut(int fd, uint64_t size) {
    pthread_mutex_lock(&lock);
    int done = -1;
    uint64_t before = size_of(fd);
    if (room(fd, size)) {
        record(CUT, inodes[fd], size, NULL, NULL, 0);
        done = syscall(SYS_ftruncate, fd, size);
        if (!done && size < before) used -= before - size;
    } else {
        errno = ENOSPC;
    }
    pthread_mutex_unlock(&lock);
    return done;
}

#define FTRUNCATE(name, size_type) \
    int name(int fd, size_type size) { \
        NEXT(name); \
        return tracked(fd) ? cut(fd, size) : next(fd, size); \
    }
FTRUNCATE(ftruncate, off_t)
FTRUNCATE(ftruncate64, off64_t)

/* As a file that grows by zeros; no more is made of it here. */
static int allocated(int fd, uint64_t end) {
    return end > size_of(fd) && cut(fd, end) ? errno : 0;
}

#define POSIX_FALLOCATE(name, size_type) \
    int name(int fd, size_type offset, size_type length) { \
        NEXT(name); \
        return tracked(fd) ? allocated(fd, offset + length) : next(fd, offset, length); \
    }
POSIX_FALLOCATE(posix_fallocate, off_t)
POSIX_FALLOCATE(posix_fallocate64, off64_t)

#define FALLOCATE(name, size_type) \
    int name(int fd, int mode, size_type offset, size_type length) { \
        NEXT(name); \
        if (!tracked(fd)) return next(fd, mode, offset, length); \
        if (mode) return errno = EOPNOTSUPP, -1; \
        return (errno = allocated(fd, offset + length)) ? -1 : 0; \
    }
FALLOCATE(fallocate, off_t)
FALLOCATE(fallocate64, off64_t)

/* No disk is asked: a sync takes as long as one does, and is one for the journal's reader. */
static int synced(int fd) {
    if (sync_us && *sync_us == UINT64_MAX) {
        errno = EIO;
        return -1;
    }
    pthread_mutex_lock(&lock);
    uint64_t inode = inodes[fd], sync = (uint64_t)getpid() << 32 | ++syncs;
    char names = is_folder[fd];
    record(SYNC_BEGUN, inode, sync, NULL, NULL, 0);
    pthread_mutex_unlock(&lock);
    usleep(sync_us ? *sync_us : SYNC_US);
    pthread_mutex_lock(&lock);
    record(names ? NAMES_SYNCED : SYNCED, inode, sync, NULL, NULL, 0);
    pthread_mutex_unlock(&lock);
    return 0;
}

int fsync(int fd) {
    NEXT(fsync);
    return tracked(fd) ? synced(fd) : next(fd);
}

int fdatasync(int fd) {
    NEXT(fdatasync);
    return tracked(fd) ? synced(fd) : next(fd);
}

/* With the lock held, after it was done. */
static void renamed(const char *from, const char *to) {
    char old[PATH_MAX], new[PATH_MAX];
    if (absolute(from, old) && absolute(to, new) && (ours(old) || ours(new)))
        record(RENAMED, 0, 0, old, new, strlen(new));
}

int rename(const char *from, const char *to) {
    NEXT(rename);
    pthread_mutex_lock(&lock);
    int done = next(from, to);
    if (!done) renamed(from, to);
    pthread_mutex_unlock(&lock);
    return done;
}

int renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags) {
    NEXT(renameat2);
    pthread_mutex_lock(&lock);
    int done = next(from_at, from, to_at, to, flags);
    if (!done && from_at == AT_FDCWD && to_at == AT_FDCWD) renamed(from, to);
    pthread_mutex_unlock(&lock);
    return done;
}

int unlink(const char *path) {
    NEXT(unlink);
    char whole[PATH_MAX];
    struct stat at;
    pthread_mutex_lock(&lock);
    int mine = absolute(path, whole) && ours(whole) && !stat(whole, &at);
    int done = next(path);
    if (!done && mine) {
        record(UNLINKED, 0, 0, whole, NULL, 0);
        used -= at.st_size;
    }
    pthread_mutex_unlock(&lock);
    return done;
}

#define STATVFS(name, kind) \
    int name(const char *path, struct kind *into) { \
        NEXT(name); \
        int done = next(path, into); \
        if (!done && space && *space) \
            into->f_bavail = into->f_bfree = used < *space ? (*space - used) / into->f_frsize : 0; \
        return done; \
    }
#define FSTATVFS(name, kind) \
    int name(int fd, struct kind *into) { \
        NEXT(name); \
        int done = next(fd, into); \
        if (!done && space && *space && tracked(fd)) \
            into->f_bavail = into->f_bfree = used < *space ? (*space - used) / into->f_frsize : 0; \
        return done; \
    }
STATVFS(statvfs, statvfs)
STATVFS(statvfs64, statvfs64)
FSTATVFS(fstatvfs, statvfs)
FSTATVFS(fstatvfs64, statvfs64)
