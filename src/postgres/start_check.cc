#include "postgres/start_check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"
#include "host/files.h"
#include "host/unique_fd.h"
#include "postgres/version_table.h"

namespace tamada {

namespace {

constexpr int kGroupAccessVersion = 110000;

Result<void> check_program(const StartSite& site) {
  if (site.program.find('/') == site.program.npos || access(site.program.c_str(), X_OK) == 0) return {};
  Error error = errno_error("cannot run", site.program, errno);
  error.hint = "check postgresql.bin_dir and the packages of PostgreSQL";
  return error;
}

Result<void> check_directory(const StartSite& site) {
  struct stat info{};
  if (stat(site.data_dir.c_str(), &info) != 0) return errno_error("cannot look at", site.data_dir, errno);
  if (info.st_uid != geteuid())
    return Error(ErrorCode::Denied,
                 fmt::format("data directory {} belongs to user {}, not to the daemon's user {}", site.data_dir,
                             info.st_uid, geteuid()),
                 "start the daemon as the owner of the directory, or change the owner with chown -R");
  const bool group_access = site.data_version == 0 || site.data_version >= kGroupAccessVersion;
  const mode_t forbidden = group_access ? S_IWGRP | S_IRWXO : S_IRWXG | S_IRWXO;
  if ((info.st_mode & forbidden) != 0)
    return Error(ErrorCode::Denied,
                 fmt::format("data directory {} has mode {:04o}; PostgreSQL accepts 0700{}", site.data_dir,
                             info.st_mode & 07777, group_access ? " and 0750" : ""),
                 "chmod 0700 " + site.data_dir);
  return {};
}

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

// nullopt for a host name.
std::optional<SocketAddress> numeric_address(const std::string& text, int port) {
  SocketAddress out;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&out.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&out.storage);
  const std::string host = text == "*" ? "0.0.0.0" : text;
  if (inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(static_cast<std::uint16_t>(port));
    out.size = sizeof *v4;
  } else if (inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(static_cast<std::uint16_t>(port));
    out.size = sizeof *v6;
  } else {
    return std::nullopt;
  }
  return out;
}

// The errno of taking the address as PostgreSQL does; 0 when it works.
int bind_error(const SocketAddress& address) {
  UniqueFd fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return 0;
  const int on = 1;
  (void)setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (address.storage.ss_family == AF_INET6) (void)setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) == 0) return 0;
  return errno;
}

// PostgreSQL starts when one of its addresses works.
Result<void> check_port(const StartSite& site) {
  std::optional<Error> problem;
  for (std::string host : split_list(site.listen_addresses)) {
    std::erase_if(host, [](char c) { return c == '\'' || c == '"' || c == ' '; });
    if (host.empty()) continue;
    const auto address = numeric_address(host, site.port);
    if (!address) return {};
    const int error = bind_error(*address);
    if (error == EADDRINUSE)
      problem = Error(ErrorCode::Conflict, fmt::format("port {} of {} is in use by another process", site.port, host),
                      fmt::format("find it with: ss -ltnp 'sport = :{}', or change postgresql.listen", site.port));
    else if (error == EADDRNOTAVAIL)
      problem = Error(ErrorCode::Unavailable, fmt::format("{} is no address of this machine", host),
                      "change postgresql.listen");
    else
      return {};
  }
  if (problem) return *problem;
  return {};
}

}  // namespace

Result<void> check_start_site(const StartSite& site) {
  if (auto program = check_program(site); !program) return program;
  if (auto directory = check_directory(site); !directory) return directory;
  return check_port(site);
}

int major_of_version_line(std::string_view line) {
  constexpr std::string_view kName = "(PostgreSQL) ";
  const std::size_t at = line.find(kName);
  return at == line.npos ? 0 : parse_pg_version(line.substr(at + kName.size()));
}

}  // namespace tamada
