#include "store/etcd3/etcd3_store.h"

#include <utility>

#include "store/etcd3/etcd3_client.h"
#include "store/etcd3/etcd3_keys.h"
#include "store/etcd3/etcd3_leases.h"
#include "store/etcd3/etcd3_lock.h"
#include "store/etcd3/etcd3_watch.h"
#include "store/etcd3/etcd3_write.h"

namespace tamada {

using namespace etcd3;

struct Etcd3Store::Impl {
  Impl(Executor executor, Clock& clock, HttpTransport& transport, EtcdConfig config, Resolver* resolver, Logger log)
      : keys{config.key_prefix, config.member_name, false},
        client(executor, clock, transport, std::move(config), resolver, log),
        lock(executor, clock, client, keys, log),
        member(clock, client, keys),
        watch(executor, clock, client, keys, log) {}

  Etcd3Keys keys;
  Etcd3Client client;
  Etcd3Lock lock;
  Etcd3MemberLease member;
  Etcd3Watch watch;
};

Etcd3Store::Etcd3Store(Executor executor, Clock& clock, HttpTransport& transport, EtcdConfig config, Resolver* resolver,
                       Logger log)
    : impl_(std::make_unique<Impl>(std::move(executor), clock, transport, std::move(config), resolver,
                                   log.named("store.etcd3"))) {}

Etcd3Store::~Etcd3Store() = default;

void Etcd3Store::update_config(EtcdConfig config) {
  impl_->client.update_config(std::move(config));
}

Task<Result<ClusterView>> Etcd3Store::load(Instant deadline) {
  auto read = co_await read_picture(impl_->client, impl_->keys, deadline);
  if (auto* fault = std::get_if<Fault>(&read)) co_return fault->error;
  ClusterView view = std::get<Picture>(read).view();
  impl_->keys.optime_needed = needs_optime_leader(view);
  co_return view;
}

void Etcd3Store::watch(StoreListener& listener) {
  impl_->watch.start(listener);
}

Task<Written<LockProof>> Etcd3Store::acquire_leader(AcquireRequest request, Instant deadline) {
  return impl_->lock.acquire(std::move(request), deadline);
}

Task<Written<LockProof>> Etcd3Store::renew(LockGeneration generation, RenewRequest request, Instant deadline) {
  return impl_->lock.renew(std::move(generation), std::move(request), deadline);
}

Task<Written<std::int64_t>> Etcd3Store::release(LockGeneration generation, std::optional<StatusDocument> final_status,
                                                Instant deadline) {
  return impl_->lock.release(std::move(generation), std::move(final_status), deadline);
}

// The ttl is that of the stored lease; the next renewal changes it if the settings want another.
Task<Written<LockProof>> Etcd3Store::adopt_leader(AdoptionRecord record, std::chrono::seconds, Instant deadline) {
  return impl_->lock.adopt(std::move(record), deadline);
}

Task<Written<std::int64_t>> Etcd3Store::touch_member(std::string value, std::chrono::seconds ttl, bool keep_alive_only,
                                                     Instant deadline) {
  return impl_->member.touch(std::move(value), ttl, keep_alive_only, deadline);
}

Task<Written<std::int64_t>> Etcd3Store::write(StoreWrite request, Instant deadline) {
  if (request.while_leading) request.while_leading = impl_->lock.current(*request.while_leading);
  return write_key(impl_->client, impl_->keys, std::move(request), deadline);
}

Task<Written<std::int64_t>> Etcd3Store::delete_cluster(Instant deadline) {
  auto outcome = co_await impl_->client.call("/kv/deleterange", delete_prefix_body(impl_->keys.prefix), deadline);
  if (auto* fault = std::get_if<Fault>(&outcome)) co_return written_of<std::int64_t>(*fault);
  co_return Written<std::int64_t>::make_applied(std::get<Answer>(outcome).header.revision);
}

Task<void> Etcd3Store::stop() {
  co_await impl_->watch.stop();
  co_await impl_->lock.stop();
  co_await impl_->client.stop();
}

}  // namespace tamada
