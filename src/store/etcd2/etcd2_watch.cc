#include "store/etcd2/etcd2_watch.h"

#include <algorithm>

#include <fmt/format.h>

namespace tamada::etcd2 {

namespace {

constexpr Duration kFirstGap = 100ms;  // before the watch is set up again
constexpr Duration kLongestGap = 1s;
constexpr Duration kLasting = 5s;  // a watch that held this long is set up again at once

// Refreshed keys have new versions without a change that anybody is told of.
bool same_content(const StoredKeys& a, const StoredKeys& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.first == y.first && x.second.value == y.second.value &&
           x.second.create_revision == y.second.create_revision;
  });
}

}  // namespace

void Etcd2Watch::start(StoreListener& listener) {
  if (listener_ != nullptr) return;
  listener_ = &listener;
  scope_.spawn(run());
}

Task<void> Etcd2Watch::run() {
  Duration gap{0};
  int failures = 0;  // since the last one that lasted
  for (;;) {
    const Instant began = clock_.now();
    published_ = false;
    const Error why = co_await follow();
    if (published_ && clock_.now() - began >= kLasting) failures = 0;
    // Once since the last view: the listener knows already.
    if (published_ || failures == 0) listener_->on_watch_lost(why);
    log_.debug("watch broken ({} in a row): {}", ++failures, why.text());
    gap = failures == 1 ? Duration::zero() : std::clamp(gap * 2, kFirstGap, kLongestGap);
    if (gap > Duration::zero()) co_await clock_.sleep_for(gap);
  }
}

Task<Error> Etcd2Watch::follow() {
  auto read = co_await read_picture(client_, keys_, clock_.now() + client_.config().retry_timeout);
  if (auto* fault = std::get_if<Fault>(&read)) co_return fault->error;
  picture_ = std::get<Picture>(std::move(read));
  next_ = picture_.index + 1;
  publish();
  for (;;) {
    const Instant patience = clock_.now() + client_.config().watch_check;
    auto outcome = co_await client_.wait(wait_for_change(keys_.prefix, next_), patience);
    if (const auto* change = std::get_if<Answer>(&outcome)) {
      apply(*change);
      publish();
      continue;
    }
    const Error& why = std::get<Fault>(outcome).error;
    if (why.code != ErrorCode::Timeout) co_return why;
    if (auto missing = co_await check()) co_return *missing;
  }
}

Task<std::optional<Error>> Etcd2Watch::check() {
  auto read = co_await read_picture(client_, keys_, clock_.now() + client_.config().retry_timeout);
  if (auto* fault = std::get_if<Fault>(&read)) co_return fault->error;
  const Picture& stored = std::get<Picture>(read);
  if (stored.cluster_id != picture_.cluster_id || stored.index < picture_.index) {
    co_return Error(ErrorCode::Unavailable, "the store went back");
  }
  if (!same_content(stored.keys, picture_.keys)) {
    // A change between the end of the wait and this read is no sign of a dead watch, but the read is the newer picture.
    co_return Error(ErrorCode::Unavailable, "the watch fell silent: what is stored differs from what arrived");
  }
  co_return std::nullopt;
}

void Etcd2Watch::apply(const Answer& change) {
  const Node& node = change.node;
  next_ = std::max(next_, node.modified + 1);
  picture_.index = std::max(picture_.index, node.modified);
  const bool gone = change.action == "delete" || change.action == "expire" || change.action == "compareAndDelete";
  const std::string whole = keys_.prefix.substr(0, keys_.prefix.size() - 1);
  if (gone && (node.key == whole || whole.starts_with(node.key + "/"))) {
    picture_.keys.clear();
    return;
  }
  if (!node.key.starts_with(keys_.prefix)) return;
  const std::string path = node.key.substr(keys_.prefix.size());
  if (gone) {
    std::erase_if(picture_.keys,
                  [&](const auto& item) { return item.first == path || item.first.starts_with(path + "/"); });
  } else if (!node.directory) {
    picture_.keys[path] = {node.value, node.modified, node.created, ""};
  }
}

void Etcd2Watch::publish() {
  published_ = true;
  ClusterView view = picture_.view();
  keys_.optime_needed = needs_optime_leader(view);
  listener_->on_view(std::move(view));
}

}  // namespace tamada::etcd2
