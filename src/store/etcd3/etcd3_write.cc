#include "store/etcd3/etcd3_write.h"

#include <fmt/format.h>

#include "store/etcd3/etcd3_leases.h"

namespace tamada::etcd3 {

namespace {

using Outcome = Written<std::int64_t>;

Txn txn_of(const Etcd3Keys& keys, const StoreWrite& request) {
  const std::string key = keys.of(request.key);
  Txn txn;
  if (request.while_leading) txn.compare = keys.stands(*request.while_leading);
  switch (request.condition.kind) {
    case WriteCondition::Kind::None:
      break;
    case WriteCondition::Kind::Absent:
      txn.compare.push_back(Compare::create(key, 0));
      break;
    case WriteCondition::Kind::Revision:
      txn.compare.push_back(Compare::mod(key, request.condition.revision));
      break;
  }
  if (!request.value) {
    txn.success = {Op::remove(key)};
  } else if (request.key == StoreKey::Status) {
    txn.success = keys.status_ops(*request.value, parse_status(*request.value).optime);
  } else {
    txn.success = {Op::put(key, *request.value)};
  }
  txn.failure = {Op::range(key), Op::range(keys.leader())};
  return txn;
}

struct Found {
  const KeyValue* key = nullptr;
  const KeyValue* leader = nullptr;
};

Found found_in(const TxnAnswer& answer) {
  Found found;
  if (!answer.ranges.empty() && !answer.ranges[0].empty()) found.key = &answer.ranges[0].front();
  if (answer.ranges.size() > 1 && !answer.ranges[1].empty()) found.leader = &answer.ranges[1].front();
  return found;
}

bool still_leads(const StoreWrite& request, const Found& found) {
  return !request.while_leading || (found.leader != nullptr && generation_of(*found.leader) == *request.while_leading);
}

Outcome refusal(const StoreWrite& request, const Found& found) {
  if (!still_leads(request, found)) {
    const std::string holder = found.leader == nullptr ? "" : found.leader->value;
    return Outcome::make_refused(
        holder, Error(ErrorCode::Conflict, fmt::format("/{} not written: the leader lock is no longer ours, but {}",
                                                       path_of(request.key), holder.empty() ? "gone" : holder)));
  }
  const std::string now = found.key == nullptr ? "absent" : fmt::format("at revision {}", found.key->mod_revision);
  return Outcome::make_refused(
      found.key == nullptr ? "" : found.key->value,
      Error(ErrorCode::Conflict, fmt::format("/{} was changed meanwhile: it is {}", path_of(request.key), now)));
}

// The condition fails, but an earlier try of ours may be why. Only where nobody else may write the same can the value
// be proof: while we lead.
Outcome after_earlier_try(const StoreWrite& request, const Found& found) {
  if (request.while_leading && still_leads(request, found)) {
    if (request.value && found.key != nullptr && found.key->value == *request.value) {
      return Outcome::make_applied(found.key->mod_revision);
    }
    if (!request.value && found.key == nullptr) return Outcome::make_applied(0);
  }
  return Outcome::make_unknown(
      Error(ErrorCode::Unavailable,
            fmt::format("etcd did not answer in time whether /{} was written", path_of(request.key))));
}

}  // namespace

Task<Outcome> write_key(Etcd3Client& client, const Etcd3Keys& keys, StoreWrite request, Instant deadline) {
  // May be sent twice: a condition cannot hold a second time once it was used, and without one the second write is the
  // same as the first.
  auto outcome = co_await client.call("/kv/txn", txn_body(txn_of(keys, request)), deadline);
  if (auto* fault = std::get_if<Fault>(&outcome)) co_return written_of<std::int64_t>(*fault);
  const Answer& reply = std::get<Answer>(outcome);
  auto answer = parse_txn(reply.body);
  if (!answer) co_return Outcome::make_unknown(answer.error());
  if (answer->succeeded) co_return Outcome::make_applied(answer->header.revision);
  const Found found = found_in(*answer);
  if (reply.earlier_try) co_return after_earlier_try(request, found);
  co_return refusal(request, found);
}

}  // namespace tamada::etcd3
