#include "sim/etcd_model.h"

#include <algorithm>

namespace tamada::sim::etcd {

namespace {

bool operations_write(const std::vector<Operation>& operations) {
  return std::any_of(operations.begin(), operations.end(), [](const Operation& o) {
    if (std::holds_alternative<RangeRequest>(o)) return false;
    if (const auto* t = std::get_if<TxnRequest>(&o)) return t->writes();
    return true;
  });
}

template <class T>
bool compare_as(const T& have, const T& want, Compare::Result how) {
  switch (how) {
    case Compare::Result::Equal:
      return have == want;
    case Compare::Result::NotEqual:
      return have != want;
    case Compare::Result::Greater:
      return have > want;
    case Compare::Result::Less:
      return have < want;
  }
  return false;
}

void collect_puts(const std::vector<Operation>& operations, std::vector<std::string>& keys) {
  for (const auto& o : operations) {
    if (const auto* p = std::get_if<PutRequest>(&o)) keys.push_back(p->key);
  }
}

}  // namespace

bool TxnRequest::writes() const {
  return operations_write(success) || operations_write(failure);
}

bool in_range(const std::string& key, const std::string& from, const std::string& end) {
  if (end.empty()) return key == from;
  if (end == std::string(1, '\0')) return key >= from;
  return key >= from && key < end;
}

const KeyValue* Model::find(const std::string& key, std::int64_t at) const {
  auto found = keys_.find(key);
  if (found == keys_.end()) return nullptr;
  const auto& versions = found->second;
  for (auto it = versions.rbegin(); it != versions.rend(); ++it) {
    if (at != 0 && it->mod_revision > at) continue;
    return it->version == 0 ? nullptr : &*it;
  }
  return nullptr;
}

RangeResponse Model::range(const RangeRequest& request, std::int64_t at) const {
  if (request.revision != 0) at = request.revision;
  std::vector<const KeyValue*> found;
  auto add = [&](const std::string& key) {
    if (const KeyValue* kv = find(key, at); kv != nullptr) found.push_back(kv);
  };
  if (request.range_end.empty()) add(request.key);
  for (auto it = keys_.lower_bound(request.key); !request.range_end.empty() && it != keys_.end(); ++it) {
    if (!in_range(it->first, request.key, request.range_end)) break;
    add(it->first);
  }
  if (request.newest_first) {
    std::sort(found.begin(), found.end(),
              [](const KeyValue* a, const KeyValue* b) { return a->mod_revision > b->mod_revision; });
  }
  RangeResponse response;
  response.count = static_cast<std::int64_t>(found.size());
  if (request.count_only) return response;
  response.more = request.limit > 0 && response.count > request.limit;
  if (response.more) found.resize(static_cast<std::size_t>(request.limit));
  for (const KeyValue* kv : found) {
    response.kvs.push_back(*kv);
    if (request.keys_only) response.kvs.back().value.clear();
  }
  return response;
}

bool Model::holds(const Compare& compare) const {
  static const KeyValue kAbsent;
  const KeyValue* found = find(compare.key);
  const KeyValue& kv = found == nullptr ? kAbsent : *found;
  switch (compare.target) {
    case Compare::Target::Version:
      return compare_as(kv.version, compare.number, compare.result);
    case Compare::Target::Create:
      return compare_as(kv.create_revision, compare.number, compare.result);
    case Compare::Target::Mod:
      return compare_as(kv.mod_revision, compare.number, compare.result);
    case Compare::Target::Lease:
      return compare_as(kv.lease, compare.number, compare.result);
    // A value compare on an absent key is false, whatever is compared (etcd: applyCompare of an empty range).
    case Compare::Target::Value:
      return found != nullptr && compare_as(kv.value, compare.value, compare.result);
  }
  return false;
}

bool Model::holds_all(const TxnRequest& request) const {
  return std::all_of(request.compares.begin(), request.compares.end(), [this](const Compare& c) { return holds(c); });
}

std::optional<std::int64_t> Model::missing_lease(const TxnRequest& request) const {
  for (const auto& o : holds_all(request) ? request.success : request.failure) {
    if (const auto* p = std::get_if<PutRequest>(&o); p != nullptr && p->lease != 0 && !has_lease(p->lease)) {
      return p->lease;
    }
    if (const auto* t = std::get_if<TxnRequest>(&o)) {
      if (auto missing = missing_lease(*t)) return missing;
    }
  }
  return std::nullopt;
}

void Model::put(const PutRequest& request, std::int64_t revision) {
  auto& versions = keys_[request.key];
  KeyValue kv;
  kv.key = request.key;
  kv.value = request.value;
  kv.mod_revision = revision;
  kv.lease = request.lease;
  const bool exists = !versions.empty() && versions.back().version != 0;
  kv.create_revision = exists ? versions.back().create_revision : revision;
  kv.version = exists ? versions.back().version + 1 : 1;
  if (exists && versions.back().lease != 0) {
    auto old = leases_.find(versions.back().lease);
    if (old != leases_.end()) old->second.erase(request.key);
  }
  if (request.lease != 0) leases_[request.lease].insert(request.key);
  versions.push_back(kv);
  log_.push_back(std::move(kv));
  wrote_ = true;
}

std::int64_t Model::remove(const std::string& key, const std::string& end, std::int64_t revision,
                           std::vector<KeyValue>* previous) {
  std::int64_t removed = 0;
  for (auto it = keys_.lower_bound(key); it != keys_.end() && in_range(it->first, key, end); ++it) {
    auto& versions = it->second;
    if (versions.back().version == 0) continue;
    if (previous != nullptr) previous->push_back(versions.back());
    if (versions.back().lease != 0) {
      auto lease = leases_.find(versions.back().lease);
      if (lease != leases_.end()) lease->second.erase(it->first);
    }
    KeyValue tombstone;
    tombstone.key = it->first;
    tombstone.mod_revision = revision;
    versions.push_back(tombstone);
    log_.push_back(std::move(tombstone));
    ++removed;
    wrote_ = true;
  }
  return removed;
}

TxnResponse Model::run(const TxnRequest& request, std::int64_t at) {
  TxnResponse response;
  response.succeeded = holds_all(request);
  for (const auto& o : response.succeeded ? request.success : request.failure) {
    if (const auto* r = std::get_if<RangeRequest>(&o)) {
      response.responses.emplace_back(range(*r));
    } else if (const auto* p = std::get_if<PutRequest>(&o)) {
      PutResponse answer;
      if (const KeyValue* old = find(p->key); old != nullptr && p->prev_kv) answer.previous = *old;
      put(*p, at);
      response.responses.emplace_back(std::move(answer));
    } else if (const auto* d = std::get_if<DeleteRequest>(&o)) {
      DeleteResponse answer;
      answer.deleted = remove(d->key, d->range_end, at, d->prev_kv ? &answer.previous : nullptr);
      response.responses.emplace_back(std::move(answer));
    } else {
      response.responses.emplace_back(run(std::get<TxnRequest>(o), at));
    }
  }
  return response;
}

TxnResponse Model::apply(const TxnRequest& request) {
  wrote_ = false;
  auto response = run(request, revision_ + 1);
  if (wrote_) ++revision_;
  return response;
}

bool Model::revoke(std::int64_t id) {
  auto found = leases_.find(id);
  if (found == leases_.end()) return false;
  const auto keys = std::move(found->second);
  leases_.erase(found);
  wrote_ = false;
  for (const auto& key : keys) remove(key, "", revision_ + 1, nullptr);
  if (wrote_) ++revision_;
  return true;
}

std::vector<std::int64_t> Model::leases() const {
  std::vector<std::int64_t> ids;
  for (const auto& [id, keys] : leases_) ids.push_back(id);
  return ids;
}

std::set<std::string> Model::keys_of(std::int64_t lease) const {
  auto found = leases_.find(lease);
  return found == leases_.end() ? std::set<std::string>{} : found->second;
}

std::vector<const KeyValue*> Model::changes(std::int64_t after, std::int64_t until) const {
  std::vector<const KeyValue*> found;
  auto it = std::upper_bound(log_.begin(), log_.end(), after,
                             [](std::int64_t r, const KeyValue& kv) { return r < kv.mod_revision; });
  for (; it != log_.end() && it->mod_revision <= until; ++it) found.push_back(&*it);
  return found;
}

bool puts_a_key_twice(const TxnRequest& request) {
  for (const auto* branch : {&request.success, &request.failure}) {
    std::vector<std::string> keys;
    collect_puts(*branch, keys);
    std::sort(keys.begin(), keys.end());
    if (std::adjacent_find(keys.begin(), keys.end()) != keys.end()) return true;
  }
  return false;
}

}  // namespace tamada::sim::etcd
