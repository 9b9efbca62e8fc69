#include "host/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cctype>
#include <cstring>
#include <memory>

#include <fmt/format.h>

#include "host/unique_fd.h"

namespace tamada {

namespace {

ErrorCode code_of(int error) {
  switch (error) {
    case ENOENT:
      return ErrorCode::NotFound;
    case EACCES:
    case EPERM:
      return ErrorCode::Denied;
    default:
      return ErrorCode::Io;
  }
}

std::string resolve_link(const std::string& path) {
  std::unique_ptr<char, decltype(&::free)> real(::realpath(path.c_str(), nullptr), &::free);
  return real ? std::string(real.get()) : path;
}

Result<void> write_all(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    ssize_t n = ::write(fd, content.data(), content.size());
    if (n < 0) {
      if (errno == EINTR) continue;
      return errno_error("cannot write", path, errno);
    }
    content.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Result<void> fill_and_flush(int fd, std::string_view content, mode_t mode, const std::string& path) {
  if (::fchmod(fd, mode) != 0) return errno_error("cannot set the mode of", path, errno);
  if (auto written = write_all(fd, content, path); !written) return written;
  if (::fsync(fd) != 0) return errno_error("cannot flush", path, errno);
  return {};
}

}  // namespace

Error errno_error(std::string_view what, const std::string& path, int error) {
  char buffer[256];
  std::string text = ::strerror_r(error, buffer, sizeof buffer);
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return Error(code_of(error), fmt::format("{} {}: {}", what, path, text));
}

std::string join_path(std::string_view directory, std::string_view name) {
  if (name.starts_with('/') || directory.empty()) return std::string(name);
  return fmt::format("{}{}{}", directory, directory.ends_with('/') ? "" : "/", name);
}

std::string parent_path(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  auto slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return slash == 0 ? "/" : std::string(path.substr(0, slash));
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return errno_error("cannot open", path, errno);
  std::string content;
  char buffer[65536];
  for (;;) {
    ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error("cannot read", path, errno);
    if (n == 0) return content;
    content.append(buffer, static_cast<std::size_t>(n));
    if (content.size() > limit)
      return Error(ErrorCode::Invalid, fmt::format("{} is larger than {} bytes", path, limit));
  }
}

Result<std::optional<std::string>> read_file_if_exists(const std::string& path, std::size_t limit) {
  auto content = read_file(path, limit);
  if (content) return std::optional<std::string>(std::move(*content));
  if (content.error().code == ErrorCode::NotFound) return std::optional<std::string>();
  return content.error();
}

Result<void> sync_directory(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return errno_error("cannot open", path, errno);
  if (::fsync(fd.get()) != 0) return errno_error("cannot flush", path, errno);
  return {};
}

Result<void> write_file_atomic(const std::string& path, std::string_view content, mode_t mode) {
  const std::string target = resolve_link(path);
  std::string temporary = target + ".tamada-XXXXXX";
  UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) return errno_error("cannot create a file beside", target, errno);
  auto failed = [&](Error error) {
    ::unlink(temporary.c_str());
    return error;
  };
  if (auto filled = fill_and_flush(fd.get(), content, mode, temporary); !filled) return failed(filled.error());
  fd.reset();
  if (::rename(temporary.c_str(), target.c_str()) != 0) return failed(errno_error("cannot replace", target, errno));
  return sync_directory(parent_path(target));
}

Result<bool> write_file_if_changed(const std::string& path, std::string_view content, mode_t mode) {
  auto old = read_file(path);
  if (old && *old == content) return false;
  if (auto written = write_file_atomic(path, content, mode); !written) return written.error();
  return true;
}

Result<void> remove_file(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return errno_error("cannot remove", path, errno);
}

Result<void> rename_file(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return errno_error("cannot rename to " + to, from, errno);
  return sync_directory(parent_path(to));
}

Result<void> create_directory(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) == 0 || errno == EEXIST) return {};
  return errno_error("cannot create directory", path, errno);
}

bool path_exists(const std::string& path) {
  struct stat info;
  return ::lstat(path.c_str(), &info) == 0;
}

}  // namespace tamada
