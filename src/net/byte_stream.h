// A connection as the HTTP server sees it: plain TCP or TLS behind one small interface, so that Asio's composed TLS
// operations are instantiated in one translation unit only (tls_stream.cc). One thread: the executor of its socket.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/ip/tcp.hpp>

#include "base/task.h"

namespace tamada {

class TlsServerContext;

class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // Before any other call. False: the peer did not complete it, error() says why.
  virtual Task<bool> handshake() = 0;
  // Some bytes, at least one; 0 = the connection is over (end, error or close()).
  virtual Task<std::size_t> read(char* data, std::size_t size) = 0;
  // All bytes; false = the connection is over.
  virtual Task<bool> write(std::string_view data) = 0;
  // Tells the peer that nothing more is coming and waits until it has hung up, so that the last reply is not lost to a
  // reset. The caller limits the time with close().
  virtual Task<void> finish() = 0;
  // Ends the connection at once; a pending operation returns.
  virtual void close() = 0;
  // TLS only: the peer presented a certificate and it was verified.
  virtual bool peer_verified() const = 0;
  virtual std::string error() const = 0;
};

std::unique_ptr<ByteStream> make_tcp_stream(boost::asio::ip::tcp::socket socket);
std::unique_ptr<ByteStream> make_tls_stream(boost::asio::ip::tcp::socket socket, const TlsServerContext& context);

}  // namespace tamada
