#include "store/etcd3/etcd3_leases.h"

namespace tamada::etcd3 {

namespace {

constexpr Duration kRefreshedJustNow = 200ms;

LeaseResult lease_of(const Answer& answer, const Result<LeaseAnswer>& parsed) {
  if (!parsed) return Fault{FaultKind::Garbled, true, parsed.error()};
  return Lease{parsed->id, std::chrono::seconds(parsed->ttl_seconds), answer.sent, answer.header.raft_term};
}

}  // namespace

Task<LeaseResult> grant_lease(Etcd3Client& client, std::chrono::seconds ttl, Instant deadline) {
  auto outcome = co_await client.call("/lease/grant", grant_body(ttl.count()), deadline);
  if (auto* fault = std::get_if<Fault>(&outcome)) co_return std::move(*fault);
  const Answer& answer = std::get<Answer>(outcome);
  co_return lease_of(answer, parse_grant(answer.body));
}

Task<LeaseResult> keep_lease_alive(Etcd3Client& client, std::string id, Instant deadline) {
  auto outcome = co_await client.call("/lease/keepalive", lease_body(id), deadline);
  if (auto* fault = std::get_if<Fault>(&outcome)) {
    if (fault->kind != FaultKind::LeaseNotFound) co_return std::move(*fault);
    co_return Lease{std::move(id), Duration{0}, kLongAgo, 0};
  }
  const Answer& answer = std::get<Answer>(outcome);
  co_return lease_of(answer, parse_keepalive(answer.body));
}

Task<void> revoke_lease(Etcd3Client& client, std::string id, Instant deadline) {
  (void)co_await client.call("/lease/revoke", lease_body(id), deadline);
}

// Leaves lease_ set, granted for this ttl and alive as far as known.
Task<std::optional<Fault>> Etcd3MemberLease::ensure(std::chrono::seconds ttl, bool must_refresh, Instant deadline) {
  if (asked_ttl_ != ttl) lease_.reset();  // the key moves to the new one; the old one expires by itself
  if (lease_ && (must_refresh || clock_.now() - lease_->sent >= kRefreshedJustNow)) {
    const std::string id = lease_->id;
    auto kept = co_await keep_lease_alive(client_, id, deadline);
    if (auto* fault = std::get_if<Fault>(&kept)) co_return std::move(*fault);
    const Lease& alive = std::get<Lease>(kept);
    if (lease_ && lease_->id == id) {  // another call may have replaced it meanwhile
      if (alive.ttl > Duration::zero()) {
        lease_->sent = alive.sent;
      } else {
        lease_.reset();
      }
    }
  }
  if (lease_) co_return std::nullopt;
  auto granted = co_await grant_lease(client_, ttl, deadline);
  if (auto* fault = std::get_if<Fault>(&granted)) co_return std::move(*fault);
  lease_ = std::get<Lease>(std::move(granted));
  asked_ttl_ = ttl;
  co_return std::nullopt;
}

Task<Written<std::int64_t>> Etcd3MemberLease::touch(std::string value, std::chrono::seconds ttl, bool keep_alive_only,
                                                    Instant deadline) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (auto fault = co_await ensure(ttl, keep_alive_only, deadline)) co_return written_of<std::int64_t>(*fault);
    if (keep_alive_only && put_ && put_->lease == lease_->id) {
      co_return Written<std::int64_t>::make_applied(put_->revision);
    }
    put_.reset();
    const std::string lease = lease_->id;
    const Txn txn{{}, {Op::put(keys_.member(), value, lease)}, {}};
    auto outcome = co_await client_.call("/kv/txn", txn_body(txn), deadline);
    if (auto* fault = std::get_if<Fault>(&outcome)) {
      if (fault->kind != FaultKind::LeaseNotFound) co_return written_of<std::int64_t>(*fault);
      lease_.reset();
      continue;
    }
    auto answer = parse_txn(std::get<Answer>(outcome).body);
    if (!answer) co_return Written<std::int64_t>::make_unknown(answer.error());
    put_ = Put{lease, answer->header.revision};
    co_return Written<std::int64_t>::make_applied(answer->header.revision);
  }
  co_return Written<std::int64_t>::make_unknown(
      Error(ErrorCode::Unavailable, "the lease of the member key expired as soon as it was granted"));
}

}  // namespace tamada::etcd3
