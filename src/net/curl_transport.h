// HttpTransport over libcurl's multi interface on Asio: real sockets, TLS, kept-alive connections (HTTP/1.1).
//
// All calls and all of libcurl run on the thread of the executor; names are resolved by the Resolver, so that nothing
// here waits for a name server. A request is sent at most once: libcurl's own resending over a fresh connection is
// stopped. Requests may outlive the transport; they then fail as cancelled.
#pragma once

#include <functional>
#include <memory>

#include "net/http.h"
#include "net/resolver.h"

namespace tamada {

class CurlTransport final : public HttpTransport {
 public:
  // `now` is the clock that the deadlines are measured by. The resolver outlives the transport.
  CurlTransport(Executor executor, std::function<Instant()> now, HttpClientSettings settings, Resolver& resolver);
  ~CurlTransport() override;

  // For requests from now on; certificates are read anew with the next connection.
  void update_settings(HttpClientSettings settings);

  Task<Result<HttpResponse>> send(HttpRequest request, Instant deadline) override;
  Task<Result<std::unique_ptr<HttpStream>>> open(HttpRequest request, Instant deadline) override;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tamada
