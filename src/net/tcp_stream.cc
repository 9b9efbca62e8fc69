#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "net/byte_stream.h"

namespace tamada {

namespace asio = boost::asio;

namespace {

constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);
// What a client may still send while it is being hung up on.
constexpr std::size_t kDrainBytes = 1 << 20;

class TcpStream final : public ByteStream {
 public:
  explicit TcpStream(asio::ip::tcp::socket socket) : socket_(std::move(socket)) {}

  Task<bool> handshake() override { co_return true; }

  Task<std::size_t> read(char* data, std::size_t size) override {
    auto [ec, bytes] = co_await socket_.async_read_some(asio::buffer(data, size), kAsTuple);
    if (ec) error_ = ec.message();
    co_return ec ? 0 : bytes;
  }

  Task<bool> write(std::string_view data) override {
    auto [ec, bytes] = co_await asio::async_write(socket_, asio::buffer(data), kAsTuple);
    if (ec) error_ = ec.message();
    co_return !ec;
  }

  Task<void> finish() override {
    boost::system::error_code ignored;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    char waste[4096];
    std::size_t drained = 0;
    while (drained < kDrainBytes) {
      std::size_t bytes = co_await read(waste, sizeof waste);
      if (bytes == 0) break;
      drained += bytes;
    }
    close();
  }

  void close() override {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

  bool peer_verified() const override { return false; }
  std::string error() const override { return error_; }

 private:
  asio::ip::tcp::socket socket_;
  std::string error_;
};

}  // namespace

std::unique_ptr<ByteStream> make_tcp_stream(asio::ip::tcp::socket socket) {
  return std::make_unique<TcpStream>(std::move(socket));
}

}  // namespace tamada
