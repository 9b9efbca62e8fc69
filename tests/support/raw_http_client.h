// A blocking client over one TCP connection for tests of the HTTP server: sends bytes as they are and reads one reply
// at a time. Every wait has a limit, after which the test fails.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <optional>
#include <string>

namespace tamada::test {

struct RawReply {
  int status = 0;
  std::string head;  // status line and headers, without the blank line
  std::string body;
  bool has_header(const std::string& line) const { return head.find("\r\n" + line) != std::string::npos; }
};

class RawHttpClient {
 public:
  explicit RawHttpClient(int port, const char* address = "127.0.0.1") {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(port));
    ::inet_pton(AF_INET, address, &to.sin_addr);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
  }
  ~RawHttpClient() { ::close(fd_); }
  RawHttpClient(const RawHttpClient&) = delete;
  RawHttpClient& operator=(const RawHttpClient&) = delete;

  bool connected() const { return connected_; }

  bool send(const std::string& bytes) {
    std::size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t n = ::send(fd_, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
      if (n <= 0) return false;
      done += static_cast<std::size_t>(n);
    }
    return true;
  }

  // nullopt: the connection ended, or nothing came for 10 s.
  std::optional<RawReply> read_reply(bool with_body = true) {
    std::size_t end;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!fill()) return std::nullopt;
    }
    RawReply reply;
    reply.head = buffer_.substr(0, end);
    buffer_.erase(0, end + 4);
    reply.status = std::atoi(reply.head.c_str() + 9);
    const std::size_t length_at = reply.head.find("Content-Length: ");
    std::size_t length =
        length_at == std::string::npos ? 0 : std::strtoul(reply.head.c_str() + length_at + 16, nullptr, 10);
    if (!with_body || reply.status == 100) length = 0;
    while (buffer_.size() < length) {
      if (!fill()) return std::nullopt;
    }
    reply.body = buffer_.substr(0, length);
    buffer_.erase(0, length);
    return reply;
  }

  std::optional<RawReply> ask(const std::string& bytes, bool with_body = true) {
    if (!send(bytes)) return std::nullopt;
    return read_reply(with_body);
  }

  std::optional<RawReply> get(const std::string& target) {
    return ask("GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n");
  }

  // Everything up to and with `mark`, headers and chunk sizes included.
  std::optional<std::string> read_through(const std::string& mark) {
    std::size_t at;
    while ((at = buffer_.find(mark)) == std::string::npos) {
      if (!fill()) return std::nullopt;
    }
    std::string text = buffer_.substr(0, at + mark.size());
    buffer_.erase(0, at + mark.size());
    return text;
  }

  // True when the server hangs up within the limit (what it sends before is dropped).
  bool ends_within(std::chrono::milliseconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (std::chrono::steady_clock::now() < deadline) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      if (!wait_readable(left)) return false;
      char waste[4096];
      if (::recv(fd_, waste, sizeof waste, 0) <= 0) return true;
    }
    return false;
  }

 private:
  bool wait_readable(std::chrono::milliseconds limit) {
    pollfd p{fd_, POLLIN, 0};
    return ::poll(&p, 1, static_cast<int>(limit.count())) > 0;
  }
  bool fill() {
    if (!wait_readable(std::chrono::seconds(10))) return false;
    char chunk[8192];
    const ssize_t n = ::recv(fd_, chunk, sizeof chunk, 0);
    if (n <= 0) return false;
    buffer_.append(chunk, static_cast<std::size_t>(n));
    return true;
  }

  int fd_ = -1;
  bool connected_ = false;
  std::string buffer_;
};

}  // namespace tamada::test
