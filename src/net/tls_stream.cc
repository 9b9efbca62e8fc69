// The one translation unit that instantiates Asio's TLS operations.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "net/byte_stream.h"
#include "net/tls_context.h"

namespace tamada {

namespace asio = boost::asio;

namespace {

constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);

class TlsStream final : public ByteStream {
 public:
  TlsStream(asio::ip::tcp::socket socket, const TlsServerContext& context)
      : stream_(std::move(socket), context.new_session()) {}

  Task<bool> handshake() override {
    auto [ec] = co_await stream_.async_handshake(asio::ssl::stream_base::server, kAsTuple);
    if (ec) error_ = ec.message();
    co_return !ec;
  }

  Task<std::size_t> read(char* data, std::size_t size) override {
    auto [ec, bytes] = co_await stream_.async_read_some(asio::buffer(data, size), kAsTuple);
    if (ec) error_ = ec.message();
    co_return ec ? 0 : bytes;
  }

  Task<bool> write(std::string_view data) override {
    auto [ec, bytes] = co_await asio::async_write(stream_, asio::buffer(data), kAsTuple);
    if (ec) error_ = ec.message();
    co_return !ec;
  }

  Task<void> finish() override {
    auto [ec] = co_await stream_.async_shutdown(kAsTuple);
    if (ec) error_ = ec.message();
    close();
  }

  void close() override {
    boost::system::error_code ignored;
    stream_.next_layer().close(ignored);
  }

  bool peer_verified() const override {
    // native_handle() is const-less in Asio; reading the session changes nothing.
    return tls_peer_verified(const_cast<TlsStream*>(this)->stream_.native_handle());
  }
  std::string error() const override { return error_; }

 private:
  asio::ssl::stream<asio::ip::tcp::socket> stream_;
  std::string error_;
};

}  // namespace

std::unique_ptr<ByteStream> make_tls_stream(asio::ip::tcp::socket socket, const TlsServerContext& context) {
  return std::make_unique<TlsStream>(std::move(socket), context);
}

}  // namespace tamada
