// Preloaded into a program and what it starts: writes and flushes of files below IO_FAULT_UNDER do what the file
// IO_FAULT_CONTROL says: "error" (they fail with EIO), "delay <milliseconds>", "hang" (until it says something else).
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static int control(char* out, size_t size) {
  const char* path = getenv("IO_FAULT_CONTROL");
  if (path == NULL) return 0;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  ssize_t n = read(fd, out, size - 1);
  close(fd);
  if (n <= 0) return 0;
  out[n] = 0;
  return 1;
}

static int concerned(int fd) {
  const char* under = getenv("IO_FAULT_UNDER");
  char link[64];
  char path[4096];
  if (under == NULL) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, sizeof path - 1);
  if (n <= 0) return 0;
  path[n] = 0;
  return strncmp(path, under, strlen(under)) == 0;
}

static void nap(long milliseconds) {
  struct timespec t = {milliseconds / 1000, milliseconds % 1000 * 1000000};
  while (nanosleep(&t, &t) != 0 && errno == EINTR) {
  }
}

// 1: the call has to fail.
static int fault(int fd) {
  int before = errno;
  char word[64];
  if (!control(word, sizeof word) || !concerned(fd)) {
    errno = before;
    return 0;
  }
  if (strncmp(word, "error", 5) == 0) {
    errno = EIO;
    return 1;
  }
  if (strncmp(word, "delay ", 6) == 0) nap(atol(word + 6));
  while (strncmp(word, "hang", 4) == 0) {
    nap(100);
    if (!control(word, sizeof word)) break;
  }
  errno = before;
  return 0;
}

#define REAL(name, type, ...)                                    \
  static type (*real)(__VA_ARGS__);                              \
  if (real == NULL) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

ssize_t write(int fd, const void* data, size_t size) {
  REAL(write, ssize_t, int, const void*, size_t);
  return fault(fd) ? -1 : real(fd, data, size);
}
ssize_t pwrite(int fd, const void* data, size_t size, off_t at) {
  REAL(pwrite, ssize_t, int, const void*, size_t, off_t);
  return fault(fd) ? -1 : real(fd, data, size, at);
}
ssize_t pwrite64(int fd, const void* data, size_t size, off64_t at) {
  REAL(pwrite64, ssize_t, int, const void*, size_t, off64_t);
  return fault(fd) ? -1 : real(fd, data, size, at);
}
ssize_t pwritev(int fd, const struct iovec* parts, int count, off_t at) {
  REAL(pwritev, ssize_t, int, const struct iovec*, int, off_t);
  return fault(fd) ? -1 : real(fd, parts, count, at);
}
ssize_t pwritev64(int fd, const struct iovec* parts, int count, off64_t at) {
  REAL(pwritev64, ssize_t, int, const struct iovec*, int, off64_t);
  return fault(fd) ? -1 : real(fd, parts, count, at);
}
int fsync(int fd) {
  REAL(fsync, int, int);
  return fault(fd) ? -1 : real(fd);
}
int fdatasync(int fd) {
  REAL(fdatasync, int, int);
  return fault(fd) ? -1 : real(fd);
}
