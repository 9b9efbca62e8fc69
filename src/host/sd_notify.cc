#include "host/sd_notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include <fmt/format.h>

#include "host/unique_fd.h"

namespace tamada {

bool sd_notify_wanted() {
  const char* path = ::getenv("NOTIFY_SOCKET");
  return path != nullptr && *path != 0;
}

bool sd_notify(std::string_view state) {
  if (!sd_notify_wanted()) return true;
  const char* path = ::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  const std::size_t length = ::strlen(path);
  if (length >= sizeof address.sun_path) return false;
  address.sun_family = AF_UNIX;
  ::memcpy(address.sun_path, path, length);
  // '@' stands for the leading zero of an abstract address.
  if (address.sun_path[0] == '@') address.sun_path[0] = 0;
  UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return false;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  return ::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<sockaddr*>(&address),
                  size) == static_cast<ssize_t>(state.size());
}

bool sd_notify_reloading() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return sd_notify(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now.tv_sec * 1000000LL + now.tv_nsec / 1000));
}

}  // namespace tamada
