#include "sim/etcd_transport.h"

#include "sim/clock.h"

namespace tamada::sim {

namespace {

template <class T>
struct Exchange {
  explicit Exchange(SimWorld& world) : signal(world) {}
  std::optional<T> answer;
  SimSignal signal;
};

class Stream final : public HttpStream {
 public:
  Stream(SimProcess& process, std::shared_ptr<EtcdStreamBuffer> buffer)
      : process_(process), buffer_(std::move(buffer)) {}

  Task<Result<std::string>> read(Instant deadline) override {
    co_await process_.point("stream.read", CallPhase::Before);
    for (;;) {
      if (!buffer_->data.empty()) co_return std::exchange(buffer_->data, {});
      if (buffer_->error) co_return *buffer_->error;
      if (buffer_->ended) co_return std::string();
      const SimTime until = world_time(process_, deadline);
      if (until <= process_.world().now()) co_return Error(ErrorCode::Timeout, "no data in time");
      co_await process_.wait(buffer_->arrived, until);
    }
  }

 private:
  SimProcess& process_;
  std::shared_ptr<EtcdStreamBuffer> buffer_;
};

}  // namespace

Task<Result<HttpResponse>> SimTransport::send(HttpRequest request, Instant deadline) {
  co_await process_.point("http.send", CallPhase::Before);
  const int node = etcd_.node_of(request.url);
  if (node < 0) co_return Error(ErrorCode::Unavailable, "could not resolve the host of " + request.url);
  auto exchange = std::make_shared<Exchange<Result<HttpResponse>>>(process_.world());
  etcd_.request(process_.host_id(), node, std::move(request),
                [weak = std::weak_ptr(exchange)](Result<HttpResponse> result) {
                  auto e = weak.lock();
                  if (!e || e->answer) return;
                  e->answer = std::move(result);
                  e->signal.notify();
                });
  while (!exchange->answer) {
    const SimTime until = world_time(process_, deadline);
    if (until <= process_.world().now()) {
      co_await process_.point("http.send", CallPhase::After);
      co_return Error(ErrorCode::Timeout, "no answer in time");
    }
    co_await process_.wait(exchange->signal, until);
  }
  co_await process_.point("http.send", CallPhase::Between);
  co_return std::move(*exchange->answer);
}

Task<Result<std::unique_ptr<HttpStream>>> SimTransport::open(HttpRequest request, Instant deadline) {
  co_await process_.point("http.open", CallPhase::Before);
  const int node = etcd_.node_of(request.url);
  if (node < 0) co_return Error(ErrorCode::Unavailable, "could not resolve the host of " + request.url);
  auto exchange = std::make_shared<Exchange<Result<void>>>(process_.world());
  auto buffer = std::make_shared<EtcdStreamBuffer>(process_.world());
  etcd_.open(process_.host_id(), node, std::move(request), buffer,
             [weak = std::weak_ptr(exchange)](Result<void> result) {
               auto e = weak.lock();
               if (!e || e->answer) return;
               e->answer = std::move(result);
               e->signal.notify();
             });
  while (!exchange->answer) {
    const SimTime until = world_time(process_, deadline);
    if (until <= process_.world().now()) co_return Error(ErrorCode::Timeout, "no answer in time");
    co_await process_.wait(exchange->signal, until);
  }
  if (!*exchange->answer) co_return exchange->answer->error();
  std::unique_ptr<HttpStream> stream = std::make_unique<Stream>(process_, std::move(buffer));
  co_return std::move(stream);
}

}  // namespace tamada::sim
