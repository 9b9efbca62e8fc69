#include "store/etcd2/etcd2_store.h"

#include <utility>

#include "store/etcd2/etcd2_client.h"
#include "store/etcd2/etcd2_keys.h"
#include "store/etcd2/etcd2_lock.h"
#include "store/etcd2/etcd2_watch.h"

namespace tamada {

using namespace etcd2;

struct Etcd2Store::Impl {
  Impl(Executor executor, Clock& clock, HttpTransport& transport, EtcdConfig config, Resolver* resolver, Logger log)
      : keys{config.key_prefix, config.member_name, false},
        client(executor, clock, transport, std::move(config), resolver, log),
        lock(clock, client, keys),
        watch(executor, clock, client, keys, log) {}

  Etcd2Keys keys;
  Etcd2Client client;
  Etcd2Lock lock;
  Etcd2Watch watch;
  bool member_put = false;  // by this process
};

Etcd2Store::Etcd2Store(Executor executor, Clock& clock, HttpTransport& transport, EtcdConfig config, Resolver* resolver,
                       Logger log)
    : impl_(std::make_unique<Impl>(std::move(executor), clock, transport, std::move(config), resolver, log)) {}

Etcd2Store::~Etcd2Store() = default;

void Etcd2Store::update_config(EtcdConfig config) {
  impl_->client.update_config(std::move(config));
}

Task<Result<ClusterView>> Etcd2Store::load(Instant deadline) {
  auto read = co_await read_picture(impl_->client, impl_->keys, deadline);
  if (auto* fault = std::get_if<Fault>(&read)) co_return fault->error;
  ClusterView view = std::get<Picture>(read).view();
  impl_->keys.optime_needed = needs_optime_leader(view);
  co_return view;
}

void Etcd2Store::watch(StoreListener& listener) {
  impl_->watch.start(listener);
}

Task<Written<LockProof>> Etcd2Store::acquire_leader(AcquireRequest request, Instant deadline) {
  return impl_->lock.acquire(std::move(request), deadline);
}

Task<Written<LockProof>> Etcd2Store::renew(LockGeneration generation, RenewRequest request, Instant deadline) {
  return impl_->lock.renew(std::move(generation), std::move(request), deadline);
}

Task<Written<std::int64_t>> Etcd2Store::release(LockGeneration generation, std::optional<StatusDocument> final_status,
                                                Instant deadline) {
  return impl_->lock.release(std::move(generation), std::move(final_status), deadline);
}

Task<Written<LockProof>> Etcd2Store::adopt_leader(AdoptionRecord record, std::chrono::seconds ttl, Instant deadline) {
  return impl_->lock.adopt(std::move(record), ttl, deadline);
}

Task<Written<std::int64_t>> Etcd2Store::touch_member(std::string value, std::chrono::seconds ttl, bool keep_alive_only,
                                                     Instant deadline) {
  using Outcome = Written<std::int64_t>;
  const std::string key = impl_->keys.member();
  if (keep_alive_only && impl_->member_put) {
    const Reply kept = co_await impl_->client.call(refresh(key, ttl.count()), deadline);
    if (const Answer* answer = kept.answer()) co_return Outcome::make_applied(answer->node.modified);
    if (!kept.is(FaultKind::NotFound)) co_return written_of<std::int64_t>(*kept.fault());
  }
  const Reply reply = co_await impl_->client.call(put(key, value, Guard::none(), ttl.count()), deadline);
  if (const Answer* answer = reply.answer()) {
    impl_->member_put = true;
    co_return Outcome::make_applied(answer->node.modified);
  }
  co_return written_of<std::int64_t>(*reply.fault());
}

// /status also feeds those who read their leader's position only from /optime/leader.
Task<Written<std::int64_t>> Etcd2Store::write(StoreWrite request, Instant deadline) {
  std::optional<StoreWrite> optime;
  if (request.key == StoreKey::Status && request.value && impl_->keys.optime_needed) {
    optime = StoreWrite{.key = StoreKey::OptimeLeader,
                        .value = std::to_string(parse_status(*request.value).optime.bytes),
                        .while_leading = request.while_leading};
  }
  auto written = co_await write_key(impl_->client, impl_->keys, std::move(request), deadline);
  if (written.applied() && optime) (void)co_await write_key(impl_->client, impl_->keys, std::move(*optime), deadline);
  co_return written;
}

Task<Written<std::int64_t>> Etcd2Store::delete_cluster(Instant deadline) {
  const Reply reply = co_await impl_->client.call(remove_all(impl_->keys.prefix), deadline);
  if (const Answer* answer = reply.answer()) co_return Written<std::int64_t>::make_applied(answer->node.modified);
  if (reply.is(FaultKind::NotFound)) co_return Written<std::int64_t>::make_applied(reply.fault()->index);
  co_return written_of<std::int64_t>(*reply.fault());
}

Task<void> Etcd2Store::stop() {
  co_await impl_->watch.stop();
  co_await impl_->client.stop();
}

}  // namespace tamada
