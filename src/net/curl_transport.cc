#include "net/curl_transport.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "net/curl_error.h"
#include "net/curl_multi.h"
#include "net/timed_wait.h"

namespace tamada {

namespace {

struct Target {
  std::string host;
  std::string port;
};

std::string url_part(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return {};
  std::string value = text;
  curl_free(text);
  return value;
}

Result<Target> target_of(const std::string& text) {
  const std::unique_ptr<CURLU, void (*)(CURLU*)> url(curl_url(), &curl_url_cleanup);
  if (!url || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) {
    return Error(ErrorCode::Invalid, fmt::format("\"{}\" is no URL", text));
  }
  Target target{url_part(url.get(), CURLUPART_HOST), url_part(url.get(), CURLUPART_PORT)};
  if (target.host.starts_with('[')) target.host = target.host.substr(1, target.host.size() - 2);
  if (target.host.empty()) return Error(ErrorCode::Invalid, fmt::format("URL \"{}\" has no host", text));
  return target;
}

// "host:port:address,address" for CURLOPT_RESOLVE.
std::string resolve_entry(const Target& target, const std::vector<std::string>& addresses) {
  std::string entry = target.host + ":" + target.port + ":";
  for (const std::string& address : addresses) {
    if (&address != &addresses.front()) entry += ",";
    entry += address.find(':') == std::string::npos ? address : "[" + address + "]";
  }
  return entry;
}

std::string limit_text(bool connected, Duration limit) {
  return fmt::format("no {} within {:.3g} s", connected ? "answer" : "connection", to_seconds(limit));
}

class CurlStream final : public HttpStream {
 public:
  CurlStream(std::unique_ptr<CurlTransfer> transfer, std::string url, Executor executor, std::function<Instant()> now)
      : transfer_(std::move(transfer)), url_(std::move(url)), executor_(std::move(executor)), now_(std::move(now)) {}

  int status() const override { return transfer_->response.status; }

  Task<Result<std::string>> read(Instant deadline) override {
    CurlTransfer& t = *transfer_;
    while (t.response.body.empty() && !t.done) {
      const Instant now = now_();
      if (now >= deadline) co_return Error(ErrorCode::Timeout, "nothing arrived in time");
      co_await wait_until(executor_, t.changed, deadline - now);
    }
    if (!t.response.body.empty()) co_return t.take_body();
    if (t.result == CURLE_OK) co_return std::string();
    co_return t.error(url_);
  }

 private:
  std::unique_ptr<CurlTransfer> transfer_;
  std::string url_;
  Executor executor_;
  std::function<Instant()> now_;
};

}  // namespace

struct CurlTransport::Impl {
  Executor executor;
  std::function<Instant()> now;
  HttpClientSettings settings;
  Resolver* resolver;
  std::shared_ptr<CurlMulti> multi;

  // Resolves, then starts the request. The transfer is never null.
  static Task<Result<std::unique_ptr<CurlTransfer>>> start(std::shared_ptr<Impl> self, const HttpRequest& request,
                                                           Instant deadline, bool streaming) {
    auto target = target_of(request.url);
    if (!target) co_return target.error();
    std::string entry;
    if (!is_numeric_host(target->host)) {
      auto addresses = co_await self->resolver->resolve(target->host, deadline);
      if (!addresses) co_return unresolved(addresses.error(), request.url);
      entry = resolve_entry(*target, *addresses);
    }
    const Duration limit = deadline - self->now();
    if (limit <= Duration::zero()) co_return Error(ErrorCode::Timeout, "no time left for the request");
    auto transfer = std::make_unique<CurlTransfer>(self->multi);
    transfer->start(request, self->settings, entry, std::min<Duration>(limit, 24h), streaming);
    co_return transfer;
  }

  static Error unresolved(const Error& why, const std::string& url) {
    if (why.code == ErrorCode::Timeout) return why;
    return transfer_error(TransferFailure::Resolve, false, url, why.message);
  }

  // The host's addresses may have changed.
  void distrust(const Error& error, const std::string& url) const {
    if (error.code != ErrorCode::Unavailable && error.code != ErrorCode::Timeout) return;
    if (auto target = target_of(url)) resolver->distrust(target->host);
  }
};

CurlTransport::CurlTransport(Executor executor, std::function<Instant()> now, HttpClientSettings settings,
                             Resolver& resolver)
    : impl_(std::make_shared<Impl>(
          Impl{executor, std::move(now), std::move(settings), &resolver, std::make_shared<CurlMulti>(executor)})) {}

CurlTransport::~CurlTransport() = default;

void CurlTransport::update_settings(HttpClientSettings settings) {
  impl_->settings = std::move(settings);
  // Connections made with the old certificates end with the requests that use them.
  impl_->multi = std::make_shared<CurlMulti>(impl_->executor);
}

Task<Result<HttpResponse>> CurlTransport::send(HttpRequest request, Instant deadline) {
  auto impl = impl_;
  const Instant began = impl->now();
  auto started = co_await Impl::start(impl, request, deadline, false);
  if (!started) co_return started.error();
  CurlTransfer& transfer = **started;
  while (!transfer.done && impl->now() < deadline) {
    co_await wait_until(impl->executor, transfer.changed, deadline - impl->now());
  }
  if (transfer.done && transfer.result == CURLE_OK) co_return std::move(transfer.response);
  Error error = transfer.done ? transfer.error(request.url)
                              : transfer_error(TransferFailure::Timeout, transfer.may_be_sent(), request.url,
                                               limit_text(transfer.may_be_sent(), deadline - began));
  impl->distrust(error, request.url);
  co_return error;
}

Task<Result<std::unique_ptr<HttpStream>>> CurlTransport::open(HttpRequest request, Instant deadline) {
  auto impl = impl_;
  const Instant began = impl->now();
  auto started = co_await Impl::start(impl, request, deadline, true);
  if (!started) co_return started.error();
  CurlTransfer& transfer = **started;
  while (!transfer.headers_done && !transfer.done && impl->now() < deadline) {
    co_await wait_until(impl->executor, transfer.changed, deadline - impl->now());
  }
  if (transfer.headers_done) {
    co_return std::make_unique<CurlStream>(std::move(*started), request.url, impl->executor, impl->now);
  }
  Error error = transfer.done ? transfer.error(request.url)
                              : transfer_error(TransferFailure::Timeout, transfer.may_be_sent(), request.url,
                                               limit_text(transfer.may_be_sent(), deadline - began));
  impl->distrust(error, request.url);
  co_return error;
}

}  // namespace tamada
