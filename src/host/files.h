// Small blocking file operations with errors that name the path. Called on a pool thread (host/blocking_pool.h) or
// before the engine runs, never on the engine's thread.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tamada {

constexpr std::size_t kFileLimit = 16 * 1024 * 1024;

// Error NotFound when it does not exist, Invalid when larger than the limit, Io or Denied otherwise.
Result<std::string> read_file(const std::string& path, std::size_t limit = kFileLimit);
// The same with nullopt for a file that does not exist.
Result<std::optional<std::string>> read_file_if_exists(const std::string& path, std::size_t limit = kFileLimit);

// Durable and atomic: a temporary file beside it is written, flushed, renamed and its directory flushed. The mode is
// set whatever the umask is. A symbolic link is followed: its target is replaced.
Result<void> write_file_atomic(const std::string& path, std::string_view content, mode_t mode);
// Writes only when the content differs; true when it did.
Result<bool> write_file_if_changed(const std::string& path, std::string_view content, mode_t mode);

// A missing file is success.
Result<void> remove_file(const std::string& path);
Result<void> rename_file(const std::string& from, const std::string& to);
Result<void> create_directory(const std::string& path, mode_t mode);  // an existing one is success
Result<void> sync_directory(const std::string& path);
bool path_exists(const std::string& path);  // also a dangling symbolic link

// Error from errno: "<what> <path>: no such file or directory".
Error errno_error(std::string_view what, const std::string& path, int error);
// "/a/b" + "c" -> "/a/b/c"; an absolute second part wins.
std::string join_path(std::string_view directory, std::string_view name);
std::string parent_path(std::string_view path);

}  // namespace tamada
