#include "store/etcd2/etcd2_lock.h"

#include <fmt/format.h>

namespace tamada::etcd2 {

namespace {

constexpr Duration kConflictGap = 20ms;  // somebody of our name writes the key as well: not in a busy loop

template <class T>
Written<T> refused(const std::string& holder) {
  if (holder.empty()) {
    return Written<T>::make_refused({}, Error(ErrorCode::Conflict, "the leader lock does not exist any more"));
  }
  return Written<T>::make_refused(holder,
                                  Error(ErrorCode::Conflict, fmt::format("the leader lock is held by {}", holder)));
}

template <class T>
Written<T> changed_during_race() {
  return Written<T>::make_refused(
      {}, Error(ErrorCode::Conflict, "sync, failover or timeline changed during the leader race"));
}

bool has_conditions(const AcquireRequest& request) {
  return request.sync_revision || request.failover_revision || request.timeline_revision;
}

bool conditions_hold(const AcquireRequest& request, const Picture& picture) {
  const auto same = [&](const std::optional<std::int64_t>& wanted, StoreKey key) {
    return !wanted || *wanted == picture.version(key);
  };
  return same(request.sync_revision, StoreKey::Sync) && same(request.failover_revision, StoreKey::Failover) &&
         same(request.timeline_revision, StoreKey::Timeline);
}

}  // namespace

// ---- acquire

Task<Written<LockProof>> Etcd2Lock::acquire(AcquireRequest request, Instant deadline) {
  using Outcome = Written<LockProof>;
  auto before = co_await read_picture(client_, keys_, deadline);
  if (auto* fault = std::get_if<Fault>(&before)) {
    fault->may_be_applied = false;
    co_return written_of<LockProof>(*fault);
  }
  const Picture& seen = std::get<Picture>(before);
  const StoredKey* leader = seen.find("leader");
  if (leader != nullptr && !request.take) co_return refused<LockProof>(leader->value);
  if (!conditions_hold(request, seen)) co_return changed_during_race<LockProof>();

  const Guard guard = request.take ? Guard::none() : Guard::absent();
  const Reply reply =
      co_await client_.call(put(keys_.leader(), keys_.member_name, guard, request.ttl.count()), deadline);
  // The first of its tries may be the one that was applied.
  const Instant valid_until = reply.began + request.ttl;
  if (const Answer* answer = reply.answer()) {
    LockProof proof{{keys_.member_name, answer->node.created, ""}, valid_until, request.ttl};
    co_return co_await judge_acquired(request, std::move(proof), answer->node.modified, deadline);
  }
  const Fault& fault = *reply.fault();
  if (fault.kind != FaultKind::Conflict) co_return written_of<LockProof>(fault);
  auto after = co_await read_picture(client_, keys_, deadline);
  if (auto* failed = std::get_if<Fault>(&after)) co_return Outcome::make_unknown(failed->error);
  const StoredKey* found = std::get<Picture>(after).find("leader");
  if (found == nullptr) co_return refused<LockProof>("");
  // Created since we looked, with our name, and an answer of ours is missing: nobody else carries this name.
  const bool ours = reply.earlier_try && found->value == keys_.member_name && found->create_revision > seen.index;
  if (!ours) co_return refused<LockProof>(found->value);
  LockProof proof{generation_of(found), valid_until, request.ttl};
  co_return co_await judge_acquired(request, std::move(proof), found->revision, deadline);
}

// The API compares one key only: what the race was decided on is looked at again, now that nobody else can lead.
Task<Written<LockProof>> Etcd2Lock::judge_acquired(const AcquireRequest& request, LockProof proof, std::int64_t index,
                                                   Instant deadline) {
  using Outcome = Written<LockProof>;
  last_ = Version{proof.generation, index};
  status_version_ = -1;
  if (!has_conditions(request)) co_return Outcome::make_applied(std::move(proof));
  auto read = co_await read_picture(client_, keys_, deadline);
  if (auto* fault = std::get_if<Fault>(&read)) co_return Outcome::make_unknown(fault->error);
  if (conditions_hold(request, std::get<Picture>(read))) co_return Outcome::make_applied(std::move(proof));
  const auto released = co_await release(proof.generation, std::nullopt, deadline);
  if (released.kind == WriteKind::Unknown) co_return Outcome::make_unknown(released.error);
  co_return changed_during_race<LockProof>();
}

// ---- renew

Task<Written<Etcd2Lock::Version>> Etcd2Lock::look(const LockGeneration& generation, Instant deadline) {
  using Outcome = Written<Version>;
  if (last_ && last_->generation == generation) co_return Outcome::make_applied(*last_);
  auto read = co_await read_picture(client_, keys_, deadline);
  if (auto* fault = std::get_if<Fault>(&read)) co_return Outcome::make_unknown(fault->error);
  const StoredKey* leader = std::get<Picture>(read).find("leader");
  if (generation_of(leader) != generation) co_return refused<Version>(generation_of(leader).holder);
  last_ = Version{generation, leader->revision};
  co_return Outcome::make_applied(*last_);
}

Task<Written<LockProof>> Etcd2Lock::swap(LockGeneration generation, std::chrono::seconds ttl, Instant deadline) {
  using Outcome = Written<LockProof>;
  for (;;) {
    const auto version = co_await look(generation, deadline);
    if (version.kind == WriteKind::Unknown) co_return Outcome::make_unknown(version.error);
    if (!version.applied()) co_return Outcome::make_refused(version.found, version.error);
    const Reply reply = co_await client_.call(
        put(keys_.leader(), generation.holder, Guard::at(version.value->index), ttl.count()), deadline);
    if (const Answer* answer = reply.answer()) {
      last_ = Version{generation, answer->node.modified};
      // Only one of several tries can have swapped this version, whichever it was.
      co_return Outcome::make_applied({generation, reply.began + ttl, ttl});
    }
    const Fault& fault = *reply.fault();
    last_.reset();
    if (fault.kind == FaultKind::NotFound) co_return refused<LockProof>("");
    if (fault.kind != FaultKind::Conflict) co_return Outcome::make_unknown(fault.error);
    // An earlier try that was not answered, or a former process of this member: what stands now says whose it is.
    if (clock_.now() + kConflictGap >= deadline) co_return Outcome::make_unknown(fault.error);
    co_await clock_.sleep_for(kConflictGap);
  }
}

// Best effort, as dcs.md 1.6 has it: the lock is proven whatever becomes of it.
Task<void> Etcd2Lock::publish(const LockGeneration& generation, const StatusDocument& status, Instant deadline) {
  std::string text = format_status(status);
  const std::string key = keys_.of(StoreKey::Status);
  bool written = false;
  if (status_version_ > 0) {
    // Nobody has written it since: a later leader has not begun to.
    const Reply reply = co_await client_.call(put(key, text, Guard::at(status_version_)), deadline);
    status_version_ = reply.answer() != nullptr ? reply.answer()->node.modified : -1;
    written = reply.answer() != nullptr;
  }
  if (!written) {
    const auto done = co_await write_key(
        client_, keys_, {.key = StoreKey::Status, .value = text, .while_leading = generation}, deadline);
    if (!done.applied()) co_return;
    status_version_ = *done.value;
  }
  if (keys_.optime_needed) {
    (void)co_await write_key(
        client_, keys_,
        {.key = StoreKey::OptimeLeader, .value = std::to_string(status.optime.bytes), .while_leading = generation},
        deadline);
  }
}

Task<Written<LockProof>> Etcd2Lock::renew(LockGeneration generation, RenewRequest request, Instant deadline) {
  auto renewed = co_await swap(generation, request.ttl, deadline);
  if (renewed.applied() && request.status) co_await publish(generation, *request.status, deadline);
  co_return renewed;
}

Task<Written<LockProof>> Etcd2Lock::adopt(AdoptionRecord record, std::chrono::seconds ttl, Instant deadline) {
  using Outcome = Written<LockProof>;
  if (record.generation.holder != keys_.member_name) {
    co_return Outcome::make_refused(record.generation.holder,
                                    Error(ErrorCode::Conflict, "the stored lock was not held by this member"));
  }
  auto read = co_await read_picture(client_, keys_, deadline);
  if (auto* fault = std::get_if<Fault>(&read)) co_return Outcome::make_unknown(fault->error);
  const Picture& picture = std::get<Picture>(read);
  if (!record.store_id.empty() && picture.cluster_id != record.store_id) {
    co_return Outcome::make_refused({}, Error(ErrorCode::Conflict, "the lock was held in another etcd cluster"));
  }
  const StoredKey* leader = picture.find("leader");
  if (generation_of(leader) != record.generation) co_return refused<LockProof>(generation_of(leader).holder);
  last_ = Version{record.generation, leader->revision};
  co_return co_await swap(record.generation, ttl, deadline);
}

// ---- release

Task<Written<std::int64_t>> Etcd2Lock::release(LockGeneration generation, std::optional<StatusDocument> final_status,
                                               Instant deadline) {
  using Outcome = Written<std::int64_t>;
  if (final_status) {
    StoreWrite write{.key = StoreKey::Status, .value = format_status(*final_status), .while_leading = generation};
    const auto written = co_await write_key(client_, keys_, std::move(write), deadline);
    if (written.kind == WriteKind::Refused && written.error.code == ErrorCode::Conflict) {
      // Not ours any more; a status that somebody else has changed meanwhile says the same.
      co_return Outcome::make_refused(written.found, written.error);
    }
    if (keys_.optime_needed) {
      (void)co_await write_key(client_, keys_,
                               {.key = StoreKey::OptimeLeader,
                                .value = std::to_string(final_status->optime.bytes),
                                .while_leading = generation},
                               deadline);
    }
  }
  bool maybe = false;  // an unanswered try may have done it
  for (;;) {
    const auto version = co_await look(generation, deadline);
    if (version.kind == WriteKind::Unknown) co_return Outcome::make_unknown(version.error);
    if (!version.applied()) {
      // Nobody else removes it: who finds it gone after an unanswered try of ours has released it, or it has expired.
      if (maybe && version.found.empty()) co_return Outcome::make_applied(0);
      co_return Outcome::make_refused(version.found, version.error);
    }
    const Reply reply = co_await client_.call(remove(keys_.leader(), Guard::at(version.value->index)), deadline);
    last_.reset();
    if (const Answer* answer = reply.answer()) co_return Outcome::make_applied(answer->node.modified);
    const Fault& fault = *reply.fault();
    maybe = maybe || reply.earlier_try;
    if (fault.kind == FaultKind::NotFound && maybe) co_return Outcome::make_applied(fault.index);
    if (fault.kind == FaultKind::NotFound) co_return refused<std::int64_t>("");
    if (fault.kind != FaultKind::Conflict) co_return Outcome::make_unknown(fault.error);
    if (clock_.now() + kConflictGap >= deadline) co_return Outcome::make_unknown(fault.error);
    co_await clock_.sleep_for(kConflictGap);
  }
}

}  // namespace tamada::etcd2
