/*
 * A disk whose power can be cut: loaded into a process (LD_PRELOAD), it keeps in the folder DISK_SHIM a copy of each of the
 * database's files as the last sync made it safe. Files in that folder command it:
 *   slow         each sync takes a second
 *   fail-db      a sync of the database file fails with EIO
 *   fail-wal     a sync of its log fails with EIO
 *   full-copies  nothing more can be written to a copy that is not ready yet, as a backup makes
 *   full-wal     nothing more can be written to the database's log
 *   full-db      nothing more can be written to the database file, as a checkpoint does
 *   kill-wal     a sync of the log kills the process (-9): what is committed stays, and nobody has been told
 * With DISK_SHIM_KILL=N it kills the process (-9) at the Nth call that gives a file its name or syncs one.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static int is_set(const char *command) {
  char path[PATH_MAX];
  const char *folder = getenv("DISK_SHIM");
  if (folder == NULL) return 0;
  snprintf(path, sizeof path, "%s/%s", folder, command);
  return access(path, F_OK) == 0;
}

static int path_of(int fd, char path[PATH_MAX]) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  path[length < 0 ? 0 : length] = 0;
  return length > 0;
}

/* The name of the file, where it is one of the database's; its descriptor is only read from. */
static const char *name_of(int fd, char path[PATH_MAX]) {
  const char *name = path_of(fd, path) ? strrchr(path, '/') : NULL;
  if (name == NULL) return NULL;
  const char *end = strstr(name, ".db");
  if (end == NULL || (strcmp(end, ".db") != 0 && strcmp(end, ".db-wal") != 0)) return NULL;
  return name + 1;
}

static void copy(int fd, const char *to) {
  char block[1 << 18];
  int copy = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (copy < 0) return;
  for (off_t at = 0;;) {
    ssize_t count = pread(fd, block, sizeof block, at);
    if (count <= 0 || write(copy, block, count) != count) break;
    at += count;
  }
  close(copy);
}

static void kill_at_turn(void) {
  static atomic_int calls;
  const char *turn = getenv("DISK_SHIM_KILL");
  if (turn != NULL && ++calls == atoi(turn)) kill(getpid(), SIGKILL);
}

static int sync_through(int fd, const char *function) {
  int (*sync_file)(int) = (int (*)(int))dlsym(RTLD_NEXT, function);
  char path[PATH_MAX], taken[PATH_MAX], safe[PATH_MAX];
  const char *folder = getenv("DISK_SHIM");
  kill_at_turn();
  const char *name = folder == NULL ? NULL : name_of(fd, path);
  if (name == NULL) return sync_file(fd);
  if (strstr(name, "-wal") && is_set("kill-wal")) kill(getpid(), SIGKILL);
  if (is_set(strstr(name, "-wal") ? "fail-wal" : "fail-db")) {
    errno = EIO;
    return -1;
  }
  /* What is there now is what this sync makes safe, once it has ended. */
  snprintf(taken, sizeof taken, "%s/%d-%s", folder, (int)gettid(), name);
  snprintf(safe, sizeof safe, "%s/%s", folder, name);
  copy(fd, taken);
  if (is_set("slow")) sleep(1);
  int result = sync_file(fd);
  if (result == 0) rename(taken, safe);
  return result;
}

int fsync(int fd) { return sync_through(fd, "fsync"); }
int fdatasync(int fd) { return sync_through(fd, "fdatasync"); }

int rename(const char *from, const char *to) {
  int (*rename_file)(const char *, const char *) = (int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename");
  kill_at_turn();
  return rename_file(from, to);
}

int link(const char *from, const char *to) {
  int (*link_file)(const char *, const char *) = (int (*)(const char *, const char *))dlsym(RTLD_NEXT, "link");
  kill_at_turn();
  return link_file(from, to);
}

static int is_full(int fd) {
  char path[PATH_MAX];
  int copies = is_set("full-copies"), log = is_set("full-wal"), file = is_set("full-db");
  if ((!copies && !log && !file) || !path_of(fd, path)) return 0;
  int is_copy = strstr(path, ".partial") != NULL || strstr(path, ".restored") != NULL;
  const char *end = strrchr(path, '.');
  int is_file = end != NULL && strcmp(end, ".db") == 0;
  if (!(copies && is_copy) && !(log && strstr(path, ".db-wal") != NULL) && !(file && is_file)) return 0;
  errno = ENOSPC;
  return 1;
}

#define WRITE(name, parameters, ...)                                                                                  \
  ssize_t name parameters {                                                                                           \
    ssize_t(*write_file) parameters = (ssize_t(*) parameters)dlsym(RTLD_NEXT, #name);                                 \
    return is_full(fd) ? -1 : write_file(__VA_ARGS__);                                                                \
  }

WRITE(write, (int fd, const void *bytes, size_t count), fd, bytes, count)
WRITE(pwrite, (int fd, const void *bytes, size_t count, off_t at), fd, bytes, count, at)
WRITE(pwrite64, (int fd, const void *bytes, size_t count, off64_t at), fd, bytes, count, at)
WRITE(writev, (int fd, const struct iovec *parts, int count), fd, parts, count)
