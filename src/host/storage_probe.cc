#include "host/storage_probe.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "host/files.h"
#include "host/unique_fd.h"

namespace tamada {

namespace {

constexpr std::size_t kBlock = 8192;

StorageProbe failed(std::string_view what, const std::string& file, int error) {
  StorageProbe probe;
  const bool full = error == ENOSPC || error == EDQUOT;
  probe.outcome = full               ? StorageProbe::Outcome::Full
                  : error == ENOENT  ? StorageProbe::Outcome::NoDirectory
                  : error == ENOTDIR ? StorageProbe::Outcome::NoDirectory
                                     : StorageProbe::Outcome::Failed;
  probe.error = errno_error(what, file, error).message;
  return probe;
}

StorageProbe write_block(const std::string& file) {
  // A symbolic link in its place would be somebody's trap.
  const UniqueFd fd(open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return failed("cannot open", file, errno);
  // All-zero blocks may be left out by storage that compresses or deduplicates.
  std::string block(kBlock, '\0');
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  std::uint64_t mix = static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'007u + static_cast<std::uint64_t>(now.tv_nsec);
  for (char& c : block) {
    mix = mix * 6364136223846793005u + 1442695040888963407u;
    c = static_cast<char>(mix >> 56);
  }
  std::size_t done = 0;
  while (done < block.size()) {
    const ssize_t n = pwrite(fd.get(), block.data() + done, block.size() - done, static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return failed("cannot write", file, n < 0 ? errno : ENOSPC);
    done += static_cast<std::size_t>(n);
  }
  if (fdatasync(fd.get()) != 0) return failed("cannot flush", file, errno);
  StorageProbe probe;
  probe.outcome = StorageProbe::Outcome::Written;
  return probe;
}

}  // namespace

StorageProbe probe_storage(const std::string& file) {
  StorageProbe probe = write_block(file);
  struct statvfs volume{};
  if (statvfs(parent_path(file).c_str(), &volume) != 0) return probe;
  probe.space.total_bytes = static_cast<std::uint64_t>(volume.f_blocks) * volume.f_frsize;
  probe.space.free_bytes = static_cast<std::uint64_t>(volume.f_bavail) * volume.f_frsize;
  // Some file systems do not know how much is free.
  const bool knows = volume.f_blocks != 0;
  if (probe.outcome == StorageProbe::Outcome::Written && knows && probe.space.free_bytes < kFullBelowBytes) {
    probe.outcome = StorageProbe::Outcome::Full;
    probe.error = "no space is left in " + parent_path(file);
  }
  return probe;
}

bool same_volume(const std::string& a, const std::string& b) {
  struct stat first{};
  struct stat second{};
  return stat(a.c_str(), &first) == 0 && stat(b.c_str(), &second) == 0 && first.st_dev == second.st_dev;
}

}  // namespace tamada
