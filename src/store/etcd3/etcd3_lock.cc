#include "store/etcd3/etcd3_lock.h"

#include <algorithm>

#include <fmt/format.h>

namespace tamada::etcd3 {

namespace {

constexpr Duration kProofGap = 100ms;  // between two tries to prove a renewal (safety.md 1.1)
constexpr Duration kRevokeLimit = 5s;

Error held_by(const std::string& holder) {
  if (holder.empty()) return Error(ErrorCode::Conflict, "the leader lock does not exist any more");
  return Error(ErrorCode::Conflict, fmt::format("the leader lock is held by {}", holder));
}

const KeyValue* range_at(const TxnAnswer& answer, std::size_t index) {
  if (index >= answer.ranges.size() || answer.ranges[index].empty()) return nullptr;
  return &answer.ranges[index].front();
}

template <class T>
Written<T> refused(const KeyValue* leader) {
  const std::string holder = leader == nullptr ? "" : leader->value;
  return Written<T>::make_refused(holder, held_by(holder));
}

Task<std::variant<TxnAnswer, Fault>> commit(Etcd3Client& client, const Txn& txn, Instant deadline) {
  auto outcome = co_await client.call("/kv/txn", txn_body(txn), deadline);
  if (auto* fault = std::get_if<Fault>(&outcome)) co_return std::move(*fault);
  auto answer = parse_txn(std::get<Answer>(outcome).body);
  if (!answer) co_return Fault{FaultKind::Garbled, true, answer.error()};
  co_return std::move(*answer);
}

}  // namespace

void Etcd3Lock::revoke_later(std::string lease) {
  background_.spawn(revoke_lease(client_, std::move(lease), clock_.now() + kRevokeLimit));
}

LockGeneration Etcd3Lock::current(const LockGeneration& generation) const {
  return last_move_ && last_move_->first == generation ? last_move_->second : generation;
}

// ---- acquire

Txn Etcd3Lock::acquire_txn(const AcquireRequest& request, const std::string& lease) const {
  const std::string leader = keys_.leader();
  Txn txn;
  if (!request.take) txn.compare.push_back(Compare::create(leader, 0));
  if (request.sync_revision) txn.compare.push_back(Compare::mod(keys_.of(StoreKey::Sync), *request.sync_revision));
  if (request.failover_revision) {
    txn.compare.push_back(Compare::mod(keys_.of(StoreKey::Failover), *request.failover_revision));
  }
  if (request.timeline_revision) {
    txn.compare.push_back(Compare::mod(keys_.of(StoreKey::Timeline), *request.timeline_revision));
  }
  txn.success = {Op::put(leader, keys_.member_name, lease), Op::range(leader)};
  txn.failure = {Op::range(leader)};
  return txn;
}

Task<Written<LockProof>> Etcd3Lock::acquire(AcquireRequest request, Instant deadline) {
  using Outcome = Written<LockProof>;
  auto granted = co_await grant_lease(client_, request.ttl, deadline);
  if (auto* fault = std::get_if<Fault>(&granted)) co_return written_of<LockProof>(*fault);
  const Lease lease = std::get<Lease>(std::move(granted));
  if (lease.ttl > request.ttl) {
    revoke_later(lease.id);
    co_return Outcome::make_refused(
        {}, Error(ErrorCode::Unsupported,
                  fmt::format("etcd granted a ttl of {} s instead of {} s", to_seconds(lease.ttl), request.ttl.count()),
                  "raise ttl, or lower etcd's election-timeout"));
  }
  auto outcome = co_await commit(client_, acquire_txn(request, lease.id), deadline);
  if (auto* fault = std::get_if<Fault>(&outcome)) {
    // While the key may still come to hang on it, the lease is left to expire.
    if (!fault->may_be_applied) revoke_later(lease.id);
    co_return written_of<LockProof>(*fault);
  }
  const TxnAnswer& answer = std::get<TxnAnswer>(outcome);
  const KeyValue* leader = range_at(answer, answer.succeeded ? 1 : 0);
  const bool ours = leader != nullptr && leader->lease == lease.id && leader->value == keys_.member_name;
  if (ours) {  // also when the answer to an earlier try was lost
    move_.reset();
    co_return Outcome::make_applied({generation_of(*leader), lease.valid_until(), lease.ttl});
  }
  // Ends what an earlier, unanswered try could still do.
  revoke_later(lease.id);
  if (leader != nullptr) co_return refused<LockProof>(leader);
  co_return Outcome::make_refused(
      {}, Error(ErrorCode::Conflict, "sync, failover or timeline changed during the leader race"));
}

// ---- renew

// The proof of the header comment. The confirming transaction writes `status`; when there is none it writes the key
// again as it is, so that others see how young the renewal is when the key vanishes (safety.md 1.5).
Task<Written<LockProof>> Etcd3Lock::confirm(LockGeneration generation, const std::optional<StatusDocument>& status,
                                            const std::string& store_id, Instant deadline) {
  using Outcome = Written<LockProof>;
  for (;;) {
    std::vector<Op> with;
    if (status) {
      with = keys_.status_ops(format_status(*status), status->optime);
    } else {
      with.push_back(Op::put(keys_.leader(), generation.holder, generation.session));
    }
    // A transaction without a read in both branches would be answered from the member's own copy.
    with.push_back(Op::range(keys_.leader()));
    auto kept = co_await keep_lease_alive(client_, generation.session, deadline);
    if (auto* fault = std::get_if<Fault>(&kept)) co_return Outcome::make_unknown(fault->error);
    const Lease lease = std::get<Lease>(std::move(kept));
    const Txn txn{keys_.stands(generation), std::move(with), {Op::range(keys_.leader())}};
    auto outcome = co_await commit(client_, txn, deadline);
    if (auto* fault = std::get_if<Fault>(&outcome)) co_return Outcome::make_unknown(fault->error);
    const TxnAnswer& answer = std::get<TxnAnswer>(outcome);
    if (!store_id.empty() && !answer.header.cluster_id.empty() && answer.header.cluster_id != store_id) {
      co_return Outcome::make_refused({}, Error(ErrorCode::Conflict, "the lock was held in another etcd cluster"));
    }
    std::string doubt;
    if (!answer.succeeded) {
      const KeyValue* leader = range_at(answer, 0);
      if (leader == nullptr || !moved(generation, *leader)) co_return refused<LockProof>(leader);
      settle_move(generation, generation_of(*leader));
      generation = generation_of(*leader);
      continue;
    }
    if (lease.ttl == Duration::zero()) {
      doubt = "a node does not know the lease though the lock stands";
    } else if (lease.raft_term != answer.header.raft_term) {
      doubt = "etcd's leader changed during the renewal";
    } else {
      co_return Outcome::make_applied({generation, lease.valid_until(), lease.ttl});
    }
    if (clock_.now() + kProofGap >= deadline) {
      co_return Outcome::make_unknown(Error(ErrorCode::Unavailable, doubt));
    }
    co_await clock_.sleep_for(kProofGap);
  }
}

Task<Written<LockProof>> Etcd3Lock::renew(LockGeneration generation, RenewRequest request, Instant deadline) {
  auto renewed = co_await confirm(current(generation), request.status, {}, deadline);
  if (!renewed.applied()) co_return renewed;
  const bool unsettled = move_ && move_->from == renewed.value->generation;
  if (!unsettled && (renewed.value->granted_ttl == request.ttl || impossible_ttls_.contains(request.ttl))) {
    co_return renewed;
  }
  co_return co_await change_ttl(*renewed.value, request.ttl, deadline);
}

Task<Written<LockProof>> Etcd3Lock::adopt(AdoptionRecord record, Instant deadline) {
  if (record.generation.holder != keys_.member_name || record.generation.session.empty()) {
    co_return Written<LockProof>::make_refused(
        record.generation.holder, Error(ErrorCode::Conflict, "the stored lock was not held by this member"));
  }
  co_return co_await confirm(record.generation, std::nullopt, record.store_id, deadline);
}

// ---- another ttl: etcd cannot change that of a lease, so the key moves to a new one

bool Etcd3Lock::moved(const LockGeneration& from, const KeyValue& found) {
  return move_ && move_->from == from && found.value == from.holder && found.create_revision == from.create_revision &&
         found.lease == move_->to.id;
}

void Etcd3Lock::settle_move(const LockGeneration& from, const LockGeneration& to) {
  last_move_ = {from, to};
  move_.reset();
  revoke_later(from.session);  // nothing hangs on it any more
}

Task<std::optional<Lease>> Etcd3Lock::lease_for_move(const LockProof& proof, std::chrono::seconds ttl,
                                                     Instant deadline) {
  if (move_ && move_->from == proof.generation) {
    const Lease to = move_->to;
    // Keeps it from expiring, but proves nothing: its earlier validity stays.
    (void)co_await keep_lease_alive(client_, to.id, deadline);
    co_return to;
  }
  auto granted = co_await grant_lease(client_, ttl, deadline);
  auto* lease = std::get_if<Lease>(&granted);
  if (lease == nullptr) co_return std::nullopt;
  if (lease->ttl > ttl) {
    impossible_ttls_.insert(ttl);
    log_.warning("etcd grants a ttl of {} s instead of {} s: the leader lock keeps its ttl of {} s",
                 to_seconds(lease->ttl), ttl.count(), to_seconds(proof.granted_ttl));
    revoke_later(lease->id);
    co_return std::nullopt;
  }
  move_ = Move{proof.generation, *lease, ttl};
  co_return *lease;
}

// The lock is proven as `proof` says; it still is when the move fails or stays unknown, but only as long as both
// leases.
Task<Written<LockProof>> Etcd3Lock::change_ttl(LockProof proof, std::chrono::seconds ttl, Instant deadline) {
  using Outcome = Written<LockProof>;
  const auto lease = co_await lease_for_move(proof, ttl, deadline);
  if (!lease) co_return Outcome::make_applied(proof);
  const LockGeneration from = proof.generation;
  proof.valid_until = std::min(proof.valid_until, lease->valid_until());
  Txn txn{keys_.stands(from),
          {Op::put(keys_.leader(), from.holder, lease->id), Op::range(keys_.leader())},
          {Op::range(keys_.leader())}};
  auto outcome = co_await commit(client_, txn, deadline);
  if (auto* fault = std::get_if<Fault>(&outcome)) {
    // The new lease is gone by the word of the whole store: no try of the past can move the key any more.
    if (fault->kind == FaultKind::LeaseNotFound) move_.reset();
    co_return Outcome::make_applied(proof);
  }
  const TxnAnswer& answer = std::get<TxnAnswer>(outcome);
  const KeyValue* leader = range_at(answer, answer.succeeded ? 1 : 0);
  if (!answer.succeeded && (leader == nullptr || !moved(from, *leader))) co_return refused<LockProof>(leader);
  const LockGeneration to{from.holder, from.create_revision, lease->id};
  settle_move(from, to);
  log_.info("the leader lock now has a ttl of {} s", to_seconds(lease->ttl));
  co_return Outcome::make_applied({to, lease->valid_until(), lease->ttl});
}

// ---- release

Task<Written<std::int64_t>> Etcd3Lock::release(LockGeneration generation, std::optional<StatusDocument> final_status,
                                               Instant deadline) {
  using Outcome = Written<std::int64_t>;
  generation = current(generation);
  for (;;) {
    Txn txn{keys_.stands(generation), {}, {Op::range(keys_.leader())}};
    if (final_status) txn.success = keys_.status_ops(format_status(*final_status), final_status->optime);
    txn.success.push_back(Op::remove(keys_.leader()));
    auto outcome = co_await commit(client_, txn, deadline);
    const auto* answer = std::get_if<TxnAnswer>(&outcome);
    if (answer != nullptr && !answer->succeeded) {
      const KeyValue* leader = range_at(*answer, 0);
      if (leader != nullptr && moved(generation, *leader)) {
        settle_move(generation, generation_of(*leader));
        generation = generation_of(*leader);
        continue;
      }
    }
    // Also when the outcome is unknown: exactly this generation hangs on the lease, and it was to go.
    if (answer == nullptr || answer->succeeded) revoke_later(generation.session);
    if (answer == nullptr) co_return Outcome::make_unknown(std::get<Fault>(outcome).error);
    if (!answer->succeeded) co_return refused<std::int64_t>(range_at(*answer, 0));
    co_return Outcome::make_applied(answer->header.revision);
  }
}

}  // namespace tamada::etcd3
