#include "host/settings_probe.h"

#include <dirent.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/text.h"
#include "host/files.h"
#include "host/unique_fd.h"

namespace tamada {

namespace {

constexpr int kConnectMs = 1000;

bool connects_to(const addrinfo& address) {
  UniqueFd fd(socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd.get() < 0) return false;
  if (connect(fd.get(), address.ai_addr, address.ai_addrlen) == 0) return true;
  if (errno != EINPROGRESS) return false;
  pollfd waiting{fd.get(), POLLOUT, 0};
  if (poll(&waiting, 1, kConnectMs) != 1) return false;
  int error = 0;
  socklen_t size = sizeof error;
  return getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

bool connects(const std::string& host, int port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return false;
  bool connected = false;
  for (const addrinfo* at = found; at != nullptr && !connected; at = at->ai_next) connected = connects_to(*at);
  freeaddrinfo(found);
  return connected;
}

bool is_directory(const std::string& path) {
  struct stat info{};
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

bool is_empty_directory(const std::string& path) {
  DIR* dir = opendir(path.c_str());
  if (dir == nullptr) return false;
  bool empty = true;
  while (const dirent* entry = readdir(dir)) {
    if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0) empty = false;
  }
  closedir(dir);
  return empty;
}

bool is_program(const std::string& path) {
  struct stat info{};
  return stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && access(path.c_str(), X_OK) == 0;
}

std::optional<std::string> find_program(const std::string& directory, const std::string& program) {
  if (!directory.empty() || program.find('/') != program.npos) {
    const std::string path = join_path(directory, program);
    return is_program(path) ? std::optional(path) : std::nullopt;
  }
  const char* path = std::getenv("PATH");
  for (const std::string& part : split(path == nullptr ? "" : path, ':')) {
    const std::string candidate = join_path(part.empty() ? "." : part, program);
    if (is_program(candidate)) return candidate;
  }
  return std::nullopt;
}

std::string shell_quoted(const std::string& text) {
  return "'" + replace_all(text, "'", "'\\''") + "'";
}

// "postgres (PostgreSQL) 15.2 (Debian ...)" gives 15; before 10 two numbers make the major version.
std::optional<std::string> major_of(const std::string& line) {
  for (const std::string& word : split_list(line, ' ')) {
    if (word.front() < '0' || word.front() > '9') continue;
    const auto parts = split(word.substr(0, word.find_first_not_of("0123456789.")), '.');
    const bool two = parts.size() > 1 && parts[0].size() == 1;
    return two ? parts[0] + "." + parts[1] : parts[0];
  }
  return std::nullopt;
}

std::optional<std::string> server_version(const std::string& directory, const std::string& program) {
  const auto path = find_program(directory, program);
  if (!path) return std::nullopt;
  FILE* pipe = popen((shell_quoted(*path) + " --version 2>/dev/null").c_str(), "re");
  if (pipe == nullptr) return std::nullopt;
  std::array<char, 256> line{};
  const bool read = std::fgets(line.data(), static_cast<int>(line.size()), pipe) != nullptr;
  const int status = pclose(pipe);
  if (!read || status != 0) return std::nullopt;
  return major_of(line.data());
}

std::optional<std::string> read_text(const std::string& path) {
  auto text = read_file(path);
  return text ? std::optional(std::move(*text)) : std::nullopt;
}

}  // namespace

ValidationProbe machine_probe() {
  ValidationProbe out;
  out.connects = connects;
  out.exists = path_exists;
  out.is_directory = is_directory;
  out.is_empty_directory = is_empty_directory;
  out.read = read_text;
  out.has_program = [](const std::string& d, const std::string& p) { return find_program(d, p).has_value(); };
  out.server_version = server_version;
  return out;
}

}  // namespace tamada
