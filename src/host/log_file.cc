#include "host/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "host/files.h"

namespace tamada {

LogFile::LogFile(std::string directory)
    : directory_(std::move(directory)), path_(join_path(directory_, "patroni.log")) {}

Result<void> LogFile::open() {
  fd_.reset(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
  if (!fd_) return errno_error("cannot open", path_, errno);
  if (limits_.mode) (void)::fchmod(fd_.get(), static_cast<mode_t>(*limits_.mode));
  struct stat info;
  size_ = ::fstat(fd_.get(), &info) == 0 ? info.st_size : 0;
  return {};
}

void LogFile::rotate() {
  fd_.reset();
  for (int i = limits_.files - 1; i >= 1; --i)
    (void)::rename(fmt::format("{}.{}", path_, i).c_str(), fmt::format("{}.{}", path_, i + 1).c_str());
  (void)::rename(path_.c_str(), (path_ + ".1").c_str());
}

Result<void> LogFile::write(std::string_view line) {
  if (!fd_)
    if (auto opened = open(); !opened) return opened;
  const auto length = static_cast<std::int64_t>(line.size());
  if (limits_.size > 0 && limits_.files > 0 && size_ > 0 && size_ + length >= limits_.size) {
    rotate();
    if (auto opened = open(); !opened) return opened;
  }
  while (!line.empty()) {
    const ssize_t n = ::write(fd_.get(), line.data(), line.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const int error = errno;
      fd_.reset();  // tried anew with the next line
      return errno_error("cannot write", path_, error);
    }
    size_ += n;
    line.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

}  // namespace tamada
