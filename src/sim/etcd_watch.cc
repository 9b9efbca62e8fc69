// Watch streams: what a node has applied travels in order to the clients that watch it.
#include <algorithm>

#include "sim/etcd_cluster.h"

namespace tamada::sim {

namespace {
constexpr Duration kTcpGivesUp = 30s;  // keep-alive probes or TCP_USER_TIMEOUT on a link that is cut
}

void SimEtcd::open(int client, int n, HttpRequest request, std::shared_ptr<EtcdStreamBuffer> buffer,
                   std::function<void(Result<void>)> opened) {
  const int server = node(n).host;
  if (!world_.network().can_send(client, server)) return;
  auto answer = [this, client, server, opened = std::move(opened)](Result<void> result) {
    if (!world_.network().can_send(server, client)) return;
    world_.after(world_.network().delay(server, client, world_.random()), client, [opened, result] { opened(result); });
  };
  world_.after(world_.network().delay(client, server, world_.random()), server,
               [this, client, n, request = std::move(request), buffer, answer] {
                 if (!node(n).running) return answer(Error(ErrorCode::Unavailable, "connection refused"));
                 auto work = [this, client, n, request, buffer, answer] {
                   auto parsed = parse_json(request.body);
                   if (!parsed || !parsed->is_object()) return answer(Error(ErrorCode::Protocol, "status 400"));
                   if (!authorized(request)) return answer(Error(ErrorCode::Denied, "etcdserver: invalid auth token"));
                   world_.mix(request.body);
                   answer({});
                   create_watch(n, client, parsed->get_object(), buffer);
                 };
                 if (node(n).stalled) {
                   node(n).inbox.push_back(work);
                 } else {
                   work();
                 }
               });
}

void SimEtcd::create_watch(int n, int client, const json::object& body, std::shared_ptr<EtcdStreamBuffer> buffer) {
  const json::value* create = etcd::field(body, "create_request");
  if (create == nullptr || !create->is_object()) return;
  const json::object& request = create->get_object();
  Watcher watcher;
  watcher.id = next_id_++;
  watcher.node = n;
  watcher.client = client;
  watcher.key = etcd::bytes_field(request, "key");
  watcher.range_end = etcd::bytes_field(request, "range_end");
  watcher.buffer = buffer;
  const std::int64_t start = etcd::number_field(request, "start_revision");
  watcher.next_revision = start == 0 ? node(n).applied + 1 : start;
  auto document = etcd::watch_document({}, 0, header(n, node(n).applied));
  document["result"].as_object()["created"] = true;
  watcher.outbox = to_json(document, JsonStyle::Compact) + "\n";
  if (start != 0 && start <= model_.compacted()) {
    auto cancel = etcd::watch_document({}, 0, header(n, node(n).applied));
    cancel["result"].as_object()["canceled"] = true;
    cancel["result"].as_object()["compact_revision"] = std::to_string(model_.compacted() + 1);
    watcher.outbox += to_json(cancel, JsonStyle::Compact) + "\n";
    watcher.closing = true;
  }
  watcher.muted = faults_.mute_watches;
  watchers_.push_back(std::move(watcher));
  Watcher& mine = watchers_.back();
  note_cut(mine);
  if (!mine.closing) feed_watchers(n);
  pump(mine);
}

void SimEtcd::feed_watchers(int n) {
  for (auto it = watchers_.begin(); it != watchers_.end();) {
    if (it->buffer.expired()) {
      it = watchers_.erase(it);
      continue;
    }
    Watcher& w = *it++;
    if (w.node != n || w.closing || w.next_revision > node(n).applied) continue;
    std::vector<const etcd::KeyValue*> events;
    for (const auto* kv : model_.changes(w.next_revision - 1, node(n).applied)) {
      if (etcd::in_range(kv->key, w.key, w.range_end)) events.push_back(kv);
    }
    w.next_revision = node(n).applied + 1;
    // A stream that kept something back stays silent: etcd never leaves a gap.
    if (!events.empty() && faults_.mute_watches) w.muted = true;
    if (events.empty() || w.muted) continue;
    w.outbox += to_json(etcd::watch_document(events, 0, header(n, node(n).applied)), JsonStyle::Compact) + "\n";
    pump(w);
  }
}

// Sends what is waiting, in order; a cut link keeps it until TCP gives up.
void SimEtcd::pump(Watcher& w) {
  if (w.pumping || w.outbox.empty()) return;
  const int server = node(w.node).host;
  if (!world_.network().can_send(server, w.client)) return;
  w.pumping = true;
  w.last_delivery = std::max(w.last_delivery, world_.now() + world_.network().delay(server, w.client, world_.random()));
  world_.at(w.last_delivery, w.client, [this, id = w.id] {
    auto found = std::find_if(watchers_.begin(), watchers_.end(), [id](const Watcher& x) { return x.id == id; });
    if (found == watchers_.end()) return;
    found->pumping = false;
    auto buffer = found->buffer.lock();
    if (!buffer) return;
    buffer->data += std::exchange(found->outbox, {});
    if (found->closing) buffer->ended = true;
    buffer->arrived.notify();
  });
}

void SimEtcd::note_cut(Watcher& w) {
  if (world_.network().connected(node(w.node).host, w.client)) {
    w.cut_since.reset();
    return;
  }
  if (w.cut_since) return;
  w.cut_since = world_.now();
  world_.after(kTcpGivesUp, w.client, [this, id = w.id, since = world_.now()] {
    auto found = std::find_if(watchers_.begin(), watchers_.end(), [id](const Watcher& x) { return x.id == id; });
    if (found == watchers_.end() || found->cut_since != since) return;
    if (auto buffer = found->buffer.lock()) {
      buffer->error = Error(ErrorCode::Io, "connection timed out");
      buffer->arrived.notify();
    }
    watchers_.erase(found);
  });
}

void SimEtcd::fail_watchers(int n) {
  for (auto it = watchers_.begin(); it != watchers_.end();) {
    if (it->node != n) {
      ++it;
      continue;
    }
    const bool heard = world_.network().can_send(node(n).host, it->client);
    const Duration delay = heard ? world_.network().delay(node(n).host, it->client, world_.random()) : kTcpGivesUp;
    world_.after(delay, it->client, [weak = it->buffer] {
      auto buffer = weak.lock();
      if (!buffer) return;
      buffer->error = Error(ErrorCode::Io, "connection reset by peer");
      buffer->arrived.notify();
    });
    it = watchers_.erase(it);
  }
}

void SimEtcd::break_streams() {
  for (int n = 0; n < node_count(); ++n) fail_watchers(n);
}

}  // namespace tamada::sim
