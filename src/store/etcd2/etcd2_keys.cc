#include "store/etcd2/etcd2_keys.h"

#include <fmt/format.h>

namespace tamada::etcd2 {

namespace {

using Outcome = Written<std::int64_t>;

// By the version alone; `found` is what is stored now.
Outcome changed(const StoreWrite& request, const StoredKey* found) {
  const std::string now = found == nullptr ? "absent" : fmt::format("at index {}", found->revision);
  return Outcome::make_refused(
      found == nullptr ? "" : found->value,
      Error(ErrorCode::Conflict, fmt::format("/{} was changed meanwhile: it is {}", path_of(request.key), now)));
}

Outcome not_leading(const StoreWrite& request, const Picture& picture) {
  const std::string holder = generation_of(picture.find("leader")).holder;
  return Outcome::make_refused(
      holder, Error(ErrorCode::Conflict, fmt::format("/{} not written: the leader lock is no longer ours, but {}",
                                                     path_of(request.key), holder.empty() ? "gone" : holder)));
}

bool holds(const WriteCondition& condition, const StoredKey* found) {
  if (condition.kind == WriteCondition::Kind::None) return true;
  const std::int64_t wanted = condition.kind == WriteCondition::Kind::Absent ? 0 : condition.revision;
  return wanted == (found == nullptr ? 0 : found->revision);
}

Guard guard_of(const WriteCondition& condition) {
  switch (condition.kind) {
    case WriteCondition::Kind::None:
      return Guard::none();
    case WriteCondition::Kind::Absent:
      return Guard::absent();
    case WriteCondition::Kind::Revision:
      return Guard::at(condition.revision);
  }
  return Guard::none();
}

bool as_wanted(const StoreWrite& request, const StoredKey* found) {
  return request.value ? found != nullptr && found->value == *request.value : found == nullptr;
}

// The guard fails. An earlier try of ours may be why; only where nobody else may write the same can the value be proof:
// while we lead.
Task<Outcome> after_conflict(Etcd2Client& client, const Etcd2Keys& keys, const StoreWrite& request, bool earlier_try,
                             Instant deadline) {
  auto read = co_await read_picture(client, keys, deadline);
  if (auto* fault = std::get_if<Fault>(&read)) {
    if (!earlier_try) co_return changed(request, nullptr);
    co_return Outcome::make_unknown(fault->error);
  }
  const Picture& picture = std::get<Picture>(read);
  const StoredKey* found = picture.find(std::string(path_of(request.key)));
  if (!earlier_try) co_return changed(request, found);
  const bool leads = request.while_leading && generation_of(picture.find("leader")) == *request.while_leading;
  if (leads && as_wanted(request, found)) co_return Outcome::make_applied(found == nullptr ? 0 : found->revision);
  co_return Outcome::make_unknown(
      Error(ErrorCode::Unavailable,
            fmt::format("etcd did not answer in time whether /{} was written", path_of(request.key))));
}

}  // namespace

const StoredKey* Picture::find(const std::string& path) const {
  const auto found = keys.find(path);
  return found == keys.end() ? nullptr : &found->second;
}

std::int64_t Picture::version(StoreKey key) const {
  const StoredKey* found = find(std::string(path_of(key)));
  return found == nullptr ? 0 : found->revision;
}

LockGeneration generation_of(const StoredKey* leader) {
  if (leader == nullptr) return {};
  return {leader->value, leader->create_revision, ""};
}

Task<std::variant<Picture, Fault>> read_picture(Etcd2Client& client, const Etcd2Keys& keys, Instant deadline) {
  Reply reply = co_await client.call(read_all(keys.prefix), deadline);
  if (const Answer* answer = reply.answer()) {
    if (answer->index == 0 || answer->cluster_id.empty()) {
      co_return Fault{
          FaultKind::Garbled, false, Error(ErrorCode::Protocol, "etcd's answer lacks X-Etcd headers"), 0, {}};
    }
    co_return Picture{stored_keys(answer->leaves, keys.prefix), answer->cluster_id, answer->index};
  }
  const Fault& fault = *reply.fault();
  // No cluster yet. Such an answer names the store only in its headers, which a Fault carries along.
  if (fault.kind == FaultKind::NotFound) co_return Picture{{}, fault.cluster_id, fault.index};
  co_return fault;
}

Task<Outcome> write_key(Etcd2Client& client, const Etcd2Keys& keys, StoreWrite request, Instant deadline) {
  Guard guard = guard_of(request.condition);
  if (request.while_leading) {
    auto read = co_await read_picture(client, keys, deadline);
    if (auto* fault = std::get_if<Fault>(&read)) co_return Outcome::make_unknown(fault->error);
    const Picture& picture = std::get<Picture>(read);
    if (generation_of(picture.find("leader")) != *request.while_leading) co_return not_leading(request, picture);
    const StoredKey* found = picture.find(std::string(path_of(request.key)));
    if (!holds(request.condition, found)) co_return changed(request, found);
    if (!request.value && found == nullptr) co_return Outcome::make_applied(picture.index);
    // Not even a request that is delivered late undoes what a later leader has written.
    guard = Guard::at(found == nullptr ? 0 : found->revision);
  }
  if (!request.value && guard.kind == Guard::Kind::Absent) co_return Outcome::make_applied(0);
  const std::string key = keys.of(request.key);
  const Request sent = request.value ? put(key, *request.value, guard) : remove(key, guard);
  const Reply reply = co_await client.call(sent, deadline);
  if (const Answer* answer = reply.answer()) co_return Outcome::make_applied(answer->node.modified);
  const Fault& fault = *reply.fault();
  if (fault.kind == FaultKind::NotFound && !request.value && guard.kind == Guard::Kind::None) {
    co_return Outcome::make_applied(fault.index);
  }
  if (fault.kind == FaultKind::NotFound || fault.kind == FaultKind::Conflict) {
    co_return co_await after_conflict(client, keys, request, reply.earlier_try, deadline);
  }
  co_return written_of<std::int64_t>(fault);
}

}  // namespace tamada::etcd2
