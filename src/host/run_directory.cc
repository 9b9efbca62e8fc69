#include "host/run_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/text.h"
#include "host/files.h"

namespace tamada {

namespace {

constexpr mode_t kPrivateDirectory = 0700;

// One path element: names of members and clusters may hold anything.
std::string as_file_name(const std::string& text) {
  std::string result = text;
  for (char& c : result)
    if (c == '/' || static_cast<unsigned char>(c) < 0x20) c = '_';
  return result;
}

std::string last_element(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path.substr(path.rfind('/') + 1);
}

Result<void> make_with_parent(const std::string& path) {
  if (auto made = create_directory(parent_path(path), kPrivateDirectory); !made) return made;
  return create_directory(path, kPrivateDirectory);
}

std::string holder_of(const std::string& lock_file) {
  auto text = read_file(lock_file, 64);
  return text && !trim(*text).empty() ? fmt::format("process {}", trim(*text)) : "another process";
}

}  // namespace

std::vector<std::string> run_directory_candidates(const RunDirectoryNames& names) {
  const std::string member = as_file_name(names.scope + "." + names.name);
  if (const char* base = ::getenv("TAMADA_RUN_DIR"); base != nullptr && *base != 0) return {join_path(base, member)};
  std::vector<std::string> places;
  if (!names.data_dir.empty())
    places.push_back(join_path(parent_path(names.data_dir), "." + last_element(names.data_dir) + ".tamada"));
  if (const char* home = ::getenv("HOME"); home != nullptr && *home != 0)
    places.push_back(join_path(join_path(home, ".tamada"), member));
  return places;
}

Result<RunDirectory> RunDirectory::open(const RunDirectoryNames& names) {
  Error last(ErrorCode::Invalid, "there is no place for the run directory", "set TAMADA_RUN_DIR");
  for (const std::string& path : run_directory_candidates(names)) {
    auto opened = open_at(path);
    if (opened || opened.error().code == ErrorCode::Conflict) return opened;
    last = opened.error();
  }
  last.hint = "set TAMADA_RUN_DIR to a directory that this user may write and that a reboot keeps";
  return last;
}

Result<RunDirectory> RunDirectory::open_at(const std::string& path) {
  if (auto made = make_with_parent(path); !made) return made.error();
  const std::string file = join_path(path, "lock");
  UniqueFd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) return errno_error("cannot open", file, errno);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return errno_error("cannot lock", file, errno);
    return Error(ErrorCode::Conflict, fmt::format("{} already runs this member: it holds {}", holder_of(file), file),
                 "end it first; a stopped (frozen) daemon counts too");
  }
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(fd.get(), 0) != 0 || ::pwrite(fd.get(), pid.data(), pid.size(), 0) < 0)
    return errno_error("cannot write", file, errno);
  return RunDirectory(path, std::move(fd));
}

}  // namespace tamada
